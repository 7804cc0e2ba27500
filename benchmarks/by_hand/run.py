"""Builds the five open datasets from landed objects with DuckDB and nothing else: read, judge, resolve, write."""

from __future__ import annotations

import re
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from benchmarks.by_hand.settle import TABLES, hold, settle
from benchmarks.by_hand.texts import register_texts
from benchmarks.stopwatch import Stopwatch

SQL = Path(__file__).with_name("sql")
VOCABULARY = Path(__file__).resolve().parents[2] / "examples" / "yunzhou" / "vocabulary"
PSEUDONYM_KEY = "civiclake-demonstration-key"
OPEN = {
    "hotline_monthly": ("open_hotline_monthly", "month, district_code, ticket_type_code"),
    "grid_cases": ("open_grid_case", "case_id"),
    "permits": ("open_permit", "doc_no, authority_code"),
    "penalties": ("open_penalty", "doc_no, authority_code"),
    "legal_entities": ("open_legal_entity", "uscc"),
}


def models() -> frozenset[str]:
    """Names of the platform's models whose work the script does."""
    made = "".join(file.read_text(encoding="utf-8") for file in SQL.glob("*.sql"))
    return frozenset(re.findall(r"create table (\w+)", made)) | {
        "theme_grid_performance",
        "theme_grid_performance_case",
    }


def build(landing: Path, target: Path, as_of: date) -> dict[str, Any]:
    """Write `files/` and the database below `target`; wall-clock (`phases`) and processor (`cpu`) seconds by step."""
    watch = Stopwatch()
    with watch.phase("start-up: open the database"):
        target.mkdir(parents=True, exist_ok=True)
        con = duckdb.connect(str(target / "by_hand.duckdb"), config={"memory_limit": "4GB"})
        con.execute("set variable as_of = cast($day as date)", {"day": as_of.isoformat()})
        con.execute("set variable pseudonym_key = $key", {"key": PSEUDONYM_KEY})
        _run(con, "00_macros", "05_coordinates")
    with watch.phase("vocabularies"):
        _vocabulary(con)
        _run(con, "10_vocabulary")
    pieces = _pieces(con, landing)
    for name, feed in (
        ("20_hotline", "hotline"),
        ("21_grid", "grid"),
        ("22_permits", "permits"),
        ("23_credit", "credit"),
    ):
        with watch.phase(f"reading {feed}: read, type, judge"):
            register_texts(con, pieces, feed)
            _run(con, name)
    with watch.phase("quarantine, duplicates, deletes"):
        for table in TABLES:
            hold(con, table)
        for table in TABLES:
            settle(con, table)
    for name, step in (("40_topic", "base and topics"), ("50_theme", "themes"), ("60_open", "open datasets")):
        with watch.phase(step):
            _run(con, name)
    with watch.phase("files"):
        _write(con, target / "files")
    with watch.phase("close"):
        con.close()
    return {"phases": watch.wall, "cpu": watch.cpu}


def _run(con: duckdb.DuckDBPyConnection, *names: str) -> None:
    for name in names:
        con.execute((SQL / f"{name}.sql").read_text(encoding="utf-8"))


def _vocabulary(con: duckdb.DuckDBPyConnection) -> None:
    types = {"valid_from": "DATE", "valid_to": "DATE", "day": "DATE", "level": "INTEGER", "is_working": "BOOLEAN",
             "value": "DOUBLE", "limit_value": "DOUBLE", "min_months": "INTEGER", "max_months": "INTEGER",
             "start_time": "TIME", "end_time": "TIME",
             "min_fine_yuan": "DECIMAL(18,2)", "max_fine_yuan": "DECIMAL(18,2)",
             "area_m2": "DOUBLE", "lon": "DOUBLE", "lat": "DOUBLE", "radius_m": "DOUBLE"}  # fmt: skip
    for file in sorted(VOCABULARY.glob("*.csv")):
        with file.open(encoding="utf-8-sig") as text:
            columns = text.readline().strip().split(",")
        kinds = {name: types.get(name, "VARCHAR") for name in columns}
        con.execute(f"create table {file.stem} as from read_csv('{file}', header = true, columns = {kinds})")


def _pieces(con: duckdb.DuckDBPyConnection, landing: Path) -> list[tuple[Any, ...]]:
    """What landed, in order of arrival: table `piece`, and the same rows."""
    ledger = sqlite3.connect(f"file:{landing / 'landing.sqlite'}?mode=ro", uri=True)
    rows = ledger.execute(
        "select r.feed, r.table_name, r.role, r.variant, r.object_id, r.file_name, b.business_date,"
        " dense_rank() over (order by b.closed_at, b.business_date, b.batch_id)"
        " from receipt r join batch b using (batch_id) order by 8, 2, 6"
    ).fetchall()
    ledger.close()
    pieces = [
        (number, feed, table, role, variant, str(landing / "objects" / sha[:2] / sha), name, day, batch)
        for number, (feed, table, role, variant, sha, name, day, batch) in enumerate(rows)
    ]
    names = ("piece", "feed", "tbl", "role", "variant", "path", "file_name", "business_date", "batch")
    con.register("_piece", pa.table(dict(zip(names, map(list, zip(*pieces, strict=True)), strict=True))))
    con.execute("create table piece as select * replace (cast(business_date as date) as business_date) from _piece")
    con.execute("create table held (feed varchar, batch bigint, reason varchar)")
    con.execute(
        "create table quarantine (tbl varchar, batch bigint, file_name varchar, line bigint, rules varchar[], raw json)"
    )
    con.execute("create table duplicate (tbl varchar, batch bigint, file_name varchar, line bigint)")
    for table, role, variable in (
        ("ticket", "data", "ticket_files"), ("visit", "data", "visit_files"), ("permit", "data", "permit_files"),
        ("permit", "keys", "permit_key_files"),
    ):  # fmt: skip
        con.execute(
            f"set variable {variable} = (select list(distinct path) from piece where tbl = ? and role = ?)",
            [table, role],
        )
    return pieces


def _write(con: duckdb.DuckDBPyConnection, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, (table, key) in OPEN.items():
        con.execute(f"create or replace temp table sorted as from {table} order by {key}")
        con.execute(f"copy sorted to '{folder / name}.parquet' (format parquet, compression zstd)")
        con.execute(f"copy sorted to '{folder / name}.csv' (format csv, header, timestampformat '%Y-%m-%dT%H:%M:%S')")
