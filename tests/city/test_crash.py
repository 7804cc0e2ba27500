"""Kill -9 at any moment of a run, run again: the releases of an undisturbed city, and the same accounts behind them."""

from __future__ import annotations

import random
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from duckdb import DuckDBPyConnection

from catalog.city import load_city
from catalog.release import read_manifest
from catalog.workspace import Workspace
from orchestration.lake.connect import open_lake
from orchestration.landing.ledger import Ledger
from orchestration.release.store import ReleaseStore
from orchestration.release.verify import verify
from tests.city.conftest import SCALE, Built
from tests.city.systems import SPINE, Civiclake, Done, Systems

pytestmark = pytest.mark.slow(seconds=250)  # of all files here, which stay in one process

SEED = 20260630
LANDING, VOCABULARY, READING, BUILDING, TESTING, PUBLISHING = STAGES = (
    "landing what departments have",
    "loading vocabularies",
    "reading and checking rows",
    "building the libraries",
    "testing the libraries",
    "publishing",
)
# Where a run is killed, one attempt each. The next attempt finds done what a killed one had finished, so the stages
# come in their order: every kill meets a stage that has work left.
KILLS = (LANDING, READING, BUILDING, TESTING, PUBLISHING)
"""Of a run that adds a day."""
TEN_KILLS = (LANDING, LANDING, READING, READING, READING, BUILDING, BUILDING, TESTING, TESTING, PUBLISHING)
KILLS_OF_A_HISTORY = (LANDING, VOCABULARY, READING, READING, BUILDING)
"""Of the run that builds the libraries from nothing."""


@dataclass(frozen=True)
class Town:
    """The departments of a city, and the command that runs them into another workspace."""

    systems: Systems
    env: dict[str, str]
    civiclake: Civiclake
    home: Path

    def run(self, days: tuple[date, date]) -> None:
        """One run to its end."""
        done = self.civiclake(*self._words(days), env=self.env)
        assert done.code == 0, done.output

    def run_killed(self, days: tuple[date, date], stage: str, seconds: float) -> str:
        """One run, killed so many seconds into a stage. Gives the stage it had reached, "end" when it was over."""
        running = self.civiclake.start(*self._words(days), env=self.env)
        if running.until(stage):
            time.sleep(seconds)
            running.kill()
        killed: Done = running.wait()
        assert killed.code in (-9, 0), killed.output
        return max(begun(killed.output), key=STAGES.index) if killed.code else "end"

    def _words(self, days: tuple[date, date]) -> tuple[str | Path, ...]:
        return ("run", "--city", SPINE, "--home", self.home, "--from", str(days[0]), "--to", str(days[1]))


@pytest.mark.parametrize("kills", [KILLS, pytest.param(TEN_KILLS, marks=pytest.mark.nightly)], ids=["five", "ten"])
def test_kills_leave_no_trace(kills: tuple[str, ...], city: Built, civiclake: Civiclake, tmp_path: Path) -> None:
    """The last day of the city, in a copy of its workspace as it was before."""
    home = shutil.copytree(city.before, tmp_path / "home", symlinks=True)
    with city.systems.serving() as env:
        reached = storm(Town(city.systems, env, civiclake, home), city, {2: kills})
    assert [came for _, came in reached].count("end") <= len(kills) // 5, f"kills must hit a running process: {reached}"
    assert len({came for _, came in reached} - {"end"}) >= 4, f"kills must hit different stages: {reached}"
    assert_same(city.workspace, Workspace(home))


@pytest.mark.nightly
def test_kills_of_a_first_run_leave_no_trace(city: Built, civiclake: Civiclake, tmp_path: Path) -> None:
    """The whole city once more, its history killed as well."""
    systems, home = Systems(tmp_path / "departments"), tmp_path / "home"
    systems.generate(*SCALE)
    with systems.serving() as env:
        reached = storm(Town(systems, env, civiclake, home), city, {1: KILLS_OF_A_HISTORY, 2: TEN_KILLS})
    assert len({came for _, came in reached} - {"end"}) >= 4, f"kills must hit different stages: {reached}"
    assert_same(city.workspace, Workspace(home))


