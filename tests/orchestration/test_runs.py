"""A small city run again and again: what Dagster is told, what is built, what stands, what stops a release."""

from __future__ import annotations

import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest

from catalog.breach import read_breach
from catalog.city import City, load_city
from catalog.manifest import DbtManifest
from catalog.release import read_manifest
from catalog.workspace import Workspace
from expectations.results import recorded
from orchestration.cli.init import write_city
from orchestration.definitions import build_defs
from orchestration.defs import feeds
from orchestration.defs.automation import JOB, folder_state
from orchestration.defs.checks import library_specs
from orchestration.defs.session import Progress, Session
from orchestration.defs.standing import basis_of, blocked, remember_good, what_stands
from orchestration.lake.connect import open_lake
from orchestration.lake.vocabulary import load_vocabulary
from orchestration.run import RunReport, prepare, run_city
from orchestration.transform.pseudonyms import PSEUDONYM_KEY

pytestmark = [pytest.mark.slow(seconds=70), pytest.mark.filterwarnings("ignore::DeprecationWarning")]

AT = datetime(2026, 7, 1)


@dataclass(frozen=True)
class Ran:
    """A scaffolded city after its first run."""

    city: City
    workspace: Workspace
    day: date
    report: RunReport
    progress: list[Progress]


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    root = tmp_path_factory.mktemp("town")
    write_city(root / "town", "town", "Asia/Shanghai")
    city, workspace = load_city(root / "town"), Workspace(root / "home")
    day, progress = city.feeds["permits"].options.start_date, list[Progress]()
    return Ran(city, workspace, day, run_city(city, workspace, day, day, progress.append), progress)


@pytest.fixture(scope="module")
def second(ran: Ran) -> RunReport:
    """The same day once more. The first release decided which datasets must have rows: only now all is asked."""
    return run_city(ran.city, ran.workspace, ran.day, ran.day)


@pytest.fixture(scope="module")
def session(ran: Ran) -> Session:
    return prepare(ran.city, ran.workspace)


@pytest.fixture
def copy(ran: Ran, tmp_path: Path) -> Ran:
    """The same city before its first run, free to be spoilt."""
    shutil.copytree(ran.city.root, tmp_path / "town")
    return Ran(load_city(tmp_path / "town"), Workspace(tmp_path / "home"), ran.day, ran.report, [])


def deliver(city: City, day: date, *rows: str) -> None:
    head = "Permit No,kind,holder,decided_on,changed_at"
    (city.root / "inbox" / f"permits_{day:%Y%m%d}.csv").write_text("\n".join([head, *rows, ""]), encoding="utf-8")


def test_first_run_publishes(ran: Ran) -> None:
    report = ran.report
    assert (report.outcome, report.release, report.reasons) == ("published", 1, ())
    [permits] = report.feeds
    assert (permits.rows_in, permits.accepted, permits.quarantined, permits.duplicate) == (3, 2, 1, 0)
    assert read_manifest(ran.workspace, 1).dataset("permits").row_count == 1
    stages = list(dict.fromkeys(p.stage for p in ran.progress))
    assert stages == ["landing", "vocabulary", "accepted", "models", "checks", "release"]


def test_the_key_of_the_pseudonyms_is_in_its_file_alone(ran: Ran) -> None:
    key = ran.workspace.pseudonym_key.read_bytes().strip()
    files = [file for file in ran.workspace.home.rglob("*") if file.is_file() and not file.is_symlink()]
    assert [file for file in files if key in file.read_bytes()] == [ran.workspace.pseudonym_key]


def test_a_person_of_the_sample_is_not_named(ran: Ran) -> None:
    with duckdb.connect(str(ran.workspace.releases / "0001" / "serving.duckdb"), read_only=True) as con:
        assert con.execute("SELECT party_name FROM open.permits").fetchall() == [("Example Builders Ltd",)]
    with open_lake(ran.workspace, read_only=True) as con:
        names = con.execute("SELECT party_name, party_type_code FROM lake.topic.topic_permit ORDER BY 1").fetchall()
    assert names == [("A*", "natural"), ("Example Builders Ltd", "legal")]


def test_steward_sees_where_rows_went(ran: Ran) -> None:
    with dg.DagsterInstance.from_config(str(ran.workspace.dagster)) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(["accepted", "permits"]))
        assert event is not None
        assert event.asset_materialization is not None
        told = {name: value.value for name, value in event.asset_materialization.metadata.items()}
        assert event.asset_materialization.partition == ran.day.isoformat()
        assert [told[f"rows {what}"] for what in ("in", "accepted", "quarantined", "duplicate")] == [3, 2, 1, 0]
        check = dg.AssetCheckKey(dg.AssetKey(["accepted", "permits"]), "permit_rows_accounted")
        records = instance.event_log_storage.get_asset_check_execution_history(check, limit=1)
        assert [record.status.value for record in records] == ["SUCCEEDED"]


