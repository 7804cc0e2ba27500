"""Dagster's event log as we keep it holds what Dagster's own does, and what waited is there when it is read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from catalog.workspace import Workspace
from orchestration.defs.home import ensure_dagster_home

CHECKS = 40
QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
TABLES = {
    "event_logs": "dagster_event_type, step_key, asset_key, partition",
    "asset_check_executions": "asset_key, check_name, partition, execution_status, "
    "json_extract(evaluation_event, '$.dagster_event.event_type_value'), "
    "evaluation_event_storage_id IS NOT NULL, materialization_event_storage_id",
    "asset_keys": "asset_key, json_extract(last_materialization, '$.storage_id')",
    "asset_event_tags": "asset_key, key",
}


def _job() -> dg.JobDefinition:
    @dg.multi_asset(
        specs=[dg.AssetSpec("case"), dg.AssetSpec("ticket")],
        check_specs=[dg.AssetCheckSpec(f"rule_{number}", asset="case") for number in range(CHECKS)],
    )
    def library() -> Iterator[Any]:
        yield dg.MaterializeResult(asset_key="case", metadata={"rows": 3}, tags={"level": "L1"})
        yield dg.MaterializeResult(asset_key="ticket")
        for number in range(CHECKS):
            yield dg.AssetCheckResult(asset_key="case", check_name=f"rule_{number}", passed=number != 7)

    return dg.Definitions(
        assets=[library], jobs=[dg.define_asset_job("all", executor_def=dg.in_process_executor)]
    ).resolve_job_def("all")


def _shards(home: Path) -> dict[str, dict[str, list[tuple[Any, ...]]]]:
    """Rows of every table of the index and of the runs, oldest run first, without what differs from run to run."""
    found = {}
    shards = [file for file in (home / "history").glob("*.db") if file.stem != "runs"]
    for file in sorted(shards, key=lambda file: (file.stem != "index", file.stat().st_mtime)):
        with closing(sqlite3.connect(file)) as con:
            rows = {name: con.execute(f"SELECT {columns} FROM {name}").fetchall() for name, columns in TABLES.items()}
        name = "index" if file.stem == "index" else f"run {len(found)}"
        # Within a step Dagster itself gives no promise about the order in which what was intended is told.
        found[name] = {table: sorted(entries, key=repr) for table, entries in rows.items()}
    return found


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Homes in which the same job ran twice: `ours`, and `theirs` with the event log Dagster has by default."""
    homes = {name: tmp_path_factory.mktemp(name) for name in ("ours", "theirs")}
    ensure_dagster_home(Workspace(homes["ours"]))
    homes["ours"] = Workspace(homes["ours"]).dagster
    (homes["theirs"] / "dagster.yaml").write_text(
        "telemetry: {enabled: false}\nevent_log_storage:\n  module: dagster._core.storage.event_log\n"
        f"  class: SqliteEventLogStorage\n  config: {{base_dir: {homes['theirs'] / 'history'}}}\n"
    )
    job = _job()
    for home in homes.values():
        with dg.DagsterInstance.from_config(str(home)) as instance:
            for _ in range(2):
                result = job.execute_in_process(instance=instance, run_config=QUIET)
                assert result.success
                told = instance.all_logs(result.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
                assert len(told) == CHECKS, "what waited is written before the log is read"
    return homes


def test_the_log_is_dagsters_own(written: dict[str, Path]) -> None:
    ours, theirs = _shards(written["ours"]), _shards(written["theirs"])
    assert ours.keys() == theirs.keys() == {"index", "run 1", "run 2"}
    for shard, tables in theirs.items():
        for table, rows in tables.items():
            assert ours[shard][table] == rows, (shard, table)
    checks = [row for row in ours["index"]["asset_check_executions"] if row[3] == "FAILED"]
    assert [row[1] for row in checks] == ["rule_7", "rule_7"]


def test_an_evaluation_that_was_not_planned_is_added(written: dict[str, Path]) -> None:
    job = _job()
    with dg.DagsterInstance.from_config(str(written["ours"])) as instance:
        run_id = job.execute_in_process(instance=instance, run_config=QUIET).run_id
        [first, *_] = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
        storage, key = instance.event_log_storage, dg.AssetCheckKey(dg.AssetKey("case"), "rule_0")
        with storage.index_connection() as connection:  # type: ignore[attr-defined]  # SQLite's own
            connection.exec_driver_sql("DELETE FROM asset_check_executions WHERE run_id = ?", (run_id,))
        before = len(storage.get_asset_check_execution_history(key, limit=10))
        storage.store_event(first)
        assert len(storage.get_asset_check_execution_history(key, limit=10)) == before + 1


def test_a_failed_run_has_told_everything_before_its_failure(tmp_path: Path) -> None:
    ensure_dagster_home(Workspace(tmp_path))

    @dg.asset(check_specs=[dg.AssetCheckSpec("counted", asset="broken")])
    def broken() -> Iterator[Any]:
        yield dg.AssetCheckResult(check_name="counted", passed=True)
        raise dg.Failure("it broke", allow_retries=False)

    job = dg.Definitions(assets=[broken]).resolve_implicit_global_asset_job_def()
    with dg.DagsterInstance.from_config(str(Workspace(tmp_path).dagster)) as instance:
        result = job.execute_in_process(instance=instance, run_config=QUIET, raise_on_error=False)
        kinds = [event.dagster_event_type for event in instance.all_logs(result.run_id) if event.is_dagster_event]
    assert not result.success
    evaluated, failed = dg.DagsterEventType.ASSET_CHECK_EVALUATION, dg.DagsterEventType.STEP_FAILURE
    assert kinds.index(evaluated) < kinds.index(failed)
