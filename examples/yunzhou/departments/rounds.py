"""Deliveries by round: what changed since the last comes as one file a table, its defects go into the answer key."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import NamedTuple

import duckdb

from departments import answers, outbox
from departments.files import delimited, workbook
from departments.home import Home, Setup

EXTRA_FIELDS = ("", "见附件")  # what makes a record of text unreadable
FETCH = 20_000
SECOND = ("D1", "DUP")  # defects of which the second copy of a row is the faulty one


class Table(NamedTuple):
    """One delivered table: its rows stand in `<name>_row` with vk, copy, seen_on (the round), defect, version_at.

    `headings` are the delivered columns, `key` those of the key; `form` is csv, xlsx or json. Of a defect in `pairs`
    every copy of the row is faulty, for it is the pair that cannot be.
    """

    name: str
    stem: str
    headings: Mapping[str, str]
    key: str
    encoding: str = "gb18030"
    form: str = "csv"
    pairs: tuple[str, ...] = ()


def create_rounds(con: duckdb.DuckDBPyConnection, setup: Setup, name: str, every: int) -> None:
    """Creates table `name`: the rounds, on the first day and every `every` days after a Monday; `since` is left out."""
    con.execute(f"""
        create table {name} as
        with days as (
            select cast(g as date) as day
            from generate_series(timestamp '{setup.first}', timestamp '{setup.last}', interval 1 day) s(g)),
        due as (
            select * from days
            where day = date '{setup.first}' or date_diff('day', date '2026-01-05', day) % {every} = 0)
        select day, lag(day) over (order by day) as since from due""")


def stage(con: duckdb.DuckDBPyConnection, home: Home, feed: str, table: Table, rounds: str) -> None:
    """Stages the file of every round that has rows, and adds its defects to the answer key."""
    days = con.execute(f"select distinct seen_on from {table.name}_row where seen_on in (select day from {rounds})")
    for (day,) in sorted(days.fetchall()):
        name = f"{day}/{table.stem}_{day:%Y%m%d}.{table.form}"
        outbox.stage(home, feed, day, name, _content(con, table, day))
        _answer(con, feed, table, day, name)


def _content(con: duckdb.DuckDBPyConnection, table: Table, day: date) -> bytes:
    header, rows = list(table.headings.values()), _rows(con, table, day)
    if table.form == "xlsx":
        return workbook(table.stem, f"{table.stem}（{day}）", header, rows)
    if table.form == "json":
        records = [dict(zip(header, row, strict=True)) for row in rows]
        return json.dumps({"date": str(day), "data": records}, ensure_ascii=False).encode(table.encoding)
    return delimited(header, rows, encoding=table.encoding)


def _rows(con: duckdb.DuckDBPyConnection, table: Table, day: date) -> Iterator[list[object]]:
    query = f"select defect, {', '.join(table.headings)} from {table.name}_row where seen_on = ? order by vk, copy"
    cursor = con.cursor().execute(query, [day])
    while chunk := cursor.fetchmany(FETCH):
        for defect, *row in chunk:
            yield [*row, *EXTRA_FIELDS] if defect == "R3" else row


def _answer(con: duckdb.DuckDBPyConnection, feed: str, table: Table, day: date, name: str) -> None:
    pairs = ", ".join(f"'{rule}'" for rule in ("", *table.pairs))
    second = ", ".join(f"'{rule}'" for rule in SECOND)
    answers.add(
        con,
        feed,
        table.name,
        f"""select concat_ws('|', {table.key}) as row_key, version_at, seen_on as business_date, '{name}' as file_name,
                   line, defect as rule_id
            from (select *, row_number() over (order by vk, copy) as line from {table.name}_row where seen_on = '{day}')
            where defect is not null
              and (defect in ({pairs}) or copy = (case when defect in ({second}) then 1 else 0 end))""",
    )
