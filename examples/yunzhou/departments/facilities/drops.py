"""Car parks as JSON with a map vendor's coordinates and tariffs in words, markets as text; both whole, every two weeks."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

import duckdb

from departments.chance import planted, text_list, weighted
from departments.defects import Defects
from departments.home import Home, Setup
from departments.rounds import Table, create_rounds, stage

ROUNDS = "facility_round"
EVERY_DAYS = 14
PARKING_HEADINGS = {
    "facility_no": "parkId", "name": "parkName", "kind": "parkType", "district": "districtName", "street": "streetName", "address": "address",
    "spaces": "totalSpaces", "charging": "chargingSpaces", "tariff": "tariffDesc", "open_hours": "openHours", "state": "status", "operator_uscc": "operatorCode",
    "x": "lng", "y": "lat", "crs": "coordType", "updated_at": "updateTime",
}  # fmt: skip
MARKET_HEADINGS = {
    "facility_no": "市场编号", "name": "市场名称", "kind": "市场类型", "district": "所属区域", "street": "所属街道", "address": "地址", "stalls": "摊位数",
    "open_hours": "营业时间", "state": "状态", "operator_uscc": "主办单位代码", "x": "经度", "y": "纬度", "crs": "坐标系", "updated_at": "更新时间",
}  # fmt: skip
TABLES = (
    Table("parking", "停车场", PARKING_HEADINGS, "facility_no", encoding="utf-8", form="json", pairs=("DUP",)),
    Table("market", "便民市场", MARKET_HEADINGS, "facility_no", pairs=("DUP",)),
)
KEPT_OUT = ("V1", "V2", "V4", "R1", "T1")
KINDS = {"'路外公共'": 30, "'路内'": 30, "'配建'": 40}
TARIFFS = [
    "首小时5元，之后每小时3元，24小时封顶30元",
    "每小时4元，24小时封顶40元",
    "前15分钟免费，首小时6元，之后每小时4元，24小时封顶50元",
    "前30分钟免费，每小时2元",
    "免费",
    "首小时8元，之后每小时5元",
]
MARKET_KINDS = {"'农贸市场'": 40, "'社区菜店'": 45, "'早市'": 15}


def generate(con: duckdb.DuckDBPyConnection, home: Home, setup: Setup, defects: Defects) -> None:
    """Stages every drop and adds its defects to the answer key."""
    create_rounds(con, setup, ROUNDS, EVERY_DAYS)
    _create_parking(con, setup, defects)
    _create_markets(con, setup, defects)
    for table in TABLES:
        stage(con, home, "places", table, ROUNDS)


def _listed(setup: Setup, relation: str) -> str:
    """CTEs from `relation` to `chosen`: the complete list of every round, a row changed once for some.

    What is said again as it was before is a repetition, unless it is kept out every time.
    """
    kept = ", ".join(f"'{rule}'" for rule in KEPT_OUT)
    return f"""
        listed as (
            select f.*, r.day as seen_on, r.since, changed_on is not null and changed_on <= r.day as is_changed,
                   case when changed_on <= r.day then changed_on else date '{setup.first}' - 400 end as moved_on
            from {relation} f, facility_round r),
        chosen as (
            select *, k as vk, case when fault in ({kept}) then fault
                       when since is not null and (changed_on is null or not (changed_on > since and changed_on <= seen_on)) then 'DUP'
                       else fault end as defect,
                   coalesce(fault, '') as d, cast(moved_on as timestamp) + interval 20 hour as version_at, 0 as copy
            from listed)"""


def _create_parking(con: duckdb.DuckDBPyConnection, setup: Setup, defects: Defects) -> None:
    con.execute(f"""
        create table parking as
        with drawn as (
            select a.i as k, 'P' || a.address_id as facility_no, a.district, a.street, a.road, a.house_no, a.lon, a.lat,
                   {weighted("u(a.i, 'park kind')", KINDS)} as kind, 10 + cast(floor(u(a.i, 'spaces') * 400) as integer) as spaces,
                   pick({text_list(TARIFFS)}, a.i, 'tariff') as tariff, u(a.i, 'closed') < 0.05 as closed,
                   cast(floor(u(a.i, 'operator') * (select count(*) from entity where born is null)) as bigint) as entity_i,
                   case when u(a.i, 'park change') < 0.1 then date '{setup.first}' + 1 + cast(floor(u(a.i, 'park on') * {(setup.last - setup.first).days}) as integer)
                        end as changed_on
            from address a where a.building is null and u(a.i, 'is parking') < 0.3)
        select d.*, e.uscc, {planted("k", "parking", defects.rates("parking"), {})} as fault from drawn d join entity e on e.i = d.entity_i""")
    con.execute(f"""
        create table parking_row as
        with {_listed(setup, "parking")}
        select vk, copy, defect, seen_on, version_at, facility_no,
               case when d = 'R1' then null else street || road || house_no || '号停车场' end as name, case when d = 'V4' then '立体' else kind end as kind,
               district, street, road || house_no || '号' as address,
               case d when 'V1' then '-' || spaces when 'T1' then '若干' else cast(spaces + case when is_changed then 20 else 0 end as varchar) end as spaces,
               cast(spaces // 10 as varchar) as charging, case when d = 'V3' then '按物价部门核定标准收取' else tariff end as tariff,
               case kind when '配建' then '00:00-24:00' else '06:00-23:00' end as open_hours, case when closed then '停用' else '营业' end as state, uscc as operator_uscc,
               round(gcj_lon(lon, lat), 6) as x, round(gcj_lat(lon, lat), 6) as y, case when d <> 'V2' then 'gcj02' end as crs,
               strftime(version_at, '%Y-%m-%d %H:%M:%S') as updated_at
        from chosen""")


def _create_markets(con: duckdb.DuckDBPyConnection, setup: Setup, defects: Defects) -> None:
    con.execute(f"""
        create table market as
        with drawn as (
            select a.i as k, 'M' || a.address_id as facility_no, a.district, a.street, a.road, a.house_no, a.lon, a.lat,
                   {weighted("u(a.i, 'market kind')", MARKET_KINDS)} as kind, 5 + cast(floor(u(a.i, 'stalls') * 120) as integer) as stalls,
                   u(a.i, 'shut') < 0.06 as closed, cast(floor(u(a.i, 'host') * (select count(*) from entity where born is null)) as bigint) as entity_i,
                   case when u(a.i, 'market change') < 0.1 then date '{setup.first}' + 1 + cast(floor(u(a.i, 'market on') * {(setup.last - setup.first).days}) as integer)
                        end as changed_on
            from address a where a.compound is null and u(a.i, 'is market') < 0.3)
        select d.*, e.uscc, {planted("k", "market", defects.rates("market"), {})} as fault from drawn d join entity e on e.i = d.entity_i""")
    con.execute(f"""
        create table market_row as
        with {_listed(setup, "market")}
        select vk, copy, defect, seen_on, version_at, facility_no,
               case when d = 'R1' then null else street || road || '便民市场' end as name, case when d = 'V4' then '超市' else kind end as kind, district, street,
               road || house_no || '号' as address,
               case d when 'V1' then '-' || stalls when 'T1' then '数十' else cast(stalls + case when is_changed then 5 else 0 end as varchar) end as stalls,
               case kind when '早市' then '05:30-09:00' else '06:00-19:00' end as open_hours, case when closed then '停业' else '营业' end as state, uscc as operator_uscc,
               lon as x, lat as y, case when d <> 'V2' then 'CGCS2000' end as crs, strftime(version_at, '%Y-%m-%d %H:%M:%S') as updated_at
        from chosen""")
