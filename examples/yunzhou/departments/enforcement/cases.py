"""Enforcement cases: those behind the penalties of city management, and those that led to none."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

import duckdb

from departments.chance import planted, weighted
from departments.credit.penalties import case_no
from departments.defects import Defects
from departments.home import Setup
from departments.identifiers import person_id_sql

HEADINGS = {
    "case_no": "案号", "item_code": "案由代码", "item_version": "案由版本", "item_name": "案由", "party_name": "当事人",
    "party_type": "当事人类别", "party_uscc": "统一社会信用代码", "person_id": "证件号码", "org": "承办单位", "source": "案件来源", "ticket_no": "转办工单号",
    "discovered_at": "发现时间", "filed_at": "立案时间", "notice_at": "告知时间", "decided_at": "决定时间", "executed_at": "执行时间",
    "closed_at": "结案时间", "tier": "裁量档次", "fine_yuan": "罚款金额（元）", "district": "所属区域", "street": "所属街道",
    "address": "违法地点", "officers": "执法人员", "updated_at": "更新时间",
}  # fmt: skip
OTHERS = 0.5  # cases without a penalty, for each with one
FATES = {"'open'": 50, "'dropped'": 35, "'unreported'": 15}
SOURCES = {"'巡查发现'": 50, "'热线转办'": 14, "'96310转办'": 10, "'检查发现'": 20, "'部门移送'": 6}
CONDITIONS = {
    "N1": "decided is not null",
    "N3": "not natural_person",
    "N7": "fine > 0 and decided is not null",
    "T1": "decided is not null",
}


def create_cases(con: duckdb.DuckDBPyConnection, setup: Setup, defects: Defects) -> None:
    """Creates tables enforcement_case (one row per case, with its whole life) and enforcement_case_row."""
    con.execute(f"""
        create table enforcement_case as
        with punished as (
            select k, {case_no("k")} as number, uscc, name, natural_person, entity_type, entity_i, item_code, fine,
                   decided, 'punished' as fate
            from penalty where bureau = 'CGJ' and version = 0),
        others as (
            select 700000000000000 + r.j as k, 'AJ9' || lpad(cast(r.j as varchar), 9, '0') as number,
                   cast(floor(u(k, 'party') * (select count(*) from entity where born is null)) as bigint) as entity_i,
                   cast(floor(u(k, 'item') * (select count(*) from item)) as bigint) as item_i,
                   date '{setup.first}' - 45 + cast(floor(u(k, 'on') * {(setup.last - setup.first).days + 65}) as integer) as decided,
                   {weighted("u(k, 'fate')", FATES)} as fate
            from range(1, 1 + cast((select count(*) from punished) * {OTHERS} as integer)) r(j)),
        every_case as (
            select * from punished
            union all by name
            select o.* exclude (item_i, entity_i), e.uscc, e.name, u(o.k, 'person') < 0.15 as natural_person, e.type as entity_type,
                   o.entity_i, m.item_code, cast(round(cast(m.low as double) + u(o.k, 'fine') * cast(m.high - m.low as double), -1) as bigint)
                       as fine
            from others o join entity e on e.i = o.entity_i join item m on m.i = o.item_i),
        timed as (
            select *, cast(decided as timestamp) + seconds(span(k, 'hour', 32400, 61200)) as decision,
                   decision - seconds(86400 * case fate when 'punished' then span(k, 'begin', 15, 60) else span(k, 'begin', 9, 25) end) as discovered,
                   discovered + seconds(86400 * span(k, 'filed', 0.02, 0.9)) as filed,
                   decision - seconds(86400 * span(k, 'notice', 3.1, 8)) as notice,
                   decision + seconds(86400 * span(k, 'exec', 1, 15)) as execution,
                   case fate when 'dropped' then decision else execution + seconds(86400 * span(k, 'close', 0.5, 10)) end as closing
            from every_case)
        select t.*, {weighted("u(k, 'source')", SOURCES)} as source,
               case when source in ('热线转办', '96310转办') then (
                   select strftime(d.day, '%y%m%d') || lpad(cast(1 + cast(floor(u(k, 'ticket') * d.tickets) as integer) as varchar), 9, '0')
                   from day d where d.day = cast(discovered as date)) end as ticket_no,
               m.low, m.high, m.name as item_name, cast(v.version as integer) as item_version, c.district, c.street,
               c.district_code
        from timed t join item m using (item_code) join v_item v on v.item_code = t.item_code and v.valid_to is null
        join entity e on e.i = t.entity_i
        join (select district, street, district_code, street_code from cell group by all) c on c.street_code = e.street_code""")
    con.execute(f"""
        create table enforcement_case_state as
        with shown as (
            select c.*, r.day as seen_on, cast(r.day + 1 as timestamp) as night, cast(r.since + 1 as timestamp) as before
            from enforcement_case c, enforcement_round r where c.filed < cast(r.day + 1 as timestamp)),
        moved as (
            select * exclude (notice, execution, closing, decision, decided),
                   case when notice < night and fate <> 'dropped' then notice end as notice,
                   case when decision < night and fate in ('punished', 'unreported') then decision end as decided,
                   case when execution < night and fate in ('punished', 'unreported') then execution end as executed,
                   case when closing < night and fate <> 'open' then closing end as closed,
                   greatest(filed, case when notice < night and fate <> 'dropped' then notice end,
                       case when decision < night and fate in ('punished', 'unreported') then decision end,
                       case when execution < night and fate in ('punished', 'unreported') then execution end,
                       case when closing < night and fate <> 'open' then closing end) as updated_at
            from shown),
        news as (
            select *, k * 512 + date_diff('day', date '{setup.first}', seen_on) as vk from moved where before is null or updated_at >= before)
        select *, {planted("vk", "enforcement case", defects.rates("enforcement_case"), CONDITIONS)} as defect from news""")
    _create_rows(con)


def _create_rows(con: duckdb.DuckDBPyConnection) -> None:
    time = "strftime({}, '%Y-%m-%d %H:%M:%S')".format
    birthday = "(date '1960-01-01' + cast(floor(u(k, 'born') * 15000) as integer))"
    number = person_id_sql("'990000'", birthday, "cast(floor(u(k, 'serial') * 999) as integer)")
    share = "(fine - cast(low as double)) / (cast(high as double) - cast(low as double))"
    con.execute(f"""
        create table enforcement_case_row as
        with repeated as (
            select *, unnest(case when defect in ('D1', 'DUP') then [0, 1] else [0] end) as copy, coalesce(defect, '') as d,
                   case when {share} <= 0.3 then 1 when {share} <= 0.7 then 2 else 3 end as step,
                   date_trunc('second', updated_at) as version_at
            from enforcement_case_state)
        select vk, copy, seen_on, defect, version_at, case when d = 'R2' then null else number end as case_no, item_code,
               item_version + case when d = 'N2' then 1 else 0 end as item_version,
               case when d = 'R1' then null else item_name end as item_name,
               case when natural_person then person(k, 'offender') else name end as party_name,
               case when natural_person then '自然人' when entity_type = '个体工商户' then '个体工商户' else '法人及非法人组织' end as party_type,
               case when not natural_person and d <> 'N3' then uscc end as party_uscc,
               case when natural_person then {number} end as person_id, district || '城市管理局' as org,
               case when d = 'N6' then '其他来源' else source end as source, ticket_no,
               {time("discovered")} as discovered_at, {time("filed")} as filed_at,
               {time("notice")} as notice_at, {time("case when d = 'N1' then filed - interval 2 day else decided end")} as decided_at,
               {time("executed")} as executed_at, {time("closed")} as closed_at,
               case when decided is not null and fine > 0
                    then ['从轻', '一般', '从重'][case when d = 'N7' then [3, 1, 1][step] else step end] end as tier,
               case when decided is not null then case when d = 'T1' then '贰仟元整' else cast(fine as varchar) end end as fine_yuan,
               district, street, street || '工业路' || cast(1 + abs(k) % 300 as integer) || '号' || case when copy = 1 and d = 'D1' then '（更正）' else '' end as address,
               person(k, 'officer 1') || '、' || person(k, 'officer 2') as officers, {time("updated_at")} as updated_at
        from repeated""")
