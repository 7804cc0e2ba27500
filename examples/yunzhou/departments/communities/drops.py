"""Residential communities every two weeks: as a workbook with their property companies, and their buildings as text."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

import duckdb

from departments.chance import planted
from departments.defects import Defects
from departments.home import Home, Setup
from departments.rounds import Table, create_rounds, stage

ROUNDS = "community_round"
EVERY_DAYS = 14
COMMUNITY_HEADINGS = {
    "community_no": "小区编号", "community_name": "小区名称", "district": "所属区域", "street": "所属街道", "residents": "所属社区",
    "address_id": "标准地址编码", "grid_code": "单元网格", "lon": "经度", "lat": "纬度", "built_year": "建成年份", "households": "户数",
    "property_name": "物业公司", "property_uscc": "物业公司代码", "property_since": "物业接管日期", "fee": "物业费（元/平方米·月）",
    "contact_name": "物业联系人", "contact_phone": "联系电话", "committee": "业委会名称", "committee_formed_on": "业委会成立日期",
    "committee_term_to": "业委会任期至", "updated_at": "更新时间",
}  # fmt: skip
BUILDING_HEADINGS = {
    "community_no": "小区编号", "building_code": "楼栋编码", "building_name": "楼栋名称", "address_id": "标准地址编码", "units": "单元数",
    "households": "户数", "updated_at": "更新时间",
}  # fmt: skip
TABLES = (
    Table("community", "小区台账", COMMUNITY_HEADINGS, "community_no", form="xlsx"),
    Table("community_building", "小区楼栋", BUILDING_HEADINGS, "community_no, building_code", pairs=("Y3",)),
)


def generate(con: duckdb.DuckDBPyConnection, home: Home, setup: Setup, defects: Defects) -> None:
    """Stages every drop and adds its defects to the answer key."""
    create_rounds(con, setup, ROUNDS, EVERY_DAYS)
    _create_communities(con, setup)
    _create_community_rows(con, setup, defects)
    _create_building_rows(con, defects)
    for table in TABLES:
        stage(con, home, "communities", table, ROUNDS)


def _create_communities(con: duckdb.DuckDBPyConnection, setup: Setup) -> None:
    """Table community: one row per compound of the city's addresses; `changed_on` is when another company takes it over."""
    con.execute(f"""
        create table community as
        with company as (
            select row_number() over (order by i) - 1 as c, uscc, name from entity
            where born is null and trade = '物业管理' and type <> '个体工商户' and state in ('存续', '开业')),
        drawn as (
            select a.i as k, 'XQ' || a.address_id as community_no, a.compound, a.district, a.street, c.community, a.address_id, a.grid_code, a.lon, a.lat,
                   1985 + cast(floor(u(a.i, 'built') * 38) as integer) as built, 120 + cast(floor(u(a.i, 'households') * 900) as integer) as counted,
                   cast(floor(u(a.i, 'company') * (select count(*) from company)) as bigint) as c0,
                   cast(floor(u(a.i, 'company 2') * (select count(*) from company)) as bigint) as c1,
                   case when u(a.i, 'taken over') < 0.15
                        then date '{setup.first}' + 1 + cast(floor(u(a.i, 'when') * {(setup.last - setup.first).days}) as integer) end as changed_on
            from address a join cell c on c.i = a.cell_i where a.compound is not null and a.building is null)
        select d.* exclude (counted, c0, c1), counted + case when counted % 100 = 0 then 7 else 0 end as households,
               p.uscc as uscc_0, p.name as name_0, q.uscc as uscc_1, q.name as name_1
        from drawn d join company p on p.c = d.c0 join company q on q.c = d.c1""")


def _create_community_rows(con: duckdb.DuckDBPyConnection, setup: Setup, defects: Defects) -> None:
    day = "strftime({}, '%Y-%m-%d')".format
    con.execute(f"""
        create table community_row as
        with versions as (
            select *, unnest(case when changed_on is null then [0] else [0, 1] end) as version from community),
        dated as (
            select *, k * 2 + version as vk, case version when 0 then date '{setup.first}' - 30 - cast(floor(u(k, 'since') * 2000) as integer)
                        else changed_on end as moved_on,
                   (select min(r.day) from community_round r where r.day >= case version when 0 then date '{setup.first}' else changed_on end) as seen_on
            from versions),
        chosen as (
            select *, {planted("vk", "community", defects.rates("community"), {})} as defect from dated where seen_on is not null),
        repeated as (
            select *, unnest(case when defect in ('D1', 'DUP') then [0, 1] else [0] end) as copy, coalesce(defect, '') as d,
                   cast(moved_on as timestamp) + interval 15 hour as version_at from chosen)
        select vk, copy, seen_on, defect, version_at, case when d = 'R2' then null else community_no end as community_no,
               case when d = 'R1' then null else compound || case when d = 'D1' and copy = 1 then '（更正）' else '' end end as community_name,
               district, street, community as residents, address_id, grid_code,
               case when d = 'Y5' then lat else lon end as lon, case when d = 'Y5' then lon else lat end as lat, built as built_year,
               case d when 'T1' then '约三百户' when 'Y4' then cast((households // 100 + 1) * 100 as varchar) else cast(households as varchar) end as households,
               [name_0, name_1][version + 1] as property_name, case when d <> 'Y1' then [uscc_0, uscc_1][version + 1] end as property_uscc,
               {day("moved_on")} as property_since, round(span(k, 'fee', 0.8, 4.2), 2) as fee,
               case when d <> 'Y2' then person(vk, 'manager') end as contact_name, mobile(vk, 'manager') as contact_phone,
               case when u(k, 'committee') < 0.6 then compound || '业主委员会' end as committee,
               case when u(k, 'committee') < 0.6 then {day("date '2021-01-01' + cast(floor(u(k, 'formed') * 1500) as integer)")} end as committee_formed_on,
               case when u(k, 'committee') < 0.6 then {day("date '2021-01-01' + cast(floor(u(k, 'formed') * 1500) as integer) + 1826")} end as committee_term_to,
               strftime(version_at, '%Y-%m-%d %H:%M:%S') as updated_at
        from repeated""")


def _create_building_rows(con: duckdb.DuckDBPyConnection, defects: Defects) -> None:
    """Two buildings a community; a defect lets another community claim the building too."""
    con.execute(f"""
        create table community_building_row as
        with buildings as (
            select a.i as vk, c.community_no, lead(c.community_no, 7) over (order by a.i) as other_no, a.address_id, a.building, c.households,
                   (select min(day) from community_round) as seen_on
            from address a join community c on c.k = a.i - a.building where a.building is not null),
        chosen as (
            select *, {planted("vk", "building", defects.rates("community_building"), {"Y3": "other_no is not null"})} as defect from buildings),
        repeated as (
            select *, unnest(case when defect in ('DUP', 'Y3') then [0, 1] else [0] end) as copy, coalesce(defect, '') as d,
                   cast(seen_on - 10 as timestamp) + interval 9 hour as version_at from chosen)
        select vk, copy, seen_on, defect, version_at, case when d = 'Y3' and copy = 1 then other_no else community_no end as community_no,
               case when d = 'R2' then null else 'LD' || address_id end as building_code, building || '号楼' as building_name, address_id,
               case when d = 'T1' then '两个' else cast(1 + cast(floor(u(vk, 'units') * 4) as integer) as varchar) end as units,
               households // 2 as households, strftime(version_at, '%Y-%m-%d %H:%M:%S') as updated_at
        from repeated""")
