"""The survey's drops: a census as one Shapefile a district, changes of a week as GeoJSON, lists of places as text."""

# ruff: noqa: E501  -- Chinese headings, in which a character counts as two columns

from __future__ import annotations

import json
from datetime import date, timedelta

import duckdb

from departments import answers, outbox
from departments.components.rows import LISTS, MERIDIAN, X, Y, create_component_rows, create_side_rows, system_of
from departments.components.shapefile import record_sql, zipped
from departments.defects import Defects
from departments.files import delimited
from departments.home import Home, Setup

FEED = "components"
FIELDS = (
    ("component_code", 20, "部件标识码"), ("component_name", 40, "部件名称"), ("supervise_org", 40, "主管部门名称"),
    ("own_org", 60, "权属单位名称"), ("maintain_org", 40, "养护单位名称"), ("state", 20, "部件状态"), ("first_on", 10, "初始日期"),
    ("changed_on", 10, "最近变更日期"), ("data_source", 20, "数据来源"), ("location_desc", 60, "位置描述"),
    ("grid_code", 16, "所在单元网格编码"), ("batch_year", 4, "N次普查年份"),
)  # fmt: skip
PROJECTION = (
    'PROJCS["CGCS2000_3_Degree_GK_CM_123E",GEOGCS["GCS_China_Geodetic_Coordinate_System_2000",'
    'DATUM["D_China_2000",SPHEROID["CGCS2000",6378137.0,298.257222101]],PRIMEM["Greenwich",0.0],'
    'UNIT["Degree",0.0174532925199433]],PROJECTION["Gauss_Kruger"],PARAMETER["False_Easting",500000.0],'
    f'PARAMETER["False_Northing",0.0],PARAMETER["Central_Meridian",{MERIDIAN}.0],UNIT["Meter",1.0]]'
)
PHYSICAL = {"address": "standard_address"}
NAMED = "urn:ogc:def:crs:EPSG::4490"


def generate(con: duckdb.DuckDBPyConnection, home: Home, setup: Setup, defects: Defects) -> None:
    """Stages every drop, adds its defects to the answer key, and keeps the true places as truth."""
    create_component_rows(con, setup, defects.rates("component"))
    create_side_rows(
        con, setup, {PHYSICAL.get(table, table): defects.rates(PHYSICAL.get(table, table)) for table in LISTS}
    )
    deliveries = con.execute(
        "select day, part, row_number() over (partition by part order by day) from component_row group by day, part order by 1, 2"
    ).fetchall()
    weeks = [day for day, part, _ in deliveries if not part]
    local = weeks[int(defects.files[FEED]["local"] * len(weeks))] if weeks and FEED in defects.files else None
    for day, part, turn in deliveries:
        _stage(con, home, day, part, system_of(part, turn), last=setup.last, is_local=not part and day == local)
    for table, (stem, header) in LISTS.items():
        _stage_list(con, home, table, stem, header)
    _write_truth(con, home)


def _stage(
    con: duckdb.DuckDBPyConnection, home: Home, day: date, part: str, system: str, *, last: date, is_local: bool
) -> None:
    delivered = day
    stem = f"{day}/部件普查_{part}_{day:%Y%m%d}" if part else f"{day}/部件变更_{day:%Y%m%d}"
    if is_local:  # measured in a system of the surveyor's own, and a day later once more as agreed
        outbox.stage(home, FEED, day, f"{stem}.geojson", _changes(con, day, "local"))
        con.execute(
            "insert into answer values ('components', 'component', null, null, ?, '', null, 'M7', ?)",
            [day, answers.HELD],
        )
        stem, delivered = f"{stem}_v2", day + timedelta(days=1)
    name = f"{stem}.zip" if part else f"{stem}.geojson"
    content = _census(con, day, part, system) if part else _changes(con, day, system)
    outbox.stage(home, FEED, delivered, name, content)
    if delivered > last:
        return
    answers.add(
        con,
        FEED,
        "component",
        f"""
        select component_code as row_key, cast(null as timestamp) as version_at, day as business_date, '{name}' as file_name, line,
               defect as rule_id
        from (select *, row_number() over (order by vk, copy) as line from component_row where day = '{day}' and part = '{part}')
        where defect is not null and copy = (case when defect in ('D1', 'DUP') then 1 else 0 end)""",
    )


def _census(con: duckdb.DuckDBPyConnection, day: date, part: str, system: str) -> bytes:
    found = con.execute(f"""
        select {record_sql([(name, width) for name, width, _ in FIELDS])} as record,
               case when misplaced then 0.0 else {X[system]} end as x, case when misplaced then 0.0 else {Y[system]} end as y
        from component_row where day = '{day}' and part = '{part}' order by vk, copy""").fetchnumpy()
    titles = [(title, width) for _, width, title in FIELDS]
    projection = PROJECTION if system == "gk" else None
    return zipped(f"部件普查_{part}", titles, found["record"].tolist(), (found["x"], found["y"]), projection)


def _changes(con: duckdb.DuckDBPyConnection, day: date, system: str) -> bytes:
    pairs = ", ".join(f"'{title}': {name}" for name, _, title in FIELDS)
    rows = con.execute(f"""
        select to_json({{'type': 'Feature', 'properties': {{{pairs}}}, 'geometry': case when not misplaced then
               {{'type': 'Point', 'coordinates': [round({X[system]}, 8), round({Y[system]}, 8)]}} end}})
        from component_row where day = '{day}' and part = '' order by vk, copy""").fetchall()
    crs = {"type": "name", "properties": {"name": NAMED}} if system == "plain" else None
    head = json.dumps({"type": "FeatureCollection", **({"crs": crs} if crs else {})})[:-1]
    features = ",\n".join(row for (row,) in rows)
    return f'{head}, "features": [\n{features}\n]}}\n'.encode()


def _stage_list(con: duckdb.DuckDBPyConnection, home: Home, table: str, stem: str, header: tuple[str, ...]) -> None:
    columns = [row[0] for row in con.execute(f"describe {table}_row").fetchall()][4:]
    for (day,) in con.execute(f"select distinct day from {table}_row").fetchall():
        rows = con.execute(
            f"select {', '.join(columns)} from {table}_row where day = ? order by vk, copy", [day]
        ).fetchall()
        name = f"{day}/{stem}_{day:%Y%m%d}.csv"
        outbox.stage(home, FEED, day, name, delimited(header, rows, encoding="gb18030"))
        answers.add(
            con,
            FEED,
            PHYSICAL.get(table, table),
            f"""
            select cast({columns[0]} as varchar) as row_key, cast(null as timestamp) as version_at, day as business_date, '{name}' as file_name, line,
                   defect as rule_id
            from (select *, row_number() over (order by vk, copy) as line from {table}_row where day = '{day}')
            where defect is not null and copy = (case when defect = 'DUP' then 1 else 0 end)""",
        )


def _write_truth(con: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Where each component truly is, as it stands last, and which were counted twice."""
    home.truth("component").parent.mkdir(parents=True, exist_ok=True)
    con.execute(f"""
        copy (select component_code, true_class as class_code, lon, lat, true_grid as grid_code, gone is not null as is_removed, twin is not null as is_twin
              from component_row where copy = 0 and defect is null
              qualify row_number() over (partition by component_code order by vk desc) = 1 order by component_code)
        to '{home.truth("component")}' (format parquet)""")
