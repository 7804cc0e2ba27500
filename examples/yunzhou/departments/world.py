"""The city as the systems know it: DuckDB tables drawn from the vocabulary files, and the volume of each day."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import duckdb

from departments import chance, geo
from departments.home import CITY_FOLDER, Setup
from departments.scales import SCALES, Scale

VOCABULARY = CITY_FOLDER / "vocabulary"
SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何高林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰建国文辉红梅志鹏飞鑫波斌宇浩凯健俊帆雪荣新宁"
RARE = "㛃䶮𠮷镕喆"
WORK_MINUTES = 480
MORNING = 210  # minutes from 08:30 to 12:00


def open_world(setup: Setup, scratch: Path) -> duckdb.DuckDBPyConnection:
    """A DuckDB connection with chance, geography and the tables of the city.

    Tables: cell (grid cells with the names of their place and its offices), org, leaf (hotline classes), class (grid
    classes with limits), item, day (volumes), workday. Memory is bounded to 4 GB, the rest goes to the folder `scratch`;
    order is kept, so files are reproducible.
    """
    con = duckdb.connect()
    con.execute("set memory_limit = '4GB'; set threads = 2; set preserve_insertion_order = true")
    con.execute(f"set temp_directory = '{scratch}'")
    chance.install(con, setup.seed)
    geo.install(con)
    scale = SCALES[setup.scale]
    for name in ("division", "grid_cell", "organisation", "code", "code_crosswalk", "time_limit", "calendar"):
        con.execute(f"create table v_{name} as select * from read_csv('{VOCABULARY / name}.csv', all_varchar = true)")
    con.execute(
        f"create table v_item as select * from read_csv('{VOCABULARY}/enforcement_item.csv', all_varchar = true)"
    )
    _places(con, scale)
    _organisations(con)
    _classes(con)
    _days(con, setup, scale)
    _working_time(con)
    con.execute(f"""create macro person(k, purpose) as
        pick(chars('{SURNAMES}'), k, purpose || 's') || pick(chars('{GIVEN}'), k, purpose || 'a')
        || case when u(k, purpose || 'n') < 0.01 then pick(chars('{RARE}'), k, purpose || 'r')
                when u(k, purpose || 'n') < 0.6 then pick(chars('{GIVEN}'), k, purpose || 'b') else '' end""")
    con.execute("create macro mobile(k, purpose) as '19900' || digits(k, purpose, 6)")
    return con


def _places(con: duckdb.DuckDBPyConnection, scale: Scale) -> None:
    con.execute(f"""
        create table cell as
        select row_number() over (order by g.grid_code) - 1 as i, g.grid_code, g.community_code,
               d.name as district, s.name as street, c.name as community, d.code as district_code, s.code as street_code,
               cast(g.lon as double) as lon, cast(g.lat as double) as lat, sqrt(cast(g.area_m2 as double)) as side_m,
               g.duty_org_code as street_org
        from v_grid_cell g join v_division c on c.code = g.community_code
        join v_division s on s.code = c.parent_code join v_division d on d.code = s.parent_code
        where g.valid_to is null and c.valid_to is null
          and cast(substr(d.code, 5, 2) as integer) <= {scale.districts}
          and (select count(*) from v_division o where o.parent_code = d.code and o.code < s.code)
              < {scale.streets_per_district}""")
    con.execute("create table retired_cell as select grid_code from v_grid_cell where valid_to is not null")


def _organisations(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        create table org as
        select org_code, uscc, org_level, division_code, max(name) filter (where valid_to is null) as name,
               max(name) filter (where valid_to is not null) as former
        from v_organisation group by all""")
    con.execute("""create table bureau as select row_number() over (order by org_code) - 1 as i, * from org
        where org_level = 'bureau' and org_code not in ('YZ-ZX', 'YZ-SJJ', 'YZ-FGW')""")


def _classes(con: duckdb.DuckDBPyConnection) -> None:
    con.execute("""
        create table leaf as
        select row_number() over (order by code) - 1 as i, code, string_split(source_value, '/') as names
        from v_code_crosswalk where scheme = 'hotline_class' and length(code) = 7""")
    con.execute("""
        create table class as
        select row_number() over (partition by substr(x.code, 1, 1) order by x.code, x.source_value) - 1 as i, x.code,
               string_split(x.source_value, '/') as names, cast(t.limit_value as double) as limit_value, t.limit_unit
        from v_code_crosswalk x join v_time_limit t on t.class_code = x.code
        where x.scheme = 'grid_class'""")
    con.execute("""
        create table item as
        select row_number() over (order by item_code) - 1 as i, item_code, aspect, name,
               cast(min_fine_yuan as decimal(18, 2)) as low, cast(max_fine_yuan as decimal(18, 2)) as high
        from v_item where valid_to is null""")


def _days(con: duckdb.DuckDBPyConnection, setup: Setup, scale: Scale) -> None:
    """Volumes by day: a week's rhythm, quieter holidays, and a little noise."""
    since = setup.first - timedelta(days=setup.history_days)
    con.execute(
        f"""
        create table day as
        with d as (
            select cast(g.day as date) as day, date_diff('day', date '2000-01-01', g.day) as ordinal, c.is_working = 'true' as working,
                   c.holiday is not null and c.is_working = 'false' as festive
            from generate_series(cast(? as timestamp), cast(? as timestamp), interval 1 day) g(day)
            join v_calendar c on cast(c.day as date) = g.day),
        f as (
            select *, [0.82, 1.05, 1.0, 1.0, 0.98, 1.02, 0.86][dayofweek(day) + 1]
                * case when festive then 0.85 else 1 end as rhythm from d)
        select day, ordinal, working,
               cast(round({scale.tickets} * rhythm * span(ordinal, 'tickets', 0.95, 1.05)) as integer) as tickets,
               cast(round({scale.cases} * rhythm * span(ordinal, 'cases', 0.95, 1.05)) as integer) as cases,
               case when working then cast(round({scale.permits} * span(ordinal, 'permits', 0.92, 1.08)) as integer)
                    else 0 end as permits,
               case when working then cast(round({scale.penalties} * span(ordinal, 'fines', 0.9, 1.1)) as integer)
                    else 0 end as penalties
        from f order by day""",
        [_midnight(since), _midnight(setup.last)],
    )


def _working_time(con: duckdb.DuckDBPyConnection) -> None:
    """Macros between moments and minutes of working time; a working day has 480, from 08:30 and from 13:30."""
    con.execute(f"""
        create table workday as
        select cast(day as date) as day, is_working = 'true' as working,
               {WORK_MINUTES} * (sum(case when is_working = 'true' then 1 else 0 end) over (order by day)
                                 - case when is_working = 'true' then 1 else 0 end) as before
        from v_calendar where cast(day as date) >= date '2020-01-01' and cast(day as date) < date '2030-01-01';
        create table worked as select before, day from workday where working;
        create macro minute_of_day(t) as date_diff('second', cast(cast(t as date) as timestamp), t) / 60.0;
        create macro work_of_day(m) as
            least(greatest(m - 510, 0), {MORNING}) + least(greatest(m - 810, 0), {WORK_MINUTES - MORNING});
        create macro work_clock(day, m) as cast(day as timestamp)
            + seconds(60 * case when m <= {MORNING} then 510 + m else 810 + m - {MORNING} end);
    """)


def _midnight(day: date) -> str:
    return f"{day} 00:00:00"
