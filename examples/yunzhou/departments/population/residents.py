"""Residents and how a few change: they move, they die, some are registered at a second station. All are invented."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

import duckdb

from departments.chance import planted
from departments.defects import Defects
from departments.home import Setup
from departments.identifiers import person_id_sql

RESIDENTS = {"small": 900, "medium": 12_000, "city": 2_000_000}
CHANGES_PER_DAY = 0.003
CONDITIONS = {
    "P2": "born < date '2000-01-01'", "P3": "version = 1", "P5": "died is not null",
}  # fmt: skip


def create_residents(con: duckdb.DuckDBPyConnection, setup: Setup) -> None:
    """Creates table resident: one row per person and state, `known_on` the day on which the police know it."""
    days = (setup.last - setup.first).days
    share = min(CHANGES_PER_DAY * days, 0.5)
    con.execute(f"""
        create table resident as
        with numbered as (
            select i, u(i, 'woman') < 0.5 as woman, date '1938-01-01' + cast(floor(u(i, 'age') * 31500) as integer) as born,
                   u(i, 'changes') < {share} as changes
            from range({RESIDENTS[setup.scale]}) r(i)),
        versions as (select *, unnest(case when changes then [0, 1] else [0] end) as version from numbered),
        dated as (
            select *, i * 4 + version as vk, pick(['搬迁', '搬迁', '搬迁', '死亡'], i, 'how') as how,
                   case version when 0 then date '{setup.first}'
                        else date '{setup.first}' + 1 + cast(floor(u(i, 'changed') * {max(days - 1, 1)}) as integer) end as known_on
            from versions),
        placed as (
            select *, cast(floor(u(case when version = 1 and how = '搬迁' then i + 500000000 else i end, 'home') * (select count(*) from cell)) as bigint) as cell_i
            from dated)
        select p.*, {person_id_sql("('99' || lpad(cast(p.i // 500 % 10000 as varchar), 4, '0'))", "p.born", "(p.i % 500 * 2 + case when woman then 0 else 1 end)")} as id_no,
               person(p.i, 'resident') as name, case when woman then '女' else '男' end as sex,
               case when u(p.i, 'from here') < 0.8 then c.district_code else '990199' end as hukou_code, c.community_code,
               c.street || '居民巷' || (1 + cast(floor(u(cell_i, 'door') * 90) as integer)) || '号' as address,
               case when u(p.i, 'from here') < 0.8 then '户籍' else '流动' end as resident_type,
               case when version = 1 and how = '死亡' then known_on - 1 end as died, c.street || '派出所' as station
        from placed p join (select * rename (i as cell_no) from cell) c on c.cell_no = p.cell_i""")


def create_rows(con: duckdb.DuckDBPyConnection, defects: Defects) -> None:
    """Creates table population_person_row: the states as they are delivered, defects planted.

    The first state of a resident who changes is sound, so that what is wrong with the second can be seen.
    """
    con.execute(f"""
        create table population_person_row as
        with chosen as (
            select *, case when version = 1 or not changes
                           then {planted("vk", "resident", defects.rates("population_person"), CONDITIONS)} end as defect
            from resident),
        repeated as (
            select *, unnest(case when defect = 'DUP' then [0, 1] else [0] end) as copy, coalesce(defect, '') as d from chosen)
        select vk, copy, defect, known_on, cast(known_on as timestamp) + seconds(span(vk, 'told', 30000, 60000)) as gxsj,
               case d when 'R2' then null when 'P3' then 'RK9' || lpad(cast(i as varchar), 11, '0') else 'RK0' || lpad(cast(i as varchar), 11, '0') end as rybh,
               case d when 'R1' then null when 'P4' then case when u(vk, 'rare') < 0.5 then substr(name, 1, 1) || '?' else substr(name, 1, 1) || chr(58000) end
                      else name end as xm,
               case d when 'P1' then substr(id_no, 1, 17) || case when substr(id_no, 18) = '7' then '8' else '7' end
                      when 'P2' then substr(id_no, 1, 6) || substr(id_no, 9, 9)
                      else case when u(vk, 'small x') < 0.5 then lower(id_no) else id_no end end as gmsfhm,
               case d when 'P1c' then case sex when '男' then '女' else '男' end else sex end as xb,
               case d when 'T1' then '不详' when 'P1b' then strftime(born + 40, '%Y-%m-%d')
                      else case when u(vk, 'format') < 0.1 then strftime(born, '%Y%m%d') else strftime(born, '%Y-%m-%d') end end as csrq,
               hukou_code as hjd, community_code as jzd, address as jzdz, resident_type as jzlx,
               case when died is not null and d <> 'P5' then '死亡' else '正常' end as zt, strftime(died, '%Y-%m-%d') as swrq,
               station as pcs
        from repeated""")
