"""Shifts of patrols, the points of their tracks, and the events that people and cameras find."""

# ruff: noqa: E501  -- SQL with Chinese words, in which a character counts as two columns

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from departments.chance import planted
from departments.defects import Defects
from departments.home import Setup

TIME = "strftime({}, '%Y-%m-%d %H:%M:%S')".format


@dataclass(frozen=True)
class Patrols:
    """How much is patrolled in a day: shifts, cells of a route, points a cell, events, days between deliveries."""

    shifts: int
    cells: int
    points: int
    events: int
    delivery_days: int


PATROLS = {
    "small": Patrols(3, 4, 2, 5, 3),
    "medium": Patrols(20, 6, 3, 40, 1),
    "city": Patrols(430, 8, 4, 600, 1),
}
SEEN = 0.88  # share of the cells of a route that a shift goes to
SKIPPED = 0.03  # share of shifts that nobody walks


def create_shifts(con: duckdb.DuckDBPyConnection, setup: Setup, patrols: Patrols, defects: Defects) -> None:
    """Creates tables patrol_shift and shift_row; a shift is told when it is over and again when it is checked."""
    con.execute(f"""
        create table patrol_shift as
        with home as (  -- a route stays within its street
            select row_number() over (order by a.i) - 1 as home_no, a.* from cell a join cell b on b.i = a.i + {patrols.cells} - 1
            where a.street_code = b.street_code),
        numbered as (
            select d.day, d.ordinal * 10000 + r.n as k, cast(floor(u(d.ordinal * 10000 + r.n, 'home') * (select count(*) from home)) as bigint) as home_no,
                   cast(d.day as timestamp) + seconds(3600 * pick([7, 8, 13, 14], d.ordinal * 10000 + r.n, 'start')) as starts_at
            from day d, unnest(range({patrols.shifts})) as r(n) where d.day between '{setup.first}' and '{setup.last}')
        select s.*, 'YZX' || strftime(s.day, '%Y%m%d') || lpad(cast(s.k % 10000 as varchar), 4, '0') as shift_id, c.i as home_i, c.grid_code, c.street_org,
               starts_at + interval 4 hour as ends_at, starts_at + seconds(span(s.k, 'check', 90000, 180000)) as checked_at,
               u(s.k, 'walked') >= {SKIPPED} as is_walked
        from numbered s join home c using (home_no)""")
    con.execute(f"""
        create table route_cell as
        select s.k, r.n as place, c.grid_code, c.lon, c.lat, c.side_m
        from patrol_shift s, unnest(range({patrols.cells})) as r(n)
        join cell c on c.i = s.home_i + r.n""")
    con.execute(f"""
        create table shift_row as
        with told as (
            select k * 2 as k, k as shift_k, ends_at as moment, cast(null as varchar) as conclusion from patrol_shift
            union all
            select k * 2 + 1, k, checked_at, case when not is_walked or u(k, 'passed') < 0.1 then '不合格' else '合格' end from patrol_shift),
        routes as (select k as shift_k, string_agg(grid_code, ';' order by place) as route from route_cell group by k),
        -- What is wrong with a shift stays wrong in every version of it.
        marked as (select *, case when {planted("shift_k", "shift", {"T5": defects.rates("patrol_shift").get("T5", 0)}, {})} is not null then 'T5'
                                  else {planted("k", "shift version", {rule: rate for rule, rate in defects.rates("patrol_shift").items() if rule != "T5"}, {"T1": "conclusion is not null"})} end as defect from told),
        repeated as (select *, unnest(case when defect = 'DUP' then [0, 1] else [0] end) as copy, coalesce(defect, '') as d from marked)
        select r.k, copy, r.shift_k, moment, defect, d, s.shift_id, case when d = 'T5' then '云州市第三巡查队' else (select max(name) from org where org_code = s.street_org) end as org,
               s.grid_code, person(s.home_i % 97, 'patrol') as inspector, '市容与部件巡查' as duty, t.route, {TIME("s.starts_at")} as starts_at, {TIME("s.ends_at")} as ends_at,
               {patrols.cells} + case when d = 'T6' then 2 else 0 end as quota, 15 as stay, conclusion,
               case when d = 'T1' then '未知' else {TIME("moment")} end as updated_at
        from repeated r join patrol_shift s on s.k = r.shift_k join routes t on t.shift_k = r.shift_k""")


