"""Pull a feed: bring what its department has for a business date into landing, once, whatever happens."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

from filelock import AcquireReturnProxy, FileLock, Timeout

from catalog.city import City
from catalog.contract.model import FeedContract
from catalog.contract.options import FolderTransport, HttpTransport, SqlTransport
from catalog.workspace import Workspace
from orchestration.connectors.base import Progress, PullTask
from orchestration.connectors.errors import SourceError
from orchestration.landing.ledger import Ledger
from orchestration.landing.records import Batch, Notice, OpenPull, Versions, unversioned


@dataclass(frozen=True)
class PullReport:
    """What a pull brought.

    `batches` were closed by it, earliest business date first; `objects` and `total_bytes` are theirs.
    `skipped` files were offered and not landed; `unsettled` files were still being written and are left for
    the next pull. `complete_before` says the day had been pulled after its end, so the source was not asked;
    `unchanged` that it was asked and sent what is landed already.
    """

    feed: str
    business_date: date
    batches: tuple[Batch, ...] = ()
    objects: int = 0
    total_bytes: int = 0
    skipped: tuple[Notice, ...] = ()
    unsettled: tuple[str, ...] = ()
    complete_before: bool = False
    unchanged: bool = False


def pull(
    city: City,
    feed: str,
    business_date: date,
    workspace: Workspace,
    on_progress: Callable[[Progress], None] | None = None,
    *,
    again: bool = False,
) -> PullReport:
    """Pull a feed for a business date and close its batches; SourceError when the source cannot be read.

    A pull that a crash or an error cut short is continued. A day of an HTTP or SQL feed that was pulled after
    it had ended, with records, is not asked for again unless `again`; equal contents are landed once anyhow.
    """
    with _feed_lock(city, feed, workspace), Ledger(workspace) as ledger:
        seen = ledger.newest_notice(feed)
        open_days = {p.business_date for p in ledger.open_pulls(feed)}
        folder = isinstance(city.feeds[feed].options.transport, FolderTransport)
        if not (folder or again or business_date in open_days) and ledger.is_final(feed, business_date):
            return PullReport(feed, business_date, complete_before=True)
        # Files recorded by an unfinished pull are met, and would wait for that very day to be pulled again.
        days = sorted({*open_days, business_date}) if folder else [business_date]
        batches: list[Batch] = []
        unsettled: list[str] = []
        records = 0
        for day in days:
            task = _task(city, feed, ledger.open_pull(feed, day, city.feeds[feed].version), ledger, on_progress)
            _connect(task)
            final = task.records > 0 and _was_over(task)
            batches += ledger.close_pull(task.pull, final=final, version=_versions(city.feeds[feed]))
            unsettled += task.unsettled
            records += task.records
        receipts = [receipt for batch in batches for receipt in ledger.objects(batch.batch_id)]
        return PullReport(
            feed,
            business_date,
            tuple(batches),
            len(receipts),
            sum(receipt.size for receipt in receipts),
            tuple(ledger.notices(feed, after=seen)),
            tuple(dict.fromkeys(unsettled)),
            unchanged=records > 0 and not batches,
        )


def _feed_lock(city: City, feed: str, workspace: Workspace) -> AcquireReturnProxy:
    """One puller of a feed at a time; the system frees the lock when its holder dies."""
    file = workspace.landing_ledger.parent / f"{feed}.lock"
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return FileLock(file).acquire(timeout=city.feeds[feed].options.retry.deadline_seconds)
    except Timeout:
        text = "another process is pulling this feed"
        raise SourceError(city.contract_path(feed), "id", text, f"Wait for it, or end it; it holds {file}") from None


def _versions(contract: FeedContract) -> Versions:
    """What tells the version of a delivery: the file name, for feeds of files."""
    if not isinstance(contract.options.transport, FolderTransport):
        return unversioned
    from orchestration.connectors.filenames import version_of

    return lambda receipt: version_of(contract, receipt.table, receipt.file_name)


def _was_over(task: PullTask) -> bool:
    """Whether the day had ended when the pull began, so that nothing more can fall into its window."""
    _, end = task.window()
    return task.pull.opened_at >= end.replace(tzinfo=task.zone)


def _task(
    city: City, feed: str, opened: OpenPull, ledger: Ledger, on_progress: Callable[[Progress], None] | None
) -> PullTask:
    contract = city.feeds[feed]
    return PullTask(
        contract=contract,
        contract_file=city.contract_path(feed),
        city_root=city.root,
        zone=ZoneInfo(city.timezone),
        pull=opened,
        ledger=ledger,
        deadline=time.monotonic() + contract.options.retry.deadline_seconds,
        on_progress=on_progress,
    )


def _connect(task: PullTask) -> None:
    """Run the connector of the feed's transport; connectors are imported when one is needed."""
    match task.contract.options.transport:
        case HttpTransport() as transport:
            from orchestration.connectors.http import pull_http

            pull_http(task, transport)
        case FolderTransport() as transport:
            from orchestration.connectors.folder import pull_folder

            pull_folder(task, transport)
        case SqlTransport() as transport:
            from orchestration.connectors.sql import pull_sql

            pull_sql(task, transport)
