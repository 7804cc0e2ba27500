"""The credit office's drops: register and repairs as text, penalties in two layouts as XML and text, records weekly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, timedelta

import duckdb

from departments import answers, outbox
from departments.credit import penalties, records, register, repairs
from departments.defects import Defects
from departments.files import delimited, xml
from departments.home import Home, Setup

EXTRA_FIELDS = ("", "见附件")  # what makes a record of text unreadable
FETCH = 20_000


def generate(con: duckdb.DuckDBPyConnection, home: Home, setup: Setup, defects: Defects) -> None:
    """Stages every drop and adds its defects to the answer key."""
    register.create_register(con, setup, defects)
    con.execute("create macro day_of(k) as date '2000-01-01' + cast(k // 1000000 as integer)")
    penalties.create_penalties(con, setup, defects)
    penalties.create_penalty_rows(con)
    repairs.create_repairs(con, setup, defects)
    records.create_records(con, setup, defects)
    office = _Office(con, home, setup, defects.files.get("credit", {}).get("twice", 0.0))
    for day in setup.days():
        office.stage(
            day,
            "legal_entity",
            f"法人_{day:%Y%m%d}.csv",
            headings=register.HEADINGS,
            key="uscc",
            encoding="gb18030",
            always=True,
        )
        for bureau, (layout, kind) in penalties.LAYOUTS.items():
            headings = penalties.HEADINGS if layout == "2018" else penalties.OLD_HEADINGS
            encoding = {("2018", "csv"): "utf-8-sig", ("2018", "xml"): "utf-8"}.get((layout, kind), "gb18030")
            name = f"行政处罚{layout}_{day:%Y%m%d}.{kind}"
            office.stage(
                day, "penalty", name, headings=headings, key="doc_no, authority_code", encoding=encoding, bureau=bureau
            )
        office.stage(
            day,
            "credit_repair",
            f"信用修复_{day:%Y%m%d}.csv",
            headings=repairs.HEADINGS,
            key="repair_id",
            encoding="utf-8",
        )
        office.stage(
            day,
            "credit_record",
            f"信用记录_{day:%Y%m%d}.csv",
            headings=records.HEADINGS,
            key="record_id",
            encoding="utf-8-sig",
        )


class _Office:
    """Stages the files of a day from the row tables."""

    def __init__(self, con: duckdb.DuckDBPyConnection, home: Home, setup: Setup, twice: float) -> None:
        self._con, self._home, self._setup, self._twice = con, home, setup, twice

    def stage(
        self,
        day: date,
        table: str,
        file: str,
        *,
        headings: Mapping[str, str],
        key: str,
        encoding: str,
        bureau: str | None = None,
        always: bool = False,
    ) -> None:
        """Stages one file, if it has rows or comes `always`; on some days it comes again the day after."""
        where = f"seen_on = '{day}'" + (f" and bureau = '{bureau}'" if bureau else "")
        count = self._con.execute(f"select count(*) from {table}_row where {where}").fetchone()
        if not always and count == (0,):
            return
        rows = self._rows(table, list(headings), where)
        header = list(headings.values())
        if file.endswith(".xml"):
            record = "XZCF" if headings is penalties.HEADINGS else "ROW"
            content = xml(record, header, rows, encoding=encoding)
        else:
            content = delimited(header, rows, encoding=encoding)
        outbox.stage(self._home, "credit", day, f"{day}/{file}", content)
        if self._is_sent_twice(day, table):
            outbox.stage(self._home, "credit", day + timedelta(days=1), f"{day + timedelta(days=1)}/{file}", content)
        self._answer(table, key, where, f"{day}/{file}")

    def _rows(self, table: str, columns: list[str], where: str) -> Iterator[list[object]]:
        query = f"select defect, {', '.join(columns)} from {table}_row where {where} order by vk, copy"
        cursor = self._con.cursor().execute(query)
        while chunk := cursor.fetchmany(FETCH):
            for defect, *row in chunk:
                yield [*row, *EXTRA_FIELDS] if defect == "R3" else row

    def _is_sent_twice(self, day: date, table: str) -> bool:
        ordinal = (day - date(2000, 1, 1)).days
        row = self._con.execute("select u(?, 'twice ' || ?)", [ordinal, table]).fetchone()
        return row is not None and row[0] < self._twice and day < self._setup.last

    def _answer(self, table: str, key: str, where: str, name: str) -> None:
        answers.add(
            self._con,
            "credit",
            table,
            f"""select concat_ws('|', {key}) as row_key, date_trunc('second', version_at) as version_at,
                       seen_on as business_date, '{name}' as file_name, line, defect as rule_id
                from (select *, row_number() over (order by vk, copy) as line from {table}_row where {where})
                where defect is not null
                  and copy = (case when defect in ('D1', 'DUP') and '{table}' <> 'credit_record' then 1 else 0 end)""",
        )
