"""A pull killed at any moment and run again leaves the ledger of an undisturbed run, byte for byte."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from catalog.city import City
from catalog.workspace import Workspace
from orchestration.landing.ledger import Ledger
from tests.orchestration import landing_city
from tests.orchestration.http_department import TOKEN, department
from tests.orchestration.landing_city import DAYS, account, pull_days, ready_to_pull, table

KILLS = 20
SEED = 20260105


def http_city(root: Path, url: str) -> City:
    variant = {"source": {"kind": "http", "path": "things", "page_size": 5}, "format": {"kind": "json"}}
    transport = {
        "kind": "http", "base_url": url, "token": TOKEN, "allow_private": True, "requests_per_second": 10_000
    }  # fmt: skip
    return landing_city.city(root, transport, table("thing", variant))


def folder_city(root: Path) -> City:
    source = {"kind": "folder", "pattern": r"\w+_(?P<date>\d{8})\.csv"}
    variant = {"source": source, "format": {"kind": "csv"}}
    return landing_city.city(root, {"kind": "folder", "path": "drop"}, table("case", variant))


def sql_city(root: Path) -> City:
    source = {"kind": "sql", "table": "permits", "updated_at": "updated_at", "batch_rows": 200}
    variant = {"source": source, "format": {"kind": "ndjson"}}
    transport = {"kind": "sql", "url": f"sqlite:///{root / 'permits.db'}"}
    return landing_city.city(root, transport, table("permit", variant, deletes="key_snapshot"))


@pytest.fixture(params=["http", "folder", "sql"])
def city(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[City]:
    """A city with three days of deliveries."""
    if request.param == "http":
        rows = {day.isoformat(): [{"id": n, "text": f"{day} {n}"} for n in range(120)] for day in DAYS}
        with department(rows) as served:
            yield http_city(tmp_path, served.url)
    elif request.param == "folder":
        (tmp_path / "drop").mkdir()
        for day in DAYS:
            for part in range(15):
                late = day - timedelta(days=part % 2)
                content = f"{part // 3} {day}\n" * 50_000  # some files repeat the bytes of others
                (tmp_path / "drop" / f"part{part}of{day:%d}_{late:%Y%m%d}.csv").write_text(content)
        yield folder_city(tmp_path)
    else:
        with sqlite3.connect(tmp_path / "permits.db") as connection:
            connection.execute("CREATE TABLE permits (id TEXT PRIMARY KEY, text TEXT, updated_at TEXT)")
            values = [(f"{day:%d}-{n:05d}", "许可" * 20, f"{day}T10:00:00") for day in DAYS for n in range(4000)]
            connection.executemany("INSERT INTO permits VALUES (?, ?, ?)", values)
        connection.close()
        yield sql_city(tmp_path)


def run_killed(city: City, home: Path, seconds: float) -> int:
    """Pull in processes killed at random moments of a run of `seconds`, until one ends by itself.

    Returns how many kills left a pull open.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(
        ["__main__", "orchestration.connectors.http", "orchestration.connectors.sql", landing_city.__name__]
    )
    kills, hits, dice = 0, 0, random.Random(SEED)
    while True:
        ready = context.Event()
        process = context.Process(target=ready_to_pull, args=(city, home, ready))
        process.start()
        if kills < KILLS:
            ready.wait()
            process.join(dice.uniform(0, seconds / 10))
            if process.is_alive() and process.pid is not None:
                os.kill(process.pid, signal.SIGKILL)
                kills += 1
        process.join()
        code = process.exitcode
        process.close()
        if code == 0:
            return hits
        assert code == -signal.SIGKILL
        with Ledger(Workspace(home)) as ledger:
            hits += bool(ledger.open_pulls("feed"))


@pytest.mark.slow
def test_kills_leave_no_trace(city: City, tmp_path: Path) -> None:
    quiet, stormy = tmp_path / "quiet", tmp_path / "stormy"
    started = time.monotonic()
    pull_days(city, quiet)
    hits = run_killed(city, stormy, time.monotonic() - started)
    assert account(Workspace(stormy)) == account(Workspace(quiet))
    assert hits >= 5
