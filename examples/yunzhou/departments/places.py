"""What stands where in the city: addresses, components, houses and spaces, drawn once for every system to refer to."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

import duckdb

from departments.chance import text_list, weighted
from departments.home import Home, Setup
from departments.scales import SCALES
from departments.vocabulary.locations import COMPOUND_FIRST, COMPOUND_LAST, COMPOUND_SECOND, ROAD_FIRST, ROAD_SECOND

BLOCKS = {"small": 1, "medium": 3, "city": 10}  # blocks of a cell: a house of its own, and a compound of two buildings
ADDRESSES_A_BLOCK = 4
TWIN_EVERY = 150  # every 150th component was counted twice in the census
SPOKEN = {
    "full": 22, "district": 13, "road": 12, "compound": 16, "alias": 8, "relative": 12, "crossing": 5, "vague": 12,
}  # fmt: skip
ASIDE = ["对面", "旁边", "东侧50米", "路口西侧30米", "附近"]
VAGUE = ["工地北侧", "菜场门口", "小广场边上", "公交站后面", "桥下"]
CHINESE_NUMBERS = "一二三四五六七八九十"


def create_places(con: duckdb.DuckDBPyConnection, setup: Setup) -> None:
    """Creates tables address, component and space of the cells in use; row `i` of address lies in cell `i // per_cell`."""
    scale, blocks = SCALES[setup.scale], BLOCKS[setup.scale]
    con.execute("create macro at_turn(items, n) as items[1 + cast(n as bigint) % len(items)]")
    con.execute(f"create macro addresses_a_cell() as {blocks * ADDRESSES_A_BLOCK}")
    con.execute(f"""
        create table address as
        with numbered as (
            select c.*, c.i * addresses_a_cell() + n as address_i, n, n // {ADDRESSES_A_BLOCK} as block, n % {ADDRESSES_A_BLOCK} as slot
            from cell c, unnest(range(0, addresses_a_cell())) r(n)),
        named as (
            select *, i * {blocks} + block as q, block * 4 + case slot when 0 then 1 else 3 end as house_no from numbered)
        select address_i as i, i as cell_i, 'AD' || grid_code || lpad(cast(n as varchar), 3, '0') as address_id, grid_code, community_code,
               district, street, house_no,
               at_turn({text_list(ROAD_FIRST)}, i) || at_turn({text_list(ROAD_SECOND)}, i // 16) || '路' as road,
               case when slot > 0 then at_turn({text_list(COMPOUND_FIRST)}, q) || at_turn({text_list(COMPOUND_SECOND)}, q // 16) end as stem,
               case when slot > 0 then at_turn({text_list(COMPOUND_LAST)}, q % 16 + q // 16 % 16) end as compound_kind,
               case when slot > 1 then cast(slot - 1 as integer) end as building,
               round(lon + span(address_i, 'ax', -0.28, 0.28) * side_m / 92000, 7) as lon,
               round(lat + span(address_i, 'ay', -0.28, 0.28) * side_m / 111320, 7) as lat
        from named order by address_i""")
    con.execute("alter table address add column compound varchar")
    con.execute("update address set compound = stem || compound_kind")
    _create_components(con, setup, scale.components)
    con.execute("""
        create table space as
        select row_number() over (order by c.i, t.kind) - 1 as i, 'SP' || c.grid_code || t.kind as space_id, t.kind, t.subtype,
               c.community || t.label as name, c.grid_code,
               round(c.lon + (t.east + span(c.i, t.subtype, -0.02, 0.02)) * c.side_m / 92000, 7) as lon, round(c.lat, 7) as lat, cast(round(0.25 * c.side_m) as integer) as radius_m
        from cell c, (values (1, '道路广场', '广场', -0.15), (2, '居住小区', '居住区', 0.1), (3, '产业园区', '产业园', 0.3)) t(kind, subtype, label, east)
        where c.grid_code like '%001'""")


def _create_components(con: duckdb.DuckDBPyConnection, setup: Setup, count: int) -> None:
    """Table component: `born` and `gone` are days of the simulation, NULL for what was there before and still stands."""
    con.execute(f"""
        create table component as
        with weeks as (
            select count(*) as n from day where day > '{setup.first}' and day <= '{setup.last}' and dayofweek(day) = 1),
        drawn as (
            select r.i, cast(floor(u(r.i, 'component cell') * (select count(*) from cell)) as bigint) as cell_i,
                   cast(floor(pow(u(r.i, 'component class'), 1.5) * (select count(*) from class where code like 'C%')) as bigint) as class_i,
                   cast(floor(u(r.i, 'component week') / least(0.05, 0.9 / greatest(n, 1))) as bigint) as week, n as weeks,
                   {weighted("u(r.i, 'component change')", {"'state'": 65, "'removed'": 15, "'moved'": 10, "'new'": 10})} as change
            from range({count}) r(i), weeks),
        placed as (
            select d.* replace (case when week < weeks then change end as change), c.district_code, c.grid_code, c.street, k.code as class_code, k.names[3] as class_name,
                   k.names[2] as class_group,
                   round(c.lon + span(d.i, 'component x', -0.28, 0.28) * c.side_m / 92000, 8) as lon,
                   round(c.lat + span(d.i, 'component y', -0.28, 0.28) * c.side_m / 111320, 8) as lat,
                   case when week < weeks then date_trunc('week', date '{setup.first}' + 7) + to_days(cast(7 * week as integer)) end as monday
            from drawn d join cell c on c.i = d.cell_i join class k on k.code like 'C%' and k.i = d.class_i),
        numbered as (
            select *, row_number() over (partition by district_code, class_code order by i) as seq,
                   row_number() over (partition by class_code order by i) - 1 as class_n
            from placed)
        select * exclude (weeks, week, monday), district_code || substr(class_code, 2) || lpad(cast(seq as varchar), 6, '0') as component_code,
               cast(monday as date) as changed_on,
               case when change = 'new' then cast(monday as date) end as born,
               case when change = 'removed' then cast(monday as date) end as gone
        from numbered order by i""")
    con.execute("create table class_size as select class_code, count(*) as components from component group by all")


def write_truth(con: duckdb.DuckDBPyConnection, home: Home, name: str, relation: str, key: str) -> None:
    """Keeps which address each text of `relation` is about, and in which way it is said, as truth."""
    home.truth(name).parent.mkdir(parents=True, exist_ok=True)
    con.execute(f"""
        copy (select distinct {key} as no, address, said_id as address_id, said_way as way from {relation} where {key} is not null order by all)
        to '{home.truth(name)}' (format parquet)""")


def spoken(key: str, at: str) -> tuple[str, str]:
    """SQL of (what a caller says of the address row `at`, which way of saying it is); `key` is the integer of chance."""
    way = weighted(f"u({key}, 'spoken')", {f"'{name}'": weight for name, weight in SPOKEN.items()})
    building = (
        f"case when {at}.building is null then '' when u({key}, 'number') < 0.3 then substr('{CHINESE_NUMBERS}', {at}.building, 1) || '号楼' "
        f"when u({key}, 'number') < 0.5 then translate(cast({at}.building as varchar), '0123456789', '０１２３４５６７８９') || '＃' "
        f"when u({key}, 'number') < 0.6 then {at}.building || '栋' else {at}.building || '号楼' end"
    )
    door = f"{at}.road || {at}.house_no || '号'"
    inside = f"coalesce({at}.compound, '') || {building}"
    text = f"""case {way}
        when 'full' then {at}.street || {door} || {inside}
        when 'district' then '云州市' || {at}.district || {at}.street || {door} || {inside}
        when 'road' then {door} || {inside}
        when 'compound' then case when {at}.compound is null then {at}.street || {door} else {inside} end
        when 'alias' then case when {at}.stem is null then {door} else {at}.stem || '大院' || {building} end
        when 'relative' then {at}.street || {door} || pick({text_list(ASIDE)}, {key}, 'aside')
        when 'crossing' then {at}.street || {at}.road || '路口'
        else {at}.street || pick({text_list(VAGUE)}, {key}, 'vague') end"""
    return text, way
