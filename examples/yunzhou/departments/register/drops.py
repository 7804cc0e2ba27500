"""The regulator's drops: deltas as Parquet, numbered; one is lost, and the one after next brings what was missed."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import NamedTuple

import duckdb

from departments import answers, outbox
from departments.defects import Defects
from departments.home import Home, Setup
from departments.register.changes import create_rows, create_states

WEEKDAYS = (1, 4)  # a delta comes on Tuesdays and Fridays, an extract of everything on the first day
COLUMNS = (
    "pripid", "uniscid", "regno", "entname", "enttype", "lerep", "regcap", "estdate", "apprdate", "regstate", "candate",
    "revdate", "industryco", "dom", "regorg", "tel", "xzqh",
)  # fmt: skip
GAP = "E6"


class Delta(NamedTuple):
    """One delivery: its number, the first number it covers, its day and the day after which it tells of changes."""

    number: int
    covers_from: int
    day: date
    since: date | None


def generate(con: duckdb.DuckDBPyConnection, home: Home, setup: Setup, defects: Defects) -> None:
    """Stages every drop, adds its defects to the answer key, and keeps what the copies of others lack as truth."""
    options = defects.files.get("register", {})
    create_states(con, setup, options.get("differs", {}))
    create_rows(con, setup, defects)
    scratch = home.root / "scratch"
    scratch.mkdir(parents=True, exist_ok=True)
    days = [day for day in setup.days() if day == setup.first or day.weekday() in WEEKDAYS]
    lost = 1 + round(options["gap"] * len(days)) if options.get("gap") and len(days) > 3 else None
    for delta in _deltas(days, lost):
        name = f"{delta.day}/市场主体_{delta.day:%Y%m%d}.parquet"
        _write(con, delta, scratch / "delta.parquet")
        outbox.stage(home, "register", delta.day, name, (scratch / "delta.parquet").read_bytes())
        if lost is not None and delta.number == lost + 1 == delta.covers_from:
            _answer_held(con, delta, name)
        else:
            _answer(con, delta, name)
    _write_truth(con, home.truth("corrections"))


def _deltas(days: list[date], lost: int | None) -> list[Delta]:
    """The deliveries that come: number `lost` does not, number `lost` + 2 covers it and the one in between."""
    found = []
    for number, day in enumerate(days, start=1):
        first = lost if lost is not None and number == lost + 2 else number
        if number != lost:
            found.append(Delta(number, first, day, days[first - 2] if first > 1 else None))
    return found


def _rows(delta: Delta) -> str:
    """SQL of the rows of a delivery, in its order, with `line`."""
    since = f"filed_on > '{delta.since}' and" if delta.since else ""
    return f"""(select *, row_number() over (order by vk, copy) as line from register_entity_row
                where {since} filed_on <= '{delta.day}')"""


def _write(con: duckdb.DuckDBPyConnection, delta: Delta, path: Path) -> None:
    columns = ", ".join(COLUMNS)
    con.execute(f"""copy (
        select {columns}, {delta.covers_from} as delta_from, {delta.number} as delta_no, upd_time from {_rows(delta)}
        order by line) to '{path}' (format parquet, compression zstd)""")


def _answer(con: duckdb.DuckDBPyConnection, delta: Delta, name: str) -> None:
    answers.add(
        con,
        "register",
        "register_entity",
        f"""select pripid as row_key, date_trunc('second', upd_time) as version_at, date '{delta.day}' as business_date,
                   '{name}' as file_name, line, defect as rule_id
            from {_rows(delta)} where defect is not null and copy = (case defect when 'DUP' then 1 else 0 end)""",
    )


def _answer_held(con: duckdb.DuckDBPyConnection, delta: Delta, name: str) -> None:
    con.execute(
        "insert into answer values ('register', 'register_entity', null, null, ?, ?, null, ?, ?)",
        [delta.day, name, GAP, answers.HELD],
    )


def _write_truth(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """The differences planted: uscc, element, and the value of the register."""
    path.parent.mkdir(parents=True, exist_ok=True)
    con.execute(f"""copy (
        select uniscid as uscc, case difference when 'name' then 'entity_name' when 'address' then 'reg_address'
               when 'capital' then 'reg_capital_yuan' when 'status' then 'status_code' else difference end as element,
               case difference when 'name' then entname when 'address' then dom when 'capital' then '50000000.00'
               when 'status' then 'cancelled' end as value
        from register_entity_row
        where difference is not null and copy = 0 and (defect is null or defect in ('DUP', 'E7'))
        order by all) to '{path}' (format parquet)""")
