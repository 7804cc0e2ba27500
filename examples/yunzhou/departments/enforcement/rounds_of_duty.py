"""The daily round: checks on the spot, key points listed until they are settled, and the frontage duty of shops."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

import duckdb

from departments.chance import planted, weighted
from departments.defects import Defects
from departments.home import Setup
from departments.identifiers import person_id_sql
from departments.scales import SCALES

CHECK_HEADINGS = {
    "record_no": "核录编号", "checked_at": "核录时间", "org": "核录单位", "officer": "核录人员", "kind": "核录类别", "subject_name": "被核录对象",
    "subject_id": "证件或号牌", "subject_uscc": "统一社会信用代码", "district": "所属区域", "street": "所属街道", "address": "核录地点",
    "result": "核录结果", "case_no": "案号",
}  # fmt: skip
KEYPOINT_HEADINGS = {
    "entry_no": "挂账编号", "point_no": "点位编号", "point_name": "点位名称", "kind": "问题类型", "source": "问题来源", "org": "责任单位",
    "district": "所属区域", "street": "所属街道", "opened_on": "挂账日期", "due_on": "整改期限", "rectified_on": "整改日期",
    "verified_on": "核查日期", "closed_on": "销账日期", "updated_at": "更新时间",
}  # fmt: skip
FRONTAGE_HEADINGS = {
    "agreement_no": "责任书编号", "shop_name": "店铺名称", "party_uscc": "统一社会信用代码", "segment_no": "门前路段编号",
    "segment_name": "门前路段", "frontage_m": "门前长度（米）", "district": "所属区域", "street": "所属街道", "signed_on": "签订日期",
    "ended_on": "终止日期", "checked_on": "最近检查日期", "sanitation": "包卫生", "order_kept": "包秩序", "greenery": "包绿化",
    "updated_at": "更新时间",
}  # fmt: skip
CHECKS = {"'场所'": 45, "'车辆'": 30, "'人员'": 25}
RESULTS = {"'正常'": 55, "'教育劝离'": 30, "'移交'": 7, "'立案'": 8}
POINT_KINDS = {
    "'占道经营'": 34,
    "'暴露垃圾'": 22,
    "'乱贴乱画'": 16,
    "'违法建设'": 10,
    "'油烟扰民'": 10,
    "'渣土运输'": 8,
}
POINT_SOURCES = {"'日常巡查'": 60, "'热线投诉'": 24, "'媒体曝光'": 6, "'上级督办'": 10}
LISTED_BEFORE = 150  # days before the first round from which entries are kept


def create_checks(con: duckdb.DuckDBPyConnection, setup: Setup, defects: Defects) -> None:
    """Creates check_record_row: checks of premises, vehicles and persons."""
    born = "(date '1960-01-01' + cast(floor(u(k, 'born') * 15000) as integer))"
    number = person_id_sql("'990000'", born, "cast(floor(u(k, 'serial') * 999) as integer)")
    count = SCALES[setup.scale].penalties // 3
    con.execute(f"""
        create table check_record_row as
        with numbered as (
            select d.ordinal * 1000000 + r.n as k, d.day, r.n from day d, range(1, {count} + 1) r(n) where d.day >= '{setup.first}'),
        drawn as (
            select *, k as vk, cast(day as timestamp) + seconds(span(k, 'at', 28800, 72000)) as checked, {weighted("u(k, 'kind')", CHECKS)} as kind,
                   cast(floor(u(k, 'cell') * (select count(*) from cell)) as bigint) as cell_i,
                   cast(floor(u(k, 'party') * (select count(*) from entity where born is null)) as bigint) as entity_i,
                   {weighted("u(k, 'result')", RESULTS)} as result,
                   (select min(r.day) from enforcement_round r where r.day >= d.day) as seen_on
            from numbered d),
        chosen as (
            select *, {planted("vk", "check", defects.rates("check_record"), {"N3": "kind = '场所'"})} as defect from drawn
            where seen_on is not null),
        repeated as (
            select *, unnest(case when defect in ('D1', 'DUP') then [0, 1] else [0] end) as copy, coalesce(defect, '') as d from chosen)
        select vk, copy, seen_on, defect, cast(null as timestamp) as version_at,
               case when d = 'R2' then null else 'HL' || strftime(day, '%Y%m%d') || lpad(cast(n as varchar), 6, '0') end as record_no,
               case d when 'T1' then '下午' when 'N9' then strftime(checked + to_years(100), '%Y-%m-%d %H:%M:%S')
                      else strftime(checked, '%Y-%m-%d %H:%M:%S') end as checked_at,
               c.district || '城市管理局' as org, person(k, 'checker') as officer, case when d = 'N6' then '其他' else kind end as kind,
               case kind when '场所' then e.name when '人员' then person(k, 'checked') end as subject_name,
               case kind when '人员' then {number} when '车辆' then '云A' || digits(k, 'plate', 5) end as subject_id,
               case when kind = '场所' and d <> 'N3' then e.uscc end as subject_uscc, c.district, c.street,
               c.street || '工业路' || cast(floor(span(k, 'door', 1, 300)) as integer) || '号' as address,
               case when d = 'R1' then null else result end as result, null as case_no
        from repeated r join cell c on c.i = r.cell_i join entity e on e.i = r.entity_i""")


def create_keypoints(con: duckdb.DuckDBPyConnection, setup: Setup, defects: Defects) -> None:
    """Creates keypoint (one row per entry, with its whole life) and keypoint_row; a relapse is another entry of its point."""
    days = (setup.last - setup.first).days + LISTED_BEFORE
    con.execute(f"""
        create table keypoint as
        with points as (
            select i as p, grid_code, district, street, district_code, community, {weighted("u(i, 'point kind')", POINT_KINDS)} as kind
            from cell where u(i, 'keypoint') < 0.4),
        first_time as (
            select *, 0 as turn, date '{setup.first}' - {LISTED_BEFORE} + cast(floor(u(p, 'listed') * {days}) as integer) as opened from points),
        lived as (
            select *, opened + 7 + cast(floor(u(p, 'due') * 9) as integer) as due,
                   case when u(p, 'mended') < 0.85 then opened + 3 + cast(floor(u(p, 'took') * 18) as integer) end as rectified,
                   rectified + 1 + cast(floor(u(p, 'look') * 3) as integer) as verified, verified + cast(floor(u(p, 'end') * 2) as integer) as closed
            from first_time),
        again as (
            select * replace (1 as turn, closed + 5 + cast(floor(u(p, 'gap') * 130) as integer) as opened) from lived
            where closed is not null and u(p, 'relapse') < 0.35),
        relapsed as (
            select * replace (opened + 10 as due, opened + 6 + cast(floor(u(p, 'took 2') * 12) as integer) as rectified,
                              opened + 20 as verified, opened + 20 as closed) from again)
        select *, p * 2 + turn as k, case turn when 0 then 'patrol' else 'again' end as why from lived where opened <= '{setup.last}'
        union all select *, p * 2 + turn, 'again' from relapsed where opened <= '{setup.last}'""")
    day = "strftime({}, '%Y-%m-%d')".format
    con.execute(f"""
        create table keypoint_row as
        with shown as (
            select c.* replace (case when rectified <= r.day then rectified end as rectified, case when verified <= r.day then verified end as verified,
                                case when closed <= r.day then closed end as closed), r.day as seen_on, r.since
            from keypoint c, enforcement_round r where c.opened <= r.day),
        changed as (
            select *, greatest(opened, rectified, verified, closed) as changed_on, k * 512 + date_diff('day', date '{setup.first}', seen_on) as vk from shown),
        chosen as (
            select *, {planted("vk", "keypoint", defects.rates("keypoint"), {"Z1": "closed is not null"})} as defect from changed
            where since is null or changed_on > since),
        repeated as (
            select *, unnest(case when defect in ('D1', 'DUP') then [0, 1] else [0] end) as copy, coalesce(defect, '') as d,
                   cast(changed_on as timestamp) + interval 18 hour as version_at from chosen)
        select vk, copy, seen_on, defect, version_at, case when d = 'R2' then null else 'GZ' || lpad(cast(k as varchar), 8, '0') end as entry_no,
               'DW' || grid_code as point_no, street || community || kind || '点' || case when copy = 1 and d = 'D1' then '（更正）' else '' end as point_name,
               case when d = 'N6' then '其他问题' else kind end as kind, {weighted("u(k, 'point source')", POINT_SOURCES)} as source,
               district || '城市管理局' as org, district, street, case when d = 'T1' then '五月' else {day("opened")} end as opened_on,
               case when d = 'Z2' then {day("opened - 3")} else {day("due")} end as due_on, {day("rectified")} as rectified_on,
               {day("verified")} as verified_on, case when d = 'Z1' then {day("rectified - 2")} else {day("closed")} end as closed_on,
               strftime(version_at, '%Y-%m-%d %H:%M:%S') as updated_at
        from repeated""")


def create_frontages(con: duckdb.DuckDBPyConnection, setup: Setup, defects: Defects) -> None:
    """Creates frontage_duty_row: agreements of shops for a piece of the street, checked now and then; some shops follow another."""
    flag = "case when d = 'N6' then '合格' when u(k * 64 + cast(date_diff('day', date '2020-01-01', seen_on) as bigint), '{}') < {} then '履约' else '未履约' end"
    day = "strftime({}, '%Y-%m-%d')".format
    con.execute(f"""
        create table frontage_duty_row as
        with shops as (
            select i, uscc, name, street_code, district, row_number() over (partition by street_code order by i) as place,
                   date '{setup.first}' - 20 - cast(floor(u(i, 'signed') * 300) as integer) as signed
            from entity where born is null and type = '个体工商户' and state in ('存续', '开业') and u(i, 'frontage') < 0.3),
        ended as (
            select *, case when u(i, 'left') < 0.12 then signed + 10 + cast(floor(u(i, 'left on') * 300) as integer) end as ended from shops),
        followed as (
            select *, i * 2 as k from ended
            union all
            select e.* replace (f.uscc as uscc, f.name as name, e.ended + 1 as signed, null as ended), e.i * 2 + 1
            from ended e join entity f on f.i = (e.i + 7) % (select count(*) from entity where born is null) where e.ended is not null),
        shown as (
            select s.* replace (case when ended <= r.day then ended end as ended), r.day as seen_on, r.since, (select street from cell c where c.street_code = s.street_code limit 1) as street,
                   r.day - cast(floor(u(s.k, 'checked') * 45) as integer) as looked
            from followed s, enforcement_round r where s.signed <= r.day),
        changed as (
            select *, case when looked >= signed then looked end as checked, greatest(signed, ended) as changed_on, k * 512 + date_diff('day', date '{setup.first}', seen_on) as vk from shown
            where since is null or signed > since or ended > since or u(k, 'monthly') * 4 < 1 and (ended is null)),
        chosen as (select *, {planted("vk", "frontage", defects.rates("frontage_duty"), {"Z3": "ended is not null", "N6": "checked is not null"})} as defect from changed),
        repeated as (
            select *, unnest(case when defect in ('D1', 'DUP') then [0, 1] else [0] end) as copy, coalesce(defect, '') as d,
                   cast(seen_on as timestamp) + interval 6 hour as version_at from chosen)
        select vk, copy, seen_on, defect, version_at, case when d = 'R2' then null else 'MQ' || lpad(cast(k as varchar), 8, '0') end as agreement_no,
               name || case when copy = 1 and d = 'D1' then '（更正）' else '' end as shop_name, case when d <> 'N3' then uscc end as party_uscc,
               street_code || 'L' || lpad(cast(place as varchar), 4, '0') as segment_no, street || '人民路' || place || '号门前' as segment_name,
               case when d = 'T1' then '约十米' else printf('%.1f', span(i, 'front', 3, 18)) end as frontage_m, district, street,
               {day("signed")} as signed_on, case when d = 'Z3' then {day("signed - 5")} else {day("ended")} end as ended_on,
               {day("checked")} as checked_on, case when checked is not null then {flag.format("san", 0.9)} end as sanitation,
               case when checked is not null then {flag.format("ord", 0.85)} end as order_kept,
               case when checked is not null then {flag.format("gre", 0.95)} end as greenery, strftime(version_at, '%Y-%m-%d %H:%M:%S') as updated_at
        from repeated""")
