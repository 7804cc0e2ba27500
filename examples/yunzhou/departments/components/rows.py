"""What the survey delivers of each component: in the census, and in the week in which something changed."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

from collections.abc import Mapping

import duckdb

from departments.chance import planted, weighted
from departments.home import Setup
from departments.places import TWIN_EVERY

MERIDIAN = 123
STATES = {"'完好'": 60, "'正常'": 20, "'破损'": 12, "'丢失'": 4, "'废弃'": 4}
CONDITIONS = {"R3": "delivery = 'census'"}
# How each delivery is measured, by the number of the district of a census file and the turn of a week.
CENSUS_SYSTEMS = ["gk", "gcj", "gk_zone", "plain"]
WEEK_SYSTEMS = ["plain", "gcj"]
X = {"gk": f"gk_x(lon, lat, {MERIDIAN})", "gcj": "gcj_lon(lon, lat)", "plain": "lon",
     "gk_zone": f"{MERIDIAN // 3 * 1_000_000} + gk_x(lon, lat, {MERIDIAN})",
     "local": f"gk_x(lon, lat, {MERIDIAN}) - 450000"}  # fmt: skip
Y = {"gk": f"gk_y(lon, lat, {MERIDIAN})", "gcj": "gcj_lat(lon, lat)", "plain": "lat",
     "gk_zone": f"gk_y(lon, lat, {MERIDIAN})", "local": f"gk_y(lon, lat, {MERIDIAN}) - 3800000"}  # fmt: skip


def create_component_rows(con: duckdb.DuckDBPyConnection, setup: Setup, rates: Mapping[str, float]) -> None:
    """Creates table component_row: the delivered rows, defects planted, with the day and the file part of each.

    `part` is the district of a census file and '' for the changes of a week; `system` how the points are measured.
    """
    con.execute(f"""
        create table component_row as
        with census as (
            select *, 'census' as delivery, date '{setup.first}' as day, district_code as part, 0 as step, lon as at_lon, lat as at_lat,
                   {weighted("u(i, 'census state')", STATES)} as condition, cast(null as bigint) as twin
            from component where born is null),
        twins as (
            select * replace (district_code || substr(class_code, 2) || lpad(cast(900000 + i as varchar), 6, '0') as component_code,
                              lon + 0.000003 as at_lon, null as changed_on), i as twin_of, 1 as copy_of
            from census where i % {TWIN_EVERY} = 7 and change is null),
        changes as (
            select *, 'change' as delivery, changed_on as day, '' as part, 1 as step,
                   lon + case when change = 'moved' then 0.00003 else 0 end as at_lon, lat as at_lat,
                   case change when 'removed' then pick(['移除', '拆除'], i, 'gone') when 'new' then '完好'
                        else pick(['完好', '破损', '正常', '丢失'], i, 'next') end as condition, cast(null as bigint) as twin
            from component where changed_on <= '{setup.last}'),
        again as (
            select * replace (day + 7 as day, 2 as step, '完好' as condition) from changes
            where change = 'removed' and u(i, 'again') < {rates.get("M6", 0)} and day + 7 <= '{setup.last}'),
        listed as (
            select * from census union all by name
            select * exclude (twin_of, copy_of) replace (twin_of as twin) from twins
            union all by name select * from changes union all by name select * from again),
        drawn as (
            select *, i * 8 + step * 2 + case when twin is null then 0 else 1 end as vk from listed),
        chosen as (
            select *, case when step = 2 then 'M6' when twin is not null then null
                           else {planted("vk", "component", {k: v for k, v in rates.items() if k != "M6"}, CONDITIONS)} end as defect
            from drawn),
        repeated as (
            select *, coalesce(defect, '') as d, unnest(case when defect in ('D1', 'DUP') then [0, 1] else [0] end) as copy from chosen)
        select vk, copy, i, day, part, delivery, defect, change, class_code as true_class, twin, gone, at_lon as lon, at_lat as lat, grid_code as true_grid,
               case d when 'M1' then substr(component_code, 1, 6) || '9999' || substr(component_code, 11) when 'M1b' then substr(component_code, 1, 15)
                      when 'R2' then null else component_code end as component_code,
               case when d = 'R1' then null when d = 'R3' then '〓〓' || class_name
                    else class_name || seq || case when d = 'D1' and copy = 1 then '（复核）' else '' end end as component_name,
               pick(['市城管局', '市水务局', '市住建局', '市交通局'], class_seq, 'supervise') as supervise_org,
               case when d = 'M9' then '市水务局、市燃气办' else pick(['市水务局', '市城管局', '市园林局'], i, 'own') end as own_org,
               pick(['市城管局', '市水务局', '云州市园林绿化局'], i, 'maintain') as maintain_org,
               case when d = 'M8' then pick(['待核实', '有点歪'], i, 'odd') else condition end as state,
               strftime(date '2012-01-01' + cast(floor(u(i, 'first') * 4000) as integer), '%Y-%m-%d') as first_on,
               case when d = 'T1' then '不详' else strftime(day, '%Y-%m-%d') end as changed_on,
               '普查' as data_source, street || '第' || (1 + i % 90) || '号杆旁' as location_desc,
               case when d = 'M5' then case when u(vk, 'none') < 0.5 then null else substr(grid_code, 1, 12) || '088' end else grid_code end as grid_code,
               strftime(date '{setup.first}', '%Y') as batch_year, d = 'M3' as misplaced
        from (select *, cast(substr(class_code, 2) as bigint) as class_seq from repeated)""")


def create_side_rows(con: duckdb.DuckDBPyConnection, setup: Setup, rates: Mapping[str, Mapping[str, float]]) -> None:
    """Creates tables address_row, house_row and space_row: one row per thing, defects planted."""
    con.execute(f"""
        create table address_row as
        with chosen as (select *, {planted("i", "address", rates["standard_address"], {})} as defect from address),
        repeated as (select *, coalesce(defect, '') as d, unnest(case when defect = 'DUP' then [0, 1] else [0] end) as copy from chosen)
        select i as vk, copy, date '{setup.first}' as day, defect,
               case when d = 'R2' then null else address_id end as address_id,
               case when d = 'A2' then substr(community_code, 1, 9) || '077' else community_code end as community_code,
               case when d = 'A1' then null else road end as road, case when d = 'A1' then null else cast(house_no as varchar) end as house_no,
               case when d = 'A1' then null else compound end as compound, cast(building as varchar) as building,
               '云州市' || district || street || road || house_no || '号' || coalesce(compound, '') || coalesce(building || '号楼', '') as std_text,
               case when d = 'T1' then '东经' || lon else cast(lon as varchar) end as lon, cast(lat as varchar) as lat,
               strftime(date '{setup.first}', '%Y-%m-%d') as updated_on
        from repeated;
        create table house_row as
        with chosen as (select *, {planted("i", "house", rates["house"], {})} as defect from address where building is not null),
        repeated as (select *, coalesce(defect, '') as d, unnest(case when defect = 'DUP' then [0, 1] else [0] end) as copy from chosen)
        select i as vk, copy, date '{setup.first}' as day, defect, 'HS' || substr(address_id, 3) as house_code, address_id,
               case when d = 'U1' then '其他用途' else {weighted("u(i, 'use')", {"'住宅'": 80, "'商住'": 10, "'办公'": 10})} end as house_use,
               case when d = 'T1' then '若干' else cast(3 + cast(floor(u(i, 'floors') * 30) as integer) as varchar) end as floors,
               cast(round(600 + 9000 * u(i, 'area'), 1) as varchar) as area_m2,
               strftime(date '{setup.first}', '%Y-%m-%d') as updated_on
        from repeated;
        create table space_row as
        with chosen as (select *, {planted("i", "space", rates["space"], {})} as defect from space)
        select i as vk, 0 as copy, date '{setup.first}' as day, defect, space_id,
               case when defect = 'U2' then '9' else cast(kind as varchar) end as space_type, subtype, name, cast(null as varchar) as parent_id,
               cast(lon as varchar) as lon, cast(lat as varchar) as lat, cast(radius_m as varchar) as radius_m,
               strftime(date '{setup.first}', '%Y-%m-%d') as updated_on
        from chosen""")


def system_of(part: str, turn: int) -> str:
    """How a census file of a district, or the changes of a week, are measured."""
    return CENSUS_SYSTEMS[(int(part[4:6]) - 1) % 4] if part else WEEK_SYSTEMS[turn % 2]


LISTS = {
    "address": ("标准地址", ("标准地址编码", "社区代码", "路街巷", "门牌号", "小区院落", "楼栋号", "标准地址", "经度", "纬度", "更新日期")),
    "house": ("房屋", ("房屋编码", "标准地址编码", "房屋用途", "层数", "建筑面积", "更新日期")),
    "space": ("空间", ("空间编码", "空间类型", "空间亚类", "名称", "上级空间", "经度", "纬度", "半径", "更新日期")),
}  # fmt: skip
