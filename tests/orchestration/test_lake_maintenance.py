"""Merging small files changes no content, no snapshot and no feed of changes, and costs nothing below its limit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from catalog.workspace import Workspace
from orchestration.lake.connect import open_lake
from orchestration.lake.maintenance import merge_small_files
from orchestration.lake.schema import ensure_ops

DAYS = [date(2024, 3, 20) + timedelta(days=n) for n in range(20)]


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_lake(Workspace(tmp_path)) as opened:
        ensure_ops(opened)
        opened.execute("CREATE TABLE lake.landed.thing (id BIGINT, day DATE)")
        opened.execute("ALTER TABLE lake.landed.thing SET PARTITIONED BY (year(day), month(day))")
        yield opened


def snapshot(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute("SELECT id FROM ducklake_current_snapshot('lake')").fetchone()
    assert row is not None
    return int(row[0])


def load(con: duckdb.DuckDBPyConnection, number: int, day: date) -> int:
    con.execute(
        f"INSERT INTO lake.landed.thing SELECT r, DATE '{day}' FROM range({number * 50}, {number * 50 + 50}) t(r)"
    )
    return snapshot(con)


def seen(con: duckdb.DuckDBPyConnection, releases: list[int]) -> list[Any]:
    """What every snapshot shows, and every change between the first and the last of them."""
    shown = [
        con.execute(f"SELECT count(*), sum(id), max(day) FROM lake.landed.thing AT (VERSION => {of})").fetchall()
        for of in releases
    ]
    changes = con.execute(
        f"SELECT snapshot_id, change_type, id, day FROM ducklake_table_changes('lake', 'landed', 'thing', "
        f"{releases[0]}, {releases[-1]}) ORDER BY ALL"
    ).fetchall()
    return [shown, changes, con.execute("SELECT * FROM lake.landed.thing ORDER BY ALL").fetchall()]


def files(con: duckdb.DuckDBPyConnection) -> int:
    row = con.execute("SELECT file_count FROM ducklake_table_info('lake') WHERE table_name = 'thing'").fetchone()
    assert row is not None
    return int(row[0])


def test_a_merge_changes_nothing_that_anyone_can_see(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    releases = [load(con, number, day) for number, day in enumerate(DAYS)]
    before = seen(con, releases)
    assert (files(con), len(before[1])) == (20, 1000)
    assert merge_small_files(con, spare=18) == ["landed.thing"]
    assert files(con) == 2  # one a month
    assert seen(con, releases) == before
    # The next load goes on from there, and so do the next merge and a reader of the oldest release.
    releases.append(load(con, 20, DAYS[-1]))
    before = seen(con, releases)
    assert merge_small_files(con, spare=1) == ["landed.thing"]
    con.execute("CALL ducklake_cleanup_old_files('lake', cleanup_all => true)")
    assert seen(con, releases) == before
    assert len(list(tmp_path.rglob("thing/**/*.parquet"))) == 2


def test_few_files_are_left_alone(con: duckdb.DuckDBPyConnection) -> None:
    for number, day in enumerate(DAYS):
        newest = load(con, number, day)
    assert merge_small_files(con) == []
    assert merge_small_files(con, spare=19) == []  # two months need two files
    assert (snapshot(con), files(con)) == (newest, 20)
