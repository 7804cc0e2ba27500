"""Run a city in this process: one Dagster job over a range of business dates, reported as plain values."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from catalog.city import City
from catalog.errors import CatalogError
from catalog.place import claim
from catalog.release import list_releases
from catalog.workspace import Workspace
from orchestration.lake.connect import open_lake
from orchestration.lake.lock import writer_lock
from orchestration.lake.schema import ensure_ops
from orchestration.landing.days import never_read
from orchestration.outcome import outcome_of, problems_of

if TYPE_CHECKING:
    from dagster import ExecuteInProcessResult
    from duckdb import DuckDBPyConnection

    from orchestration.defs.session import Progress, Session
    from orchestration.reading.report import BatchAccount


@dataclass(frozen=True)
class FeedReport:
    """What the run did with one feed, in rows but for the two counts of batches.

    `held` says of every held batch and table why; `problem` why the source could not be read, and `never_read` that
    it has not been read to the end of any day so far.
    """

    feed: str
    batches: int
    held_batches: int
    rows_in: int
    accepted: int
    quarantined: int
    duplicate: int
    held_rows: int
    late_rows: int
    held: tuple[str, ...]
    problem: str | None
    never_read: bool = False


@dataclass(frozen=True)
class RunReport:
    """One run. `outcome`: published, resumed, unchanged, withdrawn (see Publication), blocked, failed, or unread.

    `unread`: there is no first release, for a feed has never been read. `release` is the release that holds the
    result, None when blocked, failed or unread, and then `reasons` say why.
    """

    run_id: str
    start: date
    end: date
    seconds: float
    feeds: tuple[FeedReport, ...]
    checks_passed: int
    checks_warned: int
    checks_failed: int
    outcome: str
    release: int | None
    reasons: tuple[str, ...]


def run_city(
    city: City,
    workspace: Workspace,
    start: date,
    end: date,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    force_release: bool = False,
    rebuild: bool = False,
) -> RunReport:
    """Land, accept, transform, check and release the business dates from `start` to `end`, both included.

    `rebuild` computes every model anew from all accepted rows; `force_release` publishes even unchanged content.
    Holds the lake for writing from beginning to end. What fails is in the report; CatalogError and TransformError
    mean that the run could not start. ValueError when the dates are not business dates of the city.
    """
    began = time.monotonic()
    with writer_lock(workspace):
        session = prepare(city, workspace, on_progress)
        _require_days(session, start, end)
        with open_lake(workspace) as con:
            ensure_ops(con)
            from orchestration.defs.accounts import accounts_since, newest_load
            from orchestration.defs.models import REBUILD
            from orchestration.defs.release import FORCE
            from orchestration.defs.session import RANGE_END

            before = newest_load(con)
            asked = {FORCE: force_release, REBUILD: rebuild}
            result = _execute(session, start, end, {tag: "true" for tag, wanted in asked.items() if wanted})
            unread = never_read(city, workspace, session.as_of({RANGE_END: end.isoformat()}, con))
            waits = bool(unread) and not list_releases(workspace)
            outcome, release, reasons = outcome_of(con, result, waits=waits)
            passed, warned, failed = _check_counts(con, result.run_id)
            return RunReport(
                run_id=result.run_id,
                start=start,
                end=end,
                seconds=time.monotonic() - began,
                feeds=feed_reports(city, accounts_since(con, before), problems_of(result), unread),
                checks_passed=passed,
                checks_warned=warned,
                checks_failed=failed,
                outcome=outcome,
                release=release,
                reasons=reasons,
            )


def prepare(city: City, workspace: Workspace, on_progress: Callable[[Progress], None] | None = None) -> Session:
    """Everything definitions need: Dagster's home, the assembled dbt project and its parsed manifest.

    Every writer begins here: NotThisHomeError when the workspace is another city's.
    """
    claim(city.id, workspace)
    os.environ.setdefault("DAGSTER_DISABLE_TELEMETRY", "1")
    if not city.feeds:
        raise CatalogError.one(city.root / "feeds", "the city has no feed", "Add feeds/<feed>.odcs.yaml")
    from orchestration.defs.home import ensure_dagster_home
    from orchestration.defs.session import Session, silent
    from orchestration.transform.assemble import assemble
    from orchestration.transform.build import parse_project
    from orchestration.transform.pseudonyms import ensure_pseudonym_key

    ensure_dagster_home(workspace)
    ensure_pseudonym_key(city, workspace)
    assemble(city, workspace)
    return Session(city, workspace, parse_project(workspace, city), on_progress or silent)


def get_ready(city: City, workspace: Workspace) -> None:
    """Assemble and parse the city's models and load the libraries of a run, so that the run itself begins at once."""

    prepare(city, workspace)


