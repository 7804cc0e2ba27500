"""One full build by the platform, from landed bytes to a release, timed phase by phase in this process."""

from __future__ import annotations

import importlib
import time
from datetime import date
from pathlib import Path
from typing import Any

import dagster as dg

from benchmarks.city import yunzhou
from benchmarks.stopwatch import Stopwatch
from catalog.city import City
from catalog.workspace import Workspace
from orchestration.definitions import build_defs
from orchestration.defs import feeds, models, release, session
from orchestration.defs.automation import JOB
from orchestration.defs.release import RELEASE
from orchestration.defs.session import RANGE_END, RANGE_START
from orchestration.reading import load
from orchestration.run import prepare

START_UP = "start-up"
LATE = ("dbt.cli.main", "great_expectations.expectations", "expectations.gx_engine")
for module in LATE:  # imported by the platform when they are needed: here they are start-up, as all imports are
    importlib.import_module(module)


def build(home: Path, first: date, last: date, *, pulling: bool = False) -> dict[str, Any]:
    """Read, transform, check and release what landed in `home` for the days `first` to `last`; `pulling` lands it too.

    The answer has `phases` and `cpu` (wall-clock and processor seconds by phase, without the phases inside it),
    `nodes` (seconds of each dbt node) and `outcome`. Phases that start with `start-up` do the same work whatever
    landed.
    """
    watch, nodes = Stopwatch(), dict[str, float]()
    with watch.phase("Dagster"):
        _time_platform(watch, nodes)
        outcome = _run(watch, yunzhou(), Workspace(home), (first, last), pulling=pulling)
    return {"phases": watch.wall, "cpu": watch.cpu, "nodes": nodes, "outcome": outcome}


def _run(watch: Stopwatch, city: City, workspace: Workspace, days: tuple[date, date], *, pulling: bool) -> str:
    """The job as `civiclake run` has it, without the landing steps unless `pulling`; what became of the release,
    `waits` where it was refused."""
    with watch.phase(f"{START_UP}: assemble and parse dbt project"):
        made = prepare(city, workspace)
    with watch.phase(f"{START_UP}: Dagster definitions"):
        job = build_defs(made).resolve_job_def(JOB)
        wanted = [key for key in job.asset_layer.selected_asset_keys if pulling or key.path[0] != "landing"]
    with dg.DagsterInstance.from_config(str(workspace.dagster)) as instance:
        result = job.execute_in_process(
            instance=instance,
            tags={RANGE_START: days[0].isoformat(), RANGE_END: days[1].isoformat()},
            asset_selection=wanted,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )
    released = [e.materialization for e in result.get_asset_materialization_events() if e.asset_key == RELEASE]
    if released:
        return str(released[0].metadata["outcome"].value)
    failed = {event.step_key for event in result.get_step_failure_events()}
    if failed != {RELEASE.to_python_identifier()}:
        raise RuntimeError(f"these steps failed: {', '.join(sorted(failed))}")
    return "waits"  # where nothing was ever delivered there is nothing to publish


def _feed_of(setting: Any, *_: Any) -> str:
    return str(setting.contract.id)


def _time_platform(watch: Stopwatch, nodes: dict[str, float]) -> None:
    """Put the watch around the platform's steps, where they are called from."""
    for name in ("open_lake", "ensure_ops", "ensure_landed"):
        watch.wrap(session, name, f"{START_UP}: open the lake")
    watch.wrap(feeds, "pull_days", lambda city, feed, *_: f"landing {feed}")
    watch.wrap(feeds, "load_vocabulary", "vocabularies")
    watch.wrap(feeds, "load_feed", lambda con, city, feed, *_: f"reading {feed}: plan and commit")
    watch.wrap(load, "route_all", lambda *a: f"reading {_feed_of(*a)}: read, type, judge")
    watch.wrap(load, "look_back_all", lambda *a: f"reading {_feed_of(*a)}: look back")
    for name in ("derive_removals", "decide"):
        watch.wrap(load, name, lambda *a: f"reading {_feed_of(*a)}: duplicates and deletes")
    for name in ("tally", "check_read_counts"):
        watch.wrap(load, name, lambda *a: f"reading {_feed_of(*a)}: batch rules")
    for name in ("write_rows", "check_accounts"):
        watch.wrap(load, name, lambda *a: f"reading {_feed_of(*a)}: write and account")
    watch.wrap(feeds, "feed_results", lambda con, feed, *_: f"checks (GX): feed {feed.id}")
    watch.wrap(models, "model_results", "checks (GX): models")
    for owner in (feeds, models):
        watch.wrap(owner, "record", "checks: record results")
    watch.wrap(models, "_row_counts", "dbt: row counts")
    watch.wrap(release, "compile_catalog", "release: catalog and lineage")
    watch.wrap(release, "kept_lineage", "release: catalog and lineage")
    watch.wrap(release, "publish", "release: publish")
    _time_dbt(watch, models, nodes)


def _time_dbt(watch: Stopwatch, models: Any, nodes: dict[str, float]) -> None:
    """dbt's own start apart from its nodes, by the moments at which each node ends."""
    plain = models.run_dbt

    def timed(*args: Any, **kwargs: Any) -> Any:
        tell = kwargs.get("progress")
        marks = [(time.perf_counter(), time.process_time())]

        def progress(node: Any) -> None:
            wall, cpu = time.perf_counter(), time.process_time()
            spent = (wall - marks[-1][0], cpu - marks[-1][1])
            if len(marks) == 1:  # up to the first node dbt was starting
                before = max(0.0, spent[0] - node.seconds)
                watch.book(f"{START_UP}: dbt to its first node", before, spent[1] * before / spent[0])
                spent = (spent[0] - before, spent[1] * (1 - before / spent[0]))
            watch.book(f"dbt: {node.resource_type}s", *spent)
            marks.append((wall, cpu))
            if tell is not None:
                tell(node)

        kwargs["progress"] = progress
        with watch.phase("dbt: after its nodes"):
            run = plain(*args, **kwargs)
        nodes.update({node.unique_id: node.seconds for node in run.nodes})
        return run

    models.run_dbt = timed