def test_definitions_name_every_stage(session: Session) -> None:
    defs = build_defs(session)
    graph = defs.resolve_asset_graph()
    accepted = graph.get(dg.AssetKey(["accepted", "permits"]))
    assert {key.to_user_string() for key in accepted.parent_keys} == {"landing/permits", "vocabulary"}
    assert accepted.group_name == "accepted"
    assert accepted.freshness_policy is not None
    assert set(accepted.owners) == {"permits@example.org", "team:PERMITS"}
    staging = graph.get(dg.AssetKey(["staging", "stg_permits__permit"]))
    assert dg.AssetKey(["accepted", "permits"]) in staging.parent_keys
    assert graph.get(dg.AssetKey(["release"])).parent_keys == {
        key for key in graph.get_all_asset_keys() if key.path[0] in ("topic", "theme", "open", "withdrawal")
    }
    models = DbtManifest.load(session.manifest).models.values()
    layers = {"landing", "accepted", "vocabulary", "release"} | {model.layer for model in models}
    assert {key.path[0] for key in graph.get_all_asset_keys()} == layers
    assert [graph.get(dg.AssetKey([name])).owners for name in ("vocabulary", "release")] == [["team:town"]] * 2
    assert graph.get(dg.AssetKey(["release"])).freshness_policy == accepted.freshness_policy
    assert Path(graph.get(dg.AssetKey(["topic", "topic_permit"])).metadata["file"].value).is_file()
    assert staging.metadata["file"].value.startswith(str(session.city.root))
    assert graph.get(dg.AssetKey(["open", "open_permit"])).metadata["gateway"].value == "/v1/datasets/permits"
    assert [schedule.name for schedule in defs.schedules or []] == ["daily"]
    assert [sensor.name for sensor in defs.sensors or []] == ["new_files_permits"]


def test_sensor_asks_once_for_each_change(ran: Ran, copy: Ran) -> None:
    feed = copy.city.feeds["permits"]
    before = folder_state(copy.city.root / "inbox", feed)
    assert before[1] == copy.day.isoformat()
    deliver(copy.city, copy.day - timedelta(days=1), "1,event,Someone,2020-01-01,2020-01-01 00:00:00")
    after = folder_state(copy.city.root / "inbox", feed)
    assert (after[0] != before[0], after[1]) == (True, copy.day.isoformat())
    (copy.city.root / "inbox" / "note.txt").write_text("not a delivery", encoding="utf-8")
    assert folder_state(copy.city.root / "inbox", feed) == after


def test_second_run_changes_nothing(second: RunReport) -> None:
    assert (second.outcome, second.release) == ("unchanged", 1)
    assert second.feeds[0].batches == 0


def results(con: duckdb.DuckDBPyConnection, run_id: str) -> list[tuple[Any, ...]]:
    """Everything recorded of the models under a run."""
    return con.execute(
        "SELECT * EXCLUDE (run_id, stands_from), stands_from FROM lake.ops.check_result"
        " WHERE run_id = ? AND NOT contains(subject, '.') ORDER BY subject, rule",
        [run_id],
    ).fetchall()


def test_a_run_without_news_builds_nothing_and_says_whose_results_stand(
    ran: Ran, session: Session, second: RunReport
) -> None:
    progress = list[Progress]()
    third = run_city(ran.city, ran.workspace, ran.day, ran.day, progress.append)
    assert (third.outcome, third.release) == ("unchanged", 1)
    [told] = [entry for entry in progress if entry.stage in ("models", "checks")]
    assert told.text == f"stands as run {second.run_id} built and checked it"
    assert third.checks_passed == second.checks_passed
    with open_lake(ran.workspace, read_only=True) as con:
        before, after = results(con, second.run_id), results(con, third.run_id)
        assert {row[-1] for row in before} == {None, ran.report.run_id}, "only written checks were asked again"
        assert [row[-1] for row in after] == [row[-1] or second.run_id for row in before]
        assert [row[:-1] for row in after] == [row[:-1] for row in before], "with the time they were found at"
        assert len(after) == len(library_specs(DbtManifest.load(session.manifest)))
    with dg.DagsterInstance.from_config(str(ran.workspace.dagster)) as instance:
        told_by = dict[str, tuple[set[str], set[str]]]()
        for run in (second, third):
            events = [e.dagster_event for e in instance.all_logs(run.run_id) if e.dagster_event]
            made = {e.asset_key.to_user_string() for e in events if e.is_step_materialization and e.asset_key}
            asked = [e.asset_check_evaluation_data for e in events if e.event_type_value == "ASSET_CHECK_EVALUATION"]
            told_by[run.run_id] = made, {f"{c.asset_key.to_user_string()} {c.check_name} {c.passed}" for c in asked}
        assert told_by[third.run_id] == told_by[second.run_id], "Dagster hears of the same assets and checks"
        event = instance.get_latest_materialization_event(dg.AssetKey(["open", "open_permit"]))
        assert event is not None
        assert event.asset_materialization is not None
        assert event.asset_materialization.metadata["stands from run"].value == second.run_id


