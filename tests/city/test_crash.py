"""Kill -9 at any moment of a run, run again: the release an undisturbed run makes, and the same accounts behind it."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from catalog.city import load_city
from catalog.release import read_current, read_manifest
from catalog.workspace import Workspace
from orchestration.lake.connect import open_lake
from orchestration.landing.ledger import Ledger
from orchestration.release.store import ReleaseStore
from orchestration.release.verify import verify
from tests.city.systems import CITY, Civiclake, Done, Systems

pytestmark = [pytest.mark.slow, pytest.mark.nightly]

KILLS = 10
SEED = 20260630
DAYS = "6"
STAGES = ("landing", "loading vocabularies", "reading", "building", "testing", "publishing")


@dataclass(frozen=True)
class Town:
    """Departments that are served, and the command that runs their city in any workspace."""

    systems: Systems
    env: dict[str, str]
    civiclake: Civiclake

    def words(self, home: Path) -> tuple[str | Path, ...]:
        """The command line of a run of all days."""
        first, *_, last = self.systems.days()
        return ("run", "--city", CITY, "--home", home, "--from", str(first), "--to", str(last))

    def run(self, home: Path) -> Done:
        """One run to its end."""
        return self.civiclake(*self.words(home), env=self.env)

    def run_killed(self, home: Path, seconds: float) -> Done:
        """One run, killed after so many seconds unless it has ended by then."""
        running = self.civiclake.start(*self.words(home), env=self.env)
        time.sleep(seconds)
        running.kill()
        return running.wait()


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory, civiclake: Civiclake) -> Iterator[Town]:
    systems = Systems(tmp_path_factory.mktemp("crash") / "departments")
    systems.generate("--scale", "small", "--days", DAYS)
    with systems.serving() as env:
        yield Town(systems, env, civiclake)


def test_ten_kills_leave_no_trace(town: Town, tmp_path: Path) -> None:
    quiet, stormy = tmp_path / "quiet", tmp_path / "stormy"
    undisturbed = town.run(quiet)
    assert undisturbed.code == 0, undisturbed.output
    again = town.run(quiet)
    assert again.code == 0, again.output
    dice = random.Random(SEED)
    # Four moments spread over a whole run, then six over a run that finds most of its work done, as the later ones do.
    moments = [(part + dice.random()) / 4 * undisturbed.seconds for part in range(4)]
    moments += [(part + dice.random()) / 6 * again.seconds for part in range(KILLS - 4)]
    reached = []
    for moment in moments:
        killed = town.run_killed(stormy, moment)
        assert killed.code in (-9, 0), killed.output
        reached.append(max((s for s in STAGES if s in killed.output), key=STAGES.index, default="start")
                       if killed.code else "end")  # fmt: skip
    finished = town.run(stormy)
    assert finished.code == 0, finished.output
    assert len(reached) - reached.count("end") >= KILLS - 3, f"kills must hit a running process: {reached}"
    assert len(set(reached) - {"end"}) >= 3, f"kills must hit different stages: {reached}"
    assert_same(Workspace(quiet), Workspace(stormy))


def assert_same(quiet: Workspace, stormy: Workspace) -> None:
    """Both workspaces serve the same content, and the same rows, reasons and accounts stand behind it."""
    served = [read_manifest(workspace, read_current(workspace) or 0) for workspace in (quiet, stormy)]
    assert served[0].content_hash == served[1].content_hash
    assert served[0].datasets == served[1].datasets, "files are the same to the byte"
    assert verify(ReleaseStore(stormy), served[1].number) == []
    assert not list(stormy.releases.glob(".staging-*"))
    assert landed(quiet) == landed(stormy)
    for query in queries():
        before, after = rows(quiet, query), rows(stormy, query)
        assert before == after, query


def landed(workspace: Workspace) -> list[tuple[Any, ...]]:
    """Batches with their objects, times apart."""
    with Ledger(workspace) as ledger:
        return [
            (batch.batch_id, batch.late_days, [(r.table, r.file_name, r.object_id) for r in objects])
            for feed in load_city(CITY).feeds
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
    for _, table in load_city(CITY).tables():
        yield f"SELECT * EXCLUDE (_load_id, _landed_at) FROM lake.landed.{table.physical_name} ORDER BY ALL"
    yield from ("base", "topic", "theme")


def rows(workspace: Workspace, query: str) -> Any:
    """Rows of a query; for the name of a layer, a hash of the content of each of its tables."""
    with open_lake(workspace, read_only=True) as con:
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