def create_tracks(con: duckdb.DuckDBPyConnection, patrols: Patrols, defects: Defects) -> None:
    """Creates table track_row: points near the middle of the cells that were seen. A track has one defect at most: at
    its third point, which has drifted (so that the way back is too quick as well), came twice or has no place."""
    rates = {rule: rate for rule, rate in defects.rates("patrol_track").items() if rule not in ("T4", "T7")}
    con.execute(f"""
        create table track_row as
        with lost as (select distinct shift_k from shift_row where d = 'T5'),
        marked as (
            select s.*, s.k in (select shift_k from lost) as is_lost, {planted("s.k", "track", rates, {})} as track_defect
            from patrol_shift s where is_walked),
        seen as (
            select m.*, c.lon, c.lat, c.side_m, r.n, row_number() over (partition by m.k order by c.place, r.n) as point
            from marked m join route_cell c on c.k = m.k, unnest(range({patrols.points})) as r(n)
            where u(m.k * 100 + c.place, 'seen') < {SEEN}),
        told as (
            select *, case when is_lost then 'T7' when point = 3 then track_defect when point = 4 and track_defect = 'T1v' then 'T1v' end as defect,
                   point = 3 and track_defect = 'T1v' and not is_lost as has_drifted, k * 1000 + point as pk,
                   starts_at + seconds(600 * point) as moment
            from seen),
        repeated as (select *, unnest(case when defect = 'DUP' then [0, 1] else [0] end) as copy, coalesce(defect, '') as d from told)
        select pk as k, copy, moment, ends_at as told_at, defect, d, shift_id, case when d = 'T1' then '信号中断' else {TIME("moment")} end as tracked_at,
               round(lon + span(pk, 'lon', -0.1, 0.1) * side_m / 91000 + case when has_drifted then 0.6 else 0 end, 6) as lon,
               round(lat + span(pk, 'lat', -0.1, 0.1) * side_m / 111320, 6) as lat
        from repeated""")


def create_events(con: duckdb.DuckDBPyConnection, setup: Setup, patrols: Patrols, defects: Defects) -> None:
    """Creates tables patrol_find and event_row: events by people and cameras, some seen by both, frames told again."""
    conditions = dict.fromkeys(("T2", "T2b", "T3"), "is_machine")
    con.execute(f"""
        create table patrol_find as
        with numbered as (
            select d.day, d.ordinal * 10000 + r.n as k from day d, unnest(range({patrols.events})) as r(n)
            where d.day between '{setup.first}' and '{setup.last}'),
        drawn as (
            select *, cast(floor(u(k, 'find cell') * (select count(*) from cell)) as bigint) as cell_i, u(k, 'machine') < 0.62 as is_machine,
                   u(k, 'both') < 0.12 as is_both, cast(day as timestamp) + seconds(25200 + 28800 * u(k, 'found')) as found_at
            from numbered)
        select d.*, c.grid_code, round(c.lon + span(k, 'find lon', -0.1, 0.1) * c.side_m / 91000, 6) as lon,
               round(c.lat + span(k, 'find lat', -0.1, 0.1) * c.side_m / 111320, 6) as lat, array_to_string(l.names, '/') as class
        from drawn d join cell c on c.i = d.cell_i
        join class l on substr(l.code, 1, 1) = 'E' and l.i = cast(floor(u(k, 'find class') * (select count(*) from class x where substr(x.code, 1, 1) = 'E')) as bigint)""")
    con.execute(f"""
        create table event_row as
        with told as (
            select *, k * 100 as ek, 0 as turn, {planted("k", "event", defects.rates("patrol_event"), conditions)} as first_defect from patrol_find),
        -- The other channel sees the same within the hour, a few metres off.
        both_told as (
            select * replace (not is_machine as is_machine, found_at + seconds(span(k, 'later', 900, 3000)) as found_at, lon + 0.00005 as lon, 50 as turn, k * 100 + 50 as ek, null as first_defect)
            from told where is_both and first_defect is null),
        -- A camera tells of one frame again and again.
        frames as (
            select told.* replace (found_at + to_seconds(20 * f.n) as found_at, f.n as turn, k * 100 + f.n as ek) from told, unnest(range(1, 6)) as f(n) where first_defect = 'T3'),
        every as (
            select *, case when first_defect <> 'T3' then first_defect end as defect from told
            union all
            select *, null from both_told
            union all
            select *, 'T3' from frames),
        repeated as (select *, unnest(case when defect = 'DUP' then [0, 1] else [0] end) as copy, coalesce(defect, '') as d from every)
        select ek as k, copy, found_at as moment, defect, d, is_machine, turn, 'YZE' || strftime(day, '%Y%m%d') || lpad(cast(k % 10000 as varchar), 4, '0') || lpad(cast(turn as varchar), 2, '0') as event_id,
               case when is_machine then '智能识别' else '人工巡查' end as channel,
               case when is_machine then 'YZC' || lpad(cast(k % 10000 as varchar), 5, '0') || strftime(day, '%d') end as device_id,
               case when d = 'T8' then '事件/其他/不明' else class end as class, {TIME("found_at")} as found_at, lon, lat, grid_code,
               case when not is_machine or d = 'T2b' then null when d = 'T2' then 87.5 else round(span(ek, 'sure', 0.55, 0.99), 4) end as confidence
        from repeated""")