def test_a_dead_source_does_not_stop_the_city_and_what_is_asked_to_rebuild_builds(
    ran: Ran, copy: Ran, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(copy.city.root / "inbox")
    monkeypatch.setattr(feeds, "_RETRY", feeds._RETRY._replace(delay=0))
    progress = list[Progress]()
    interrupt, terminate = signal.signal(signal.SIGINT, signal.SIG_IGN), signal.getsignal(signal.SIGTERM)
    try:  # as in the background of a shell
        report = run_city(copy.city, ran.workspace, ran.day, ran.day, progress.append, rebuild=True)
        assert signal.getsignal(signal.SIGTERM) is terminate
    finally:
        signal.signal(signal.SIGINT, interrupt)
    asked = [entry for entry in progress if entry.stage == "landing" and entry.text == "asking the department"]
    assert len(asked) == 3
    assert "transport.path" in str(report.feeds[0].problem)
    assert (report.outcome, report.release) == ("unchanged", 1)
    assert "open_permit" in {entry.subject for entry in progress if entry.stage == "models"}


def test_a_failing_test_blocks_and_says_why_and_no_later_run_stands_on_it(copy: Ran) -> None:
    deliver(copy.city, copy.day, "00017,building,A,2020-01-01,2020-01-01 00:00:00")
    with (copy.city.vocabulary_dir / "calendar.csv").open("a", encoding="utf-8") as calendar:
        calendar.write(f"{copy.day},false,\n")
    progress = list[Progress]()
    report = run_city(copy.city, copy.workspace, copy.day, copy.day, progress.append)
    assert (report.outcome, report.release) == ("blocked", None)
    assert any("base_calendar: unique_key" in reason for reason in report.reasons)
    assert "base_calendar" in {entry.subject for entry in progress if entry.stage == "models"}
    assert read_breach(copy.workspace, f"{report.run_id}-models").models == ("base_calendar",)
    with open_lake(copy.workspace, read_only=True) as con:
        assert con.execute("SELECT count(*) FROM lake.landed.permits_permit").fetchone() == (1,)
        assert con.execute("SELECT count(*) FROM lake.ops.build").fetchone() == (0,)


def test_days_must_be_business_dates(ran: Ran) -> None:
    with pytest.raises(ValueError, match="not business dates"):
        run_city(ran.city, ran.workspace, ran.day - timedelta(days=1), ran.day)


def test_job_runs_a_range_in_one_run(session: Session) -> None:
    job = build_defs(session).resolve_job_def(JOB)
    assert job.partitions_def is not None
    assert job.backfill_policy == dg.BackfillPolicy.single_run()


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
            return str(basis_of(session, lake, day, filled))

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
        self, second: RunReport, session: Session, lake: duckdb.DuckDBPyConnection
    ) -> None:
        manifest = DbtManifest.load(session.manifest)
        specs = [spec for _, spec in library_specs(manifest)]
        found = recorded(lake, second.run_id, specs)
        assert found is not None
        assert [result.spec for result in found] == specs
        assert recorded(lake, "no such run", specs) is None
        lake.execute("BEGIN; DELETE FROM lake.ops.check_result WHERE run_id = ? AND rule = 'rows'", [second.run_id])
        assert recorded(lake, second.run_id, specs) is None
        lake.execute("ROLLBACK")

    def test_a_build_with_a_blocking_failure_is_not_remembered(
        self, ran: Ran, second: RunReport, session: Session, lake: duckdb.DuckDBPyConnection
    ) -> None:
        basis = basis_of(session, lake, ran.day, {"permits"})
        manifest = DbtManifest.load(session.manifest)
        model, spec = next((model, spec) for model, spec in library_specs(manifest) if spec.severity == "block")
        found = recorded(lake, second.run_id, [spec])
        assert found is not None
        [good] = found
        bad = type(good)(spec, False, 1.0, 1, 1, AT)
        assert (blocked([(model, good)]), blocked([(model, bad)])) == (False, True)
        lake.execute("BEGIN; DELETE FROM lake.ops.build; COMMIT")
        remember_good(lake, session, second.run_id, basis, [(model, good), (model, bad)])
        assert what_stands(session, lake, manifest, basis) is None
        remember_good(lake, session, second.run_id, basis, [(model, good)])
        load_vocabulary(lake, ran.city.vocabulary_dir)
        found_now = what_stands(session, lake, manifest, basis)
        assert found_now is not None
        assert found_now.whole, "vocabularies that did not change were not written"
