"""The business dates a feed is asked for: a range in order, and before it what an earlier failure left out."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from catalog.city import City
from catalog.contract.options import FolderTransport
from catalog.workspace import Workspace
from orchestration.connectors.errors import SourceError
from orchestration.landing.ledger import Ledger
from orchestration.landing.pull import PullReport, pull


@dataclass(frozen=True)
class DaysReport:
    """Pulls of several days, in order; `failed` is the day at which the source stopped answering, and `error` why."""

    reports: tuple[PullReport, ...]
    failed: date | None = None
    error: SourceError | None = None


def pull_days(
    city: City,
    feed: str,
    days: Iterable[date],
    workspace: Workspace,
    on_pulled: Callable[[PullReport], None] | None = None,
) -> DaysReport:
    """Pull the days from the feed's start date on, oldest first, up to the first at which its source fails.

    When an earlier pull failed or was cut short, the days from that one on which are still missing come first. Days
    between the first and the last for which a folder holds nothing new are only written down: a pull of each would
    look through the whole folder again.
    """
    with Ledger(workspace):  # the last to close a ledger writes its log back into the file: once, not for every day
        return _pull_days(city, feed, days, workspace, on_pulled)


def _pull_days(
    city: City,
    feed: str,
    days: Iterable[date],
    workspace: Workspace,
    on_pulled: Callable[[PullReport], None] | None,
) -> DaysReport:
    reports: list[PullReport] = []
    due = _due(city, feed, days, workspace)
    loud, quiet = _with_news(city, feed, due, workspace), list[date]()
    for day in due:
        if day not in loud:
            quiet.append(day)
            continue
        if quiet:
            with Ledger(workspace) as ledger:
                _close_quiet(ledger, feed, quiet, city.feeds[feed].version)
            reports += [PullReport(feed, passed) for passed in quiet]
            quiet.clear()
        try:
            report = pull(city, feed, day, workspace)
        except SourceError as error:
            return DaysReport(tuple(reports), day, error)
        reports.append(report)
        if on_pulled is not None:
            on_pulled(report)
    return DaysReport(tuple(reports))


def pulled_days(feed: str, workspace: Workspace) -> set[date]:
    """Days for which the feed was asked to the end; a day that failed when it was asked again is not one of them."""
    with Ledger(workspace) as ledger:
        return _closed(ledger, feed) - {pull.business_date for pull in ledger.open_pulls(feed)}


def never_read(city: City, workspace: Workspace, day: date) -> list[str]:
    """Feeds that begin by `day` and have not been asked to the end for any day so far, in the city's order."""
    with Ledger(workspace) as ledger:
        due = (feed for feed, contract in city.feeds.items() if contract.options.start_date <= day)
        return [feed for feed in due if not _closed(ledger, feed)]


def first_open_day(city: City, workspace: Workspace) -> date:
    """The first business date that some feed was not yet pulled for; date.max for a city without feeds."""
    if not workspace.landing_ledger.exists():
        return min((feed.options.start_date for feed in city.feeds.values()), default=date.max)
    with Ledger(workspace) as ledger:
        return min((_first_open_day(ledger, city, feed) for feed in city.feeds), default=date.max)


def _first_open_day(ledger: Ledger, city: City, feed: str) -> date:
    unanswered = [pull.business_date for pull in ledger.open_pulls(feed)]
    closed = _closed(ledger, feed)
    after = max(closed) + timedelta(days=1) if closed else city.feeds[feed].options.start_date
    return min([*unanswered, after])


def _with_news(city: City, feed: str, due: Sequence[date], workspace: Workspace) -> set[date]:
    """The days that must be pulled: all but those of a folder, between the first and the last, without new files."""
    transport = city.feeds[feed].options.transport
    if not isinstance(transport, FolderTransport) or len(due) < 3:
        return set(due)
    from orchestration.connectors.folder import fresh_days

    with Ledger(workspace) as ledger:
        fresh = fresh_days(city, feed, transport, ledger)
    return set(due) if fresh is None else {due[0], due[-1], *fresh}


def _close_quiet(ledger: Ledger, feed: str, days: Sequence[date], contract_version: str) -> None:
    """Pulls of days for which nothing was there, opened and closed in one transaction."""
    now = datetime.now(UTC).isoformat()
    with ledger.transaction() as con:
        con.executemany(
            "INSERT INTO pull (feed, business_date, opened_at, closed_at, contract_version) VALUES (?, ?, ?, ?, ?)",
            [(feed, day.isoformat(), now, now, contract_version) for day in days],
        )


def _due(city: City, feed: str, days: Iterable[date], workspace: Workspace) -> list[date]:
    wanted = {day for day in days if day >= city.feeds[feed].options.start_date}
    if not wanted:
        return []
    with Ledger(workspace) as ledger:
        unanswered = [pull.business_date for pull in ledger.open_pulls(feed)]
        return sorted(wanted | _gap(min(unanswered, default=date.max), max(wanted), _closed(ledger, feed)))


def _gap(first: date, last: date, closed: Collection[date]) -> set[date]:
    span = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return {day for day in span if day not in closed or day == first}


def _closed(ledger: Ledger, feed: str) -> set[date]:
    rows = ledger.execute("SELECT DISTINCT business_date FROM pull WHERE feed = ? AND closed_at IS NOT NULL", (feed,))
    return {date.fromisoformat(day) for (day,) in rows.fetchall()}
