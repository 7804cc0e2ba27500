"""Permits: granted on working days, some corrected in place, a few deleted without a trace."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

import duckdb

from departments import answers
from departments.chance import planted, text_list, weighted
from departments.defects import Defects
from departments.home import Home, Setup
from departments.identifiers import person_id_sql
from departments.permits.database import BATCH, COLUMNS, create_log
from departments.scales import SCALES

LICENCES = [
    "食品经营许可证",
    "排水许可证",
    "道路运输经营许可证",
    "户外广告设置许可",
    "临时占道许可",
    "公共场所卫生许可证",
    "特种设备使用登记证",
    "建筑垃圾处置核准",
]
CONDITIONS = {
    "X1": "party_uscc is not null", "X1b": "party_uscc is not null", "H8": "lon is not null", "X3a": "valid_to <> ''",
    "D1": "version = 0 and corrected_on is null and deleted_on is null",
}  # fmt: skip


def generate(con: duckdb.DuckDBPyConnection, home: Home, setup: Setup, defects: Defects) -> None:
    """Writes the log of changes of the permits database and their part of the answer key."""
    _create_permits(con, setup)
    _create_changes(con, setup, defects)
    _create_rows(con)
    log = create_log(home.permits_log)
    names = ", ".join(("day", "seq", "op", *COLUMNS))
    marks = ", ".join("?" * (len(COLUMNS) + 3))
    cursor = con.execute(f"select {names} from permit_row order by day, seq")
    while rows := cursor.fetchmany(BATCH):
        log.executemany(f"insert into change ({names}) values ({marks})", rows)
    log.execute("create index change_day on change (day, seq)")
    log.commit()
    log.close()
    answers.add(
        con,
        "permits",
        "permit",
        """select xk_wsh || '|' || xk_xkjgdm as row_key, cast(gxsj as timestamp) as version_at,
                  cast(day as date) as business_date, null as file_name, null as line, defect as rule_id
           from permit_row where defect is not null and op <> 'delete' and copy = (case defect when 'D1' then 1 else 0 end)""",
    )


def _create_permits(con: duckdb.DuckDBPyConnection, setup: Setup) -> None:
    """Table permit: one row per decision; the backlog enters the database when it is put into service."""
    scale = SCALES[setup.scale]
    con.execute(f"""
        create table permit as
        with numbered as (
            select d.ordinal * 1000000 + r.n as k, d.day, r.n, cast(d.day as timestamp) + seconds(span(k, 'at', 30000, 63000))
                   as published_at, false as old
            from day d, unnest(range(1, d.permits + 1)) r(n) where d.day >= '{setup.first}'
            union all
            select -r.j as k, date '{setup.first}', r.j,
                   cast(date '{setup.first}' - 3 - cast(floor(u(k, 'past') * 180) as integer) as timestamp)
                   + seconds(span(k, 'at', 30000, 63000)), true
            from range(1, {scale.backlog} + 1) r(j)),
        drawn as (
            select *, cast(published_at as date) - cast(floor(span(k, 'delay', 0, 7.99)) as integer) as decided,
                   u(k, 'person') < 0.12 as natural_person,
                   cast(floor(u(k, 'party') * {scale.entities}) as bigint) as entity_i,
                   case when u(k, 'who') < 0.6 then 'YZ-XSJ' end as city_office,
                   pick(['SCJ', 'ZJJ', 'CGJ', 'HBJ'], k, 'branch') as branch,
                   case when u(k, 'fix') < 0.05 then day + 1 + cast(floor(u(k, 'fixed') * 20) as integer) end as corrected_on,
                   case when u(k, 'drop') < 0.012 then day + 3 + cast(floor(u(k, 'dropped') * 22) as integer) end as deleted_on
            from numbered)
        select d.* exclude (corrected_on), e.uscc, e.name, e.rep, e.type as entity_type, e.lon as e_lon, e.lat as e_lat,
               e.district_code, o.uscc as authority_code, o.name as authority, o.org_code as authority_org,
               case when deleted_on is null or corrected_on < deleted_on then corrected_on end as corrected_on
        from drawn d join entity e on e.i = d.entity_i
        join org o on o.org_code = coalesce(d.city_office, 'YZ-' || substr(e.district_code, 5, 2) || '-' || d.branch)""")


def _create_changes(con: duckdb.DuckDBPyConnection, setup: Setup, defects: Defects) -> None:
    """Table permit_change: every insert, correction and deletion up to the last day, with the defect it carries."""
    con.execute(f"""
        create table permit_change as
        with changes as (
            select *, unnest([0, 1, 2]) as version from permit),
        dated as (
            select * exclude (day), k * 4 + version as vk,
                   [day, corrected_on, deleted_on][version + 1] as day, ['insert', 'update', 'delete'][version + 1] as op,
                   case version when 0 then case when old then cast(day as timestamp) + interval 10 minute
                                                 else published_at end
                        else cast([day, corrected_on, deleted_on][version + 1] as timestamp)
                             + seconds(span(k * 4 + version, 'when', 30000, 63000)) end as changed_at
            from changes),
        filled as (
            select *, case when not natural_person then uscc end as party_uscc,
                   case when u(k, 'point') < 0.5 then round(e_lon + span(k, 'x', -0.002, 0.002), 6) end as lon,
                   case when u(k, 'point') < 0.5 then round(e_lat + span(k, 'y', -0.002, 0.002), 6) end as lat,
                   case when u(k, 'end') < 0.10 then '' when u(k, 'end') < 0.15 then '2099-12-31'
                        else cast(decided + 365 * (1 + cast(floor(u(k, 'years') * 5) as integer)) as varchar) end as valid_to
            from dated where day <= '{setup.last}')
        select *, case when version < 2 then {planted("vk", "permit", defects.rates("permit"), CONDITIONS)} end as defect
        from filled""")


def _create_rows(con: duckdb.DuckDBPyConnection) -> None:
    """Table permit_row: the changes as the database has them, defects planted."""
    birthday = "(date '1960-01-01' + cast(floor(u(k, 'born') * 15000) as integer))"
    number = person_id_sql("'990000'", birthday, "cast(floor(u(k, 'serial') * 999) as integer)")
    kinds = {"'普通'": 62, "'普通许可'": 6, "'核准'": 14, "'登记'": 10, "'认可'": 4, "'特许'": 2, "'其他'": 2}
    con.execute(f"""
        create table permit_row as
        with repeated as (
            select *, unnest(case when defect = 'D1' then [0, 1] else [0] end) as copy, coalesce(defect, '') as d,
                   pick({text_list(LICENCES)}, k, 'licence') as licence, {number} as person_no,
                   case d when 'X6' then decided - 30 when 'X8' then decided + 65012 else decided end as signed
            from permit_change)
        select cast(day as varchar) as day, row_number() over (partition by day order by changed_at, vk, copy) as seq, op,
               defect, copy,
               case when d = 'X2' then '云许' || strftime(day, '%Y') || '-' || abs(k)
                    else '云' || replace(substr(authority_org, 4), '-', '') || '许〔' || strftime(decided, '%Y') || '〕第'
                         || case when old then '0' || lpad(cast(n as varchar), 6, '0')
                                 else strftime(published_at, '%j') || lpad(cast(n as varchar), 5, '0') end || '号' end as xk_wsh,
               authority_code as xk_xkjgdm, case when d = 'R1' then null else authority end as xk_xkjg,
               case when natural_person then person(k, 'holder') else name end as xk_xdr_mc,
               case when natural_person then '自然人' when entity_type = '个体工商户' then '个体工商户'
                    else '法人及非法人组织' end as xk_xdr_lb,
               case d when 'X1' then case when u(vk, 'slip') < 0.4 then lower(party_uscc)
                         when u(vk, 'slip') < 0.7 then substr(party_uscc, 1, 12) || 'O' || substr(party_uscc, 14)
                         else substr(party_uscc, 1, 17) || case when substr(party_uscc, 18) = '7' then '8' else '7' end end
                      when 'X1b' then null
                      else case when defect is null and u(vk, 'wide') < 0.005
                                then translate(party_uscc, '0123456789', '０１２３４５６７８９') else party_uscc end end as xk_xdr_shxym,
               case when natural_person then '身份证' end as xk_xdr_zjlx,
               case when natural_person then case when u(k, 'x') < 0.3 then lower(person_no) else person_no end end as xk_xdr_zjhm,
               case when not natural_person then rep end as xk_frdb, licence || '行政许可决定书' as xk_xkws,
               case when d = 'X4' then '一般许可' else {weighted("u(k, 'kind')", kinds)} end as xk_xklb,
               licence as xk_xkzs, 'YZ' || lpad(cast(abs(k) % 100000000 as varchar), 8, '0') as xk_xkbh,
               '准予' || licence || case when version = 1 or copy = 1 then '（更正）' else '' end
                   || case when d = 'X7' then '，经办人身份证号 ' || person_no || '。' else '' end as xk_nr,
               case when d = 'T1' then pick(['二〇二六年五月', '2026-02-30', '见附件'], vk, 'word')
                    when u(k, 'format') < 0.05 then strftime(signed, '%Y/%m/%d') else strftime(signed, '%Y-%m-%d') end as xk_jdrq,
               strftime(signed, '%Y-%m-%d') as xk_yxqz,
               case d when 'X3b' then '长期' when 'X3a' then strftime(signed - 100, '%Y-%m-%d') else valid_to end as xk_yxqzi,
               case when version = 1 then '变更' when u(k, 'z') < 0.04 then '正常' else '有效' end as xk_zt,
               authority as xk_lydw, 'XK' || lpad(cast(abs(k) % 300 as varchar), 4, '0') as xk_sxdm,
               case when d = 'H8' then lat else lon end as xk_jd, case when d = 'H8' then lon else lat end as xk_wd,
               district_code as xk_xzqh, null as bz, strftime(published_at, '%Y-%m-%d %H:%M:%S') as gssj,
               strftime(changed_at, '%Y-%m-%d %H:%M:%S') as gxsj
        from repeated""")
