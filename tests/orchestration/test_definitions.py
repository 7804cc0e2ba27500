"""Definitions of a small city: what Dagster is told, what a run does, what stops a release and what does not."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import dagster as dg
import pytest

from catalog.city import City, load_city
from catalog.release import read_manifest
from catalog.workspace import Workspace
from orchestration.cli.init import write_city
from orchestration.definitions import build_defs
from orchestration.defs.automation import JOB, folder_state
from orchestration.defs.session import Progress
from orchestration.lake.connect import open_lake
from orchestration.run import RunReport, prepare, run_city

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


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
    assert read_manifest(ran.workspace, 1).dataset("permits").row_count == 2
    stages = list(dict.fromkeys(p.stage for p in ran.progress))
    assert stages == ["landing", "vocabulary", "accepted", "models", "checks", "release"]


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


def test_definitions_name_every_stage(ran: Ran) -> None:
    defs = build_defs(prepare(ran.city, ran.workspace))
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
    layers = {"landing", "accepted", "vocabulary", "staging", "base", "topic", "theme", "open", "withdrawal", "release"}
    assert {key.path[0] for key in graph.get_all_asset_keys()} == layers
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


def test_second_run_changes_nothing(ran: Ran) -> None:
    again = run_city(ran.city, ran.workspace, ran.day, ran.day)
    assert (again.outcome, again.release) == ("unchanged", 1)
    assert again.feeds[0].batches == 0


def test_a_dead_source_does_not_stop_the_city(ran: Ran, copy: Ran) -> None:
    shutil.rmtree(copy.city.root / "inbox")
    report = run_city(copy.city, ran.workspace, ran.day, ran.day)
    assert (report.outcome, report.release) == ("unchanged", 1)
    assert "transport.path" in str(report.feeds[0].problem)


def test_a_failing_test_blocks_and_says_why(copy: Ran) -> None:
    deliver(copy.city, copy.day, "00017,building,A,2020-01-01,2020-01-01 00:00:00")
    with (copy.city.vocabulary_dir / "calendar.csv").open("a", encoding="utf-8") as calendar:
        calendar.write(f"{copy.day},false,\n")
    report = run_city(copy.city, copy.workspace, copy.day, copy.day)
    assert (report.outcome, report.release) == ("blocked", None)
    assert any("base_calendar: unique_key" in reason for reason in report.reasons)
    with open_lake(copy.workspace, read_only=True) as con:
        assert con.execute("SELECT count(*) FROM lake.landed.permits_permit").fetchone() == (1,)


def test_days_must_be_business_dates(ran: Ran) -> None:
    with pytest.raises(ValueError, match="not business dates"):
        run_city(ran.city, ran.workspace, ran.day - timedelta(days=1), ran.day)


def test_job_runs_a_range_in_one_run(ran: Ran) -> None:
    job = build_defs(prepare(ran.city, ran.workspace)).resolve_job_def(JOB)
    assert job.partitions_def is not None
    assert job.backfill_policy == dg.BackfillPolicy.single_run()