def _require_days(session: Session, start: date, end: date) -> None:
    last = session.now().date()
    if not session.first_day <= start <= end <= last:
        text = f"{start} to {end} are not business dates of {session.city.id}"
        raise ValueError(f"{text}: give two days between {session.first_day} and {last}, the earlier first")


def _execute(session: Session, start: date, end: date, tags: dict[str, str]) -> ExecuteInProcessResult:
    import dagster as dg

    from orchestration.definitions import build_defs
    from orchestration.defs.automation import JOB
    from orchestration.defs.session import RANGE_END, RANGE_START

    tags = {**tags, RANGE_START: start.isoformat(), RANGE_END: end.isoformat()}
    job = build_defs(session).resolve_job_def(JOB)
    with _signals_kept(), dg.DagsterInstance.from_config(str(session.workspace.dagster)) as instance:
        return job.execute_in_process(
            instance=instance,
            tags=tags,
            raise_on_error=False,
            run_config={"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}},
        )


@contextmanager
def _signals_kept() -> Iterator[None]:
    """Put the handlers back as they were.

    Dagster leaves SIGTERM with the handler of SIGINT. Where SIGINT is ignored, as in the background of a shell, nothing
    could end this process and its children any more.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def feed_reports(
    city: City, accounts: Sequence[BatchAccount], problems: Mapping[str, str], unread: Collection[str] = ()
) -> tuple[FeedReport, ...]:
    """One report per feed, from the accounts of the run's loads, the sources that failed, and those never read."""
    by_feed: dict[str, list[BatchAccount]] = {}
    for account in accounts:
        by_feed.setdefault(account.feed, []).append(account)
    return tuple(
        _feed_report(feed, by_feed.get(feed, []), problems.get(feed), never_read=feed in unread) for feed in city.feeds
    )


def _feed_report(feed: str, accounts: Sequence[BatchAccount], problem: str | None, *, never_read: bool) -> FeedReport:
    held = [account for account in accounts if account.status == "held"]
    loaded = [account for account in accounts if account.status == "loaded"]
    return FeedReport(
        feed=feed,
        batches=len({account.batch_id for account in accounts}),
        held_batches=len({account.batch_id for account in held}),
        rows_in=sum(account.rows_in for account in accounts),
        accepted=sum(account.rows_accepted for account in loaded),
        quarantined=sum(account.rows_quarantined for account in loaded),
        duplicate=sum(account.rows_duplicate for account in loaded),
        held_rows=sum(account.rows_in for account in held),
        late_rows=sum(account.rows_in for account in accounts if account.late_days > 0),
        held=tuple(f"{account.batch_id} {account.table_name}: {'; '.join(account.reasons)}" for account in held),
        problem=problem,
        never_read=never_read,
    )


def _check_counts(con: DuckDBPyConnection, run_id: str) -> tuple[int, int, int]:
    row = con.execute(
        "SELECT count(*) FILTER (passed), count(*) FILTER (NOT passed AND severity = 'warn'),"
        " count(*) FILTER (NOT passed AND severity <> 'warn') FROM lake.ops.check_result WHERE run_id = ?",
        [run_id],
    ).fetchone()
    return (int(row[0]), int(row[1]), int(row[2])) if row else (0, 0, 0)