def storm(town: Town, city: Built, kills: Mapping[int, tuple[str, ...]]) -> list[tuple[str, str]]:
    """The city's runs of these numbers, killed in these stages and then run to their end: (stage meant, reached)."""
    dice, reached = random.Random(SEED), list[tuple[str, str]]()
    for number, stages in kills.items():
        days = city.runs()[number - 1]
        lengths = stage_lengths(city.told(number).read_text(encoding="utf-8"))
        town.systems.advance(days[1])
        for stage in stages:
            moment = dice.random() / 2 * lengths[stage]  # a machine that is quicker now than it was is still within
            reached.append((stage, town.run_killed(days, stage, moment)))
        town.run(days)
    return reached


def begun(output: str) -> dict[str, float]:
    """When each stage of a run began, in seconds, as its progress says."""
    return {name: float(at) for at, name in re.findall(r"^ *([\d.]+) s  (.+?) *$", output, re.MULTILINE)}


def stage_lengths(output: str) -> dict[str, float]:
    """Seconds of each stage of a run that ended."""
    [total] = re.findall(r"^\d{4}-.*, ([\d.]+) s *$", output, re.MULTILINE)
    starts = begun(output)
    ends = [*list(starts.values())[1:], float(total)]
    return {name: end - start for (name, start), end in zip(starts.items(), ends, strict=True)}


def assert_same(quiet: Workspace, stormy: Workspace) -> None:
    """Both workspaces hold the same releases, and the same rows, reasons and accounts stand behind them."""
    stores = ReleaseStore(quiet), ReleaseStore(stormy)
    assert stores[0].numbers() == stores[1].numbers() == [1, 2]
    assert stores[0].current() == stores[1].current() == 2
    for number in (1, 2):
        left, right = read_manifest(quiet, number), read_manifest(stormy, number)
        assert left.content_hash == right.content_hash
        assert left.datasets == right.datasets, "files are the same to the byte"
        assert verify(stores[1], number) == []
    assert not list(stormy.releases.glob(".staging-*"))
    assert landed(quiet) == landed(stormy)
    with open_lake(quiet, read_only=True) as before, open_lake(stormy, read_only=True) as after:
        for query in queries():
            assert rows(before, query) == rows(after, query), query


def landed(workspace: Workspace) -> list[tuple[Any, ...]]:
    """Batches with their objects, times apart."""
    with Ledger(workspace) as ledger:
        return [
            (batch.batch_id, batch.late_days, [(r.table, r.file_name, r.object_id) for r in objects])
            for feed in load_city(SPINE).feeds
            for batch in ledger.batches(feed)
            for objects in [ledger.objects(batch.batch_id)]
        ]


def queries() -> Iterator[str]:
    """Everything in the lake that a run writes, but for times and numbers of loads."""
    yield (
        "SELECT feed, table_name, batch_id, status, rows_in, rows_accepted, rows_quarantined, rows_duplicate, "
        "rows_deleted, late_days, reasons FROM lake.ops.batch ORDER BY ALL"
    )
    yield (
        "SELECT feed, table_name, batch_id, object_id, file_name, line, rule_ids, violations, raw, status "
        "FROM lake.ops.quarantine ORDER BY ALL"
    )
    yield "SELECT feed, table_name, object_id, file_name, line, duplicate_of FROM lake.ops.duplicate ORDER BY ALL"
    for _, table in load_city(SPINE).tables():
        yield f"SELECT * EXCLUDE (_load_id, _landed_at) FROM lake.landed.{table.physical_name} ORDER BY ALL"
    yield from ("base", "topic", "theme")


def rows(con: DuckDBPyConnection, query: str) -> Any:
    """Rows of a query; for the name of a layer, a hash of the content of each of its tables."""
    if query.startswith("SELECT"):
        return con.execute(query).fetchall()
    tables = con.execute(
        "SELECT table_name, list(column_name) FILTER (NOT regexp_matches(column_name, '_load_id$|_landed_at$')) "
        "FROM duckdb_columns() WHERE database_name = 'lake' AND schema_name = ? GROUP BY table_name ORDER BY 1",
        [query],
    ).fetchall()
    assert tables
    return {
        name: con.execute(
            f"SELECT count(*), sum(hash({', '.join(columns)})::HUGEINT) FROM lake.{query}.{name}"
        ).fetchall()
        for name, columns in tables
    }
