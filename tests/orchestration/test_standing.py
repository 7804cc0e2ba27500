"""A library is not built again only when a build could change nothing: what counts as a change, and what is told."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from catalog.city import City, load_city
from catalog.manifest import DbtManifest
from catalog.workspace import Workspace
from expectations.results import recorded
from orchestration.cli.init import write_city
from orchestration.defs.checks import library_specs
from orchestration.defs.session import Progress, Session
from orchestration.defs.standing import basis_of, blocked, earlier_results, remember_good
from orchestration.lake.connect import open_lake
from orchestration.lake.schema import ensure_ops
from orchestration.lake.vocabulary import load_vocabulary
from orchestration.run import RunReport, prepare, run_city
from orchestration.transform.fingerprint import PSEUDONYM_KEY
from orchestration.transform.standing import Build, current_snapshot, remember, standing

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]

AT = datetime(2026, 7, 1)


class TestLake:
    """What the lake's own snapshots say of a change."""

    @pytest.fixture
    def lake(self, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        with open_lake(Workspace(tmp_path)) as con:
            ensure_ops(con)
            con.execute("CREATE TABLE lake.base.b (a INTEGER); CREATE TABLE lake.landed.l (a INTEGER)")
            for _ in range(3):
                con.execute("INSERT INTO lake.base.b SELECT * FROM range(100)")
            remember(con, Build("r", "basis", current_snapshot(con)), AT)
            yield con

    def test_a_build_stands_until_it_is_replaced(self, lake: duckdb.DuckDBPyConnection) -> None:
        assert standing(lake, "another basis") is None
        assert standing(lake, "basis") == Build("r", "basis", current_snapshot(lake) - 1)
        remember(lake, Build("s", "basis", current_snapshot(lake)), AT)
        found = standing(lake, "basis")
        assert found is not None
        assert found.run_id == "s"

    @pytest.mark.parametrize(
        "change",
        [
            "INSERT INTO lake.ops.vocabulary SELECT 'v', 'h', 1, now() FROM range(100)",
            "DELETE FROM lake.ops.vocabulary",
            "CALL ducklake_merge_adjacent_files('lake', 'b', schema => 'base')",
        ],
    )
    def test_results_and_housekeeping_are_no_change(self, lake: duckdb.DuckDBPyConnection, change: str) -> None:
        before = current_snapshot(lake)
        lake.execute("INSERT INTO lake.ops.vocabulary VALUES ('w', 'h', 1, now())")
        lake.execute(change)
        assert current_snapshot(lake) > before + 1
        assert standing(lake, "basis") is not None

    @pytest.mark.parametrize(
        "change",
        [
            "INSERT INTO lake.landed.l VALUES (1)",
            "INSERT INTO lake.landed.l SELECT * FROM range(1000)",
            "DELETE FROM lake.base.b WHERE a = 1",
            "UPDATE lake.base.b SET a = 5 WHERE a = 1",
            "ALTER TABLE lake.base.b ADD COLUMN c INTEGER",
            "DROP TABLE lake.base.b",
            "CREATE VIEW lake.staging.v AS SELECT 1 AS one",
            "CREATE OR REPLACE TABLE lake.vocab.code AS SELECT 1 AS one",
            "BEGIN; DELETE FROM lake.ops.vocabulary; INSERT INTO lake.landed.l VALUES (1); COMMIT",
        ],
    )
    def test_everything_else_is_a_change(self, lake: duckdb.DuckDBPyConnection, change: str) -> None:
        lake.execute(change)
        assert standing(lake, "basis") is None

    def test_a_lake_set_back_is_a_change(self, lake: duckdb.DuckDBPyConnection) -> None:
        remember(lake, Build("r", "basis", current_snapshot(lake) + 9), AT)
        assert standing(lake, "basis") is None, "the build's snapshot is not there yet"
        lake.execute("INSERT INTO lake.ops.vocabulary VALUES ('w', 'h', 1, now())")
        remember(lake, Build("r", "basis", 2), AT)
        lake.execute("CALL ducklake_expire_snapshots('lake', versions => [2])")
        assert standing(lake, "basis") is None, "the build's snapshot is not there any more"


@dataclass(frozen=True)
class Ran:
    """A scaffolded city after two runs of the same day."""

    city: City
    workspace: Workspace
    day: date
    second: RunReport


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    root = tmp_path_factory.mktemp("town")
    write_city(root / "town", "town", "Asia/Shanghai")
    city, workspace = load_city(root / "town"), Workspace(root / "home")
    day = city.feeds["permits"].options.start_date
    # The first release decides which datasets must have rows: before it not everything was asked.
    first, second = (run_city(city, workspace, day, day) for _ in range(2))
    assert (first.outcome, second.outcome) == ("published", "unchanged")
    return Ran(city, workspace, day, second)


@pytest.fixture(scope="module")
def session(ran: Ran) -> Session:
    return prepare(ran.city, ran.workspace)


def results(con: duckdb.DuckDBPyConnection, run_id: str) -> list[tuple[Any, ...]]:
    """Everything recorded of the models under a run."""
    return con.execute(
        "SELECT * EXCLUDE (run_id, stands_from), stands_from FROM lake.ops.check_result"
        " WHERE run_id = ? AND NOT contains(subject, '.') ORDER BY subject, rule",
        [run_id],
    ).fetchall()


def test_a_run_without_news_builds_nothing_and_says_whose_results_stand(ran: Ran) -> None:
    progress = list[Progress]()
    third = run_city(ran.city, ran.workspace, ran.day, ran.day, progress.append)
    assert (third.outcome, third.release) == ("unchanged", 1)
    [told] = [entry for entry in progress if entry.stage in ("models", "checks")]
    assert told.text == f"stands as run {ran.second.run_id} built and checked it"
    assert third.checks_passed == ran.second.checks_passed
    with open_lake(ran.workspace, read_only=True) as con:
        before, after = results(con, ran.second.run_id), results(con, third.run_id)
        assert {row[-1] for row in before} == {None}
        assert {row[-1] for row in after} == {ran.second.run_id}
        assert [row[:-1] for row in after] == [row[:-1] for row in before], "with the time they were found at"
        assert len(after) == len(library_specs(DbtManifest.load(prepare(ran.city, ran.workspace).manifest)))
    with dg.DagsterInstance.from_config(str(ran.workspace.dagster)) as instance:
        told_by = dict[str, tuple[set[str], set[str]]]()
        for run in (ran.second, third):
            events = [e.dagster_event for e in instance.all_logs(run.run_id) if e.dagster_event]
            made = {e.asset_key.to_user_string() for e in events if e.is_step_materialization and e.asset_key}
            asked = [e.asset_check_evaluation_data for e in events if e.event_type_value == "ASSET_CHECK_EVALUATION"]
            told_by[run.run_id] = made, {f"{c.asset_key.to_user_string()} {c.check_name} {c.passed}" for c in asked}
        assert told_by[third.run_id] == told_by[ran.second.run_id], "Dagster hears of the same assets and checks"
        event = instance.get_latest_materialization_event(dg.AssetKey(["open", "open_permit"]))
        assert event is not None
        assert event.asset_materialization is not None
        assert event.asset_materialization.metadata["stands from run"].value == ran.second.run_id


def test_asked_to_rebuild_it_builds(ran: Ran) -> None:
    progress = list[Progress]()
    report = run_city(ran.city, ran.workspace, ran.day, ran.day, progress.append, rebuild=True)
    assert (report.outcome, report.release) == ("unchanged", 1)
    assert "open_permit" in {entry.subject for entry in progress if entry.stage == "models"}


class TestBasis:
    """What a build stands on besides the lake."""

    @pytest.fixture
    def lake(self, ran: Ran) -> Iterator[duckdb.DuckDBPyConnection]:
        with open_lake(ran.workspace) as con:
            yield con

    def test_the_same_again_is_the_same(self, ran: Ran, session: Session, lake: duckdb.DuckDBPyConnection) -> None:
        assert basis_of(session, lake, ran.day, {"a", "b"}) == basis_of(session, lake, ran.day, {"b", "a"})

    def test_everything_that_decides_is_in_it(
        self, ran: Ran, session: Session, lake: duckdb.DuckDBPyConnection, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def basis(day: date = ran.day, filled: tuple[str, ...] = ("permits",)) -> str:
            return basis_of(session, lake, day, filled)

        found = [basis(), basis(ran.day + timedelta(days=1)), basis(filled=())]
        for file in ("models/base/base_calendar.sql", "models/base/base_calendar.yml", "macros/tests.sql"):
            path = ran.workspace.dbt / file
            kept = path.read_bytes()
            path.write_bytes(kept + b"\n")
            found.append(basis())
            path.write_bytes(kept)
        with monkeypatch.context() as patched:
            patched.setenv(PSEUDONYM_KEY, "another")
            found.append(basis())
        lake.execute("BEGIN; UPDATE lake.ops.vocabulary SET content_hash = 'x' WHERE table_name = 'calendar'")
        found.append(basis())
        lake.execute("ROLLBACK")
        assert len(set(found)) == len(found)
        assert basis() == found[0]

    def test_results_stand_only_when_every_check_was_asked_just_so(
        self, ran: Ran, session: Session, lake: duckdb.DuckDBPyConnection
    ) -> None:
        manifest = DbtManifest.load(session.manifest)
        specs = [spec for _, spec in library_specs(manifest)]
        found = recorded(lake, ran.second.run_id, specs)
        assert found is not None
        assert [result.spec for result in found] == specs
        assert recorded(lake, "no such run", specs) is None
        lake.execute("BEGIN; DELETE FROM lake.ops.check_result WHERE run_id = ? AND rule = 'rows'", [ran.second.run_id])
        assert recorded(lake, ran.second.run_id, specs) is None
        lake.execute("ROLLBACK")

    def test_a_build_with_a_blocking_failure_is_not_remembered(
        self, ran: Ran, session: Session, lake: duckdb.DuckDBPyConnection
    ) -> None:
        basis = basis_of(session, lake, ran.day, {"permits"})
        manifest = DbtManifest.load(session.manifest)
        model, spec = next((model, spec) for model, spec in library_specs(manifest) if spec.severity == "block")
        found = recorded(lake, ran.second.run_id, [spec])
        assert found is not None
        [good] = found
        bad = type(good)(spec, False, 1.0, 1, 1, AT)
        assert (blocked([(model, good)]), blocked([(model, bad)])) == (False, True)
        lake.execute("BEGIN; DELETE FROM lake.ops.build; COMMIT")
        remember_good(lake, session, ran.second.run_id, basis, [(model, good), (model, bad)])
        assert earlier_results(lake, manifest, basis) is None
        remember_good(lake, session, ran.second.run_id, basis, [(model, good)])
        assert earlier_results(lake, manifest, basis) is not None
        load_vocabulary(lake, ran.city.vocabulary_dir)
        assert earlier_results(lake, manifest, basis) is not None, "vocabularies that did not change were not written"


def test_a_blocked_library_is_built_again(ran: Ran, tmp_path: Path) -> None:
    shutil.copytree(ran.city.root, tmp_path / "town")
    city, workspace = load_city(tmp_path / "town"), Workspace(tmp_path / "home")
    with (city.vocabulary_dir / "calendar.csv").open("a", encoding="utf-8") as calendar:
        calendar.write(f"{ran.day},false,\n")
    for _ in range(2):
        progress = list[Progress]()
        report = run_city(city, workspace, ran.day, ran.day, progress.append)
        assert (report.outcome, report.release) == ("blocked", None), "a check that failed is asked again"
        assert "base_calendar" in {entry.subject for entry in progress if entry.stage == "models"}
