"""The drops of the sensing network: JSON lines, every few days in a small city and daily in a larger one."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import duckdb

from departments import answers, outbox
from departments.defects import Defects
from departments.home import Home, Setup
from departments.hotline.log import months
from departments.sensors import alarms, devices, readings

REACH = timedelta(days=10)  # no reading comes later than this after its day
BROKEN = '{"id": '  # what is left of a line that was cut


class Lines(NamedTuple):
    """The lines of one table: stem of the file, its rows, the day each is delivered on, its key and its fields."""

    stem: str
    table: str
    relation: str
    delivered_on: str
    key: str
    fields: dict[str, str]


DEVICES = Lines("devices", "iot_device", "device_row", "cast(updated_at as date)", "device_id", {
    "device_id": "device_id", "class": "class", "metric": "kind", "pole": "pole_id", "sn": "serial",
    "interval_min": "minutes", "owner": "'云州市城市管理局'", "grid": "grid_code", "lon": "lon", "lat": "lat",
    "installed": "cast(installed_on as varchar)", "updated": "strftime(updated_at, '%Y-%m-%d %H:%M:%S')",
})  # fmt: skip
READINGS = Lines("readings", "iot_reading", "reading_row", "delivered_on", "concat_ws('|', id, m, ts)", {
    "id": "id", "m": "m", "ts": "ts", "v": "v", "u": "u", "sn": "sn", "rt": "rt",
})  # fmt: skip
ALARMS = Lines("alarms", "iot_alarm", "alarm_row", "cast(moment as date)", "alarm_id", {
    name: name for name in ("alarm_id", "device_id", "lifeline", "severity", "raised_at")
})  # fmt: skip
ACTION_KEY = "concat_ws('|', alarm_id, action, \"at\")"
ACTIONS = Lines("duty", "iot_alarm_action", "action_row", "cast(moment as date)", ACTION_KEY, {
    "alarm_id": "alarm_id", "action": "action", "at": '"at"', "operator": "operator", "case_no": "case_no",
})  # fmt: skip


def generate(con: duckdb.DuckDBPyConnection, home: Home, setup: Setup, defects: Defects) -> None:
    """Stages every drop, adds its defects to the answer key, and keeps what the sensors read as truth."""
    network = devices.NETWORKS[setup.scale]
    con.execute("create table v_sensor_metric as select * from read_csv(?, all_varchar = true)", [_metrics()])
    _create_deliveries(con, setup, network.delivery_days)
    devices.create_devices(con, setup, network, defects)
    alarms.create_alarms(con, setup, network, defects)
    con.execute("create table sensor_truth (kind varchar, day date, readings bigint, peaks bigint, total double)")
    for lines in (DEVICES, ALARMS, ACTIONS):
        _stage(con, home, lines, str(setup.first), str(setup.last))
    for since, until in months(setup.first, setup.last):
        back = max(since - REACH, setup.first)
        readings.create_readings(con, network, defects, str(back), str(until), last=str(setup.last))
        _stage(con, home, READINGS, str(since), str(until))
        _add_truth(con, str(since), str(until))
    _write_truth(con, home, setup)


def _metrics() -> str:
    from departments.home import CITY_FOLDER

    return str(Path(CITY_FOLDER) / "vocabulary" / "sensor_metric.csv")


def _create_deliveries(con: duckdb.DuckDBPyConnection, setup: Setup, step: int) -> None:
    """Days of delivery, counted back from the last day, each with the first day it covers."""
    con.execute(f"""
        create table delivery as
        select cast(g.day as date) as day,
               greatest(cast(g.day as date) - {step - 1}, date '{setup.first}') as covers_from
        from generate_series(timestamp '{setup.last}', timestamp '{setup.first}', to_days({-step})) as g(day)""")


def _stage(con: duckdb.DuckDBPyConnection, home: Home, lines: Lines, since: str, until: str) -> None:
    """Stages the files of one table that are delivered on the days `since` to `until`."""
    pairs = ", ".join(f"'{name}': {expression}" for name, expression in lines.fields.items())
    con.execute(f"""
        create or replace temp table line as
        select e.day, {lines.key} as row_key, defect, copy,
               row_number() over (partition by e.day order by k, copy) as line,
               case when defect = 'R3' then '{BROKEN}' || k else cast(to_json({{{pairs}}}) as varchar) end as body
        from {lines.relation} join delivery e on {lines.delivered_on} between e.covers_from and e.day
        where e.day between '{since}' and '{until}'""")
    for (day,) in con.execute("select distinct day from line order by day").fetchall():
        rows = con.execute("select body from line where day = ? order by line", [day]).fetchall()
        name = f"{lines.stem}_{day:%Y%m%d}.jsonl"
        outbox.stage(home, "sensors", day, name, ("\n".join(row[0] for row in rows) + "\n").encode())
    # Both lines of a time with two values are told; of a line that came twice the second.
    answers.add(
        con,
        "sensors",
        lines.table,
        f"""
        select row_key, cast(null as timestamp) as version_at, day as business_date,
               '{lines.stem}_' || strftime(day, '%Y%m%d') || '.jsonl' as file_name, line, defect as rule_id
        from line where defect is not null and (defect = 'I3' or copy = (case defect when 'DUP' then 1 else 0 end))""",
    )


def _add_truth(con: duckdb.DuckDBPyConnection, since: str, until: str) -> None:
    """Adds what of the readings delivered on these days must count, by kind and day."""
    con.execute(f"""
        insert into sensor_truth
        select kind, cast(told_at as date), count(*), count(*) filter (is_peak), sum(value)
        from (select distinct on (k) * from reading_row where delivered_on between '{since}' and '{until}')
        where d not in ('I1', 'I2', 'I4', 'I7', 'R1', 'R2', 'R3', 'T1') group by all""")


def _write_truth(con: duckdb.DuckDBPyConnection, home: Home, setup: Setup) -> None:
    """Truth sensor_day: readings, peaks and sum of values by kind and day; lifeline_alarm: what each alarm was."""
    home.truth("sensor_day").parent.mkdir(parents=True, exist_ok=True)
    con.execute(f"""
        copy (select kind, day, sum(readings) as readings, sum(peaks) as peaks, sum(total) as total from sensor_truth
              group by all order by all) to '{home.truth("sensor_day")}' (format parquet)""")
    told = "select d from action_row where copy = 0 and k = {} and moment < date '{}' + 1"
    judged = told.format("a.k * 10 + 1", setup.last)
    con.execute(f"""
        copy (select a.alarm_id, a.lifeline, a.raised_at, a.is_effective,
                     coalesce(({judged}) in ('', 'DUP'), false) as is_judged
              from lifeline_alarm a join alarm_row r on r.k = a.k and r.copy = 0 and r.d in ('', 'DUP')
              order by all) to '{home.truth("lifeline_alarm")}' (format parquet)""")
