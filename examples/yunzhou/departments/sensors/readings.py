"""Readings of the devices, drawn by device and time, as the bridge sends them on: late, twice, in other units."""

from __future__ import annotations

import duckdb

from departments.chance import planted
from departments.defects import Defects
from departments.sensors.devices import Network, serial_at

OUTAGE = 0.03  # share of the days of a device whose readings come with the next delivery
TIME = "strftime({}, '%Y-%m-%d %H:%M:%S')".format
INSTANT = "strftime({}, '%Y-%m-%dT%H:%M:%S+08:00')".format
CONDITIONS = {
    "I4": "late_on is not null", "I7": "kind in ('gas_pressure', 'water_pressure')",
}  # fmt: skip


def create_readings(
    con: duckdb.DuckDBPyConnection, network: Network, defects: Defects, since: str, until: str, *, last: str
) -> None:
    """Creates table reading_row: the lines of the days `since` to `until` with the day of their delivery.

    Needs table delivery(day, covers_from): the days of delivery, each with the first day whose readings it brings.
    Two lines of one reading (copies 0 and 1) are equal for DUP, and differ in their value for I3.
    """
    rates = dict(defects.rates("iot_reading"))
    stuck = rates.pop("I5", 0.0)  # share of the days of a device on which its value does not move
    con.execute("drop table if exists reading_row")
    con.execute(f"""
        create table reading_row as
        with timed as (
            select d.*, v.day, v.ordinal, t.moment as read_at, e.day
                as due_on, d.i * 100000000 + v.ordinal * 1440 + date_diff('minute', v.day, t.moment) as k,
                   d.i * 100000 + v.ordinal as dk
            from device d cross join day v
            join delivery e on v.day between e.covers_from and e.day,
                 unnest(generate_series(cast(v.day
                     as timestamp), v.day + interval 1439 minute, to_minutes(d.minutes))) as t(moment)
            where d.kind is not null and v.day between '{since}' and '{until}'),
        chosen as (
            select t.*, u(dk, 'stuck') < {stuck} as stuck, n.day as next_on, l.day as late_on
            from timed t
            left join delivery n on n.covers_from = t.due_on + 1
            left join delivery l on t.day + 5 between l.covers_from and l.day),
        drawn as (
            select *, not stuck and next_on <= day + 3 and u(dk, 'outage') < {OUTAGE} as out,
                   case when stuck then case when read_at >= day + interval 6 hour then 'I5' end
                       else {planted("k", "reading", rates, CONDITIONS)} end as defect,
                   not stuck and u(k, 'peak') < share as is_peak,
                   case when stuck then dk else k end as vk
            from chosen),
        valued as (
            select *, case when is_peak then round(peak * span(k, 'height', 1, 1.02), 5)
                           else round(mean + case when stuck then 0 else swing * sin(2 * pi() * (extract(hour
                               from read_at) - 8) / 24) end
                                      + noise * span(vk, 'noise', -1, 1), 5) end as value
            from drawn),
        repeated as (
            select *, unnest(case when defect in ('DUP', 'I3') then [0, 1] else [0] end)
                as copy, coalesce(defect, '') as d_,
                   case when defect = 'I4' then late_on when out then next_on else due_on end as delivered_on,
                   case when defect = 'I6' then read_at + seconds(span(k, 'skew', 360, 1800)) else read_at end
                       as told_at
            from valued)
        select k, copy, defect, delivered_on, kind, is_peak, told_at, value, grid_code, d_ as d,
               case d_ when 'I1' then 'YZD9' || digits(k, 'stray', 5) when 'R2' then null else device_id end as id,
               kind as m,
               case i % 4 when 0 then {TIME("told_at")} when 1 then {INSTANT("told_at")}
                               when 2 then cast(cast(epoch(told_at) as bigint) - 28800 as varchar)
                               else cast((cast(epoch(told_at) as bigint) - 28800) * 1000 as varchar) end as ts,
               case d_ when 'R1' then null when 'I2' then pick([-9999.0, 65535.0], k, 'sentinel') when 'I7'
                   then value * 1000
                       when 'I3' then case when copy = 0 then value + 0.0111 else value end
                       else case when i % 5 = 0 and kind in ('gas_pressure', 'water_pressure')
                           then round(value * 1000, 2) else value end end as v,
               case when d_ not in ('I7', 'I2', 'I3') and i % 5 = 0 and kind in ('gas_pressure', 'water_pressure')
                   then 'kPa' else unit end as u,
               case when d_ = 'I1b' then 'SN' || digits(k, 'strange', 8)
                   else {serial_at("read_at").replace("d.", "")} end as sn,
               case when d_ = 'T1' then '时钟未同步'
                    else {TIME("read_at + seconds(span(k, 'travel', 1, 40))")} end as rt
        from repeated join (select metric_code, unit from v_sensor_metric) on metric_code = kind
        where delivered_on <= date '{last}'""")
