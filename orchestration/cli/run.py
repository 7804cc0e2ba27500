"""`civiclake run`: bring a city's business dates from its departments into a release."""

from __future__ import annotations

import gc
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from orchestration.cli.exits import CommandError, ExitCode
from orchestration.cli.options import DEFAULT_CITY, CityOption, HomeOption, open_city
from orchestration.cli.processes import INTERRUPTED, STOPPED, Children, stopping

if TYPE_CHECKING:
    from catalog.city import City
    from catalog.workspace import Workspace
    from orchestration.run import RunReport

_DAY = ["%Y-%m-%d"]


def run(
    *,
    from_: Annotated[
        datetime | None,
        typer.Option("--from", formats=_DAY, help="First business date; by default the first not yet run."),
    ] = None,
    to: Annotated[
        datetime | None, typer.Option("--to", formats=_DAY, help="Last business date; by default yesterday.")
    ] = None,
    force_release: Annotated[
        bool, typer.Option("--force-release", help="Make a release even when its content is unchanged.")
    ] = False,
    rebuild: Annotated[
        bool, typer.Option("--rebuild", help="Compute every model anew from all accepted rows.")
    ] = False,
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Land, check, transform and release the business dates FROM to TO of a city."""
    loaded, workspace = open_city(city, home)
    start, end = _days(loaded, workspace, from_.date() if from_ else None, to.date() if to else None)
    with Children() as children, stopping(children, code=INTERRUPTED, text=STOPPED):
        report = run_days(loaded, workspace, start, end, force_release=force_release, rebuild=rebuild)
    print_report(report)
    raise typer.Exit(exit_code(report))


def run_days(
    city: City, workspace: Workspace, start: date, end: date, *, force_release: bool = False, rebuild: bool = False
) -> RunReport:
    """Run the business dates with progress on the terminal."""
    from orchestration.cli.progress import showing_progress
    from orchestration.run import run_city

    gc.freeze()  # libraries stay: a run makes much garbage, and each search for it would look through them again
    span = f"{start}" if start == end else f"{start} to {end}"
    with showing_progress(f"{city.title.en}: {span}") as tell:
        try:
            return run_city(city, workspace, start, end, tell, force_release=force_release, rebuild=rebuild)
        except ValueError as error:
            raise CommandError(ExitCode.USAGE, str(error)) from error


def print_report(report: RunReport) -> None:
    """What was ingested, quarantined and published, feed by feed."""
    from orchestration.cli.console import err, out, print_error, print_table

    span = f"{report.start}" if report.start == report.end else f"{report.start} to {report.end}"
    columns = (
        "feed", "batches", "batches\nheld", "rows in", "accepted", "quarantined", "duplicate",
        "rows\nheld", "rows\nlate",
    )  # fmt: skip
    rows = [
        (f.feed, f.batches, f.held_batches, f.rows_in, f.accepted, f.quarantined, f.duplicate, f.held_rows, f.late_rows)
        for f in report.feeds
    ]
    totals = [sum(int(row[i]) for row in rows) for i in range(1, len(columns))]
    print_table(f"{span}, {report.seconds:.1f} s", columns, [*rows, ("all", *totals)], numbers=len(totals))
    for feed in report.feeds:
        for held in feed.held:
            err.print(f"held: {held}", markup=False, soft_wrap=True)
        if feed.problem:
            state = "has never been read" if feed.never_read else "could not be read, its last good state stays"
            print_error(f"{feed.feed} {state}: {feed.problem}")
    out.print(f"Checks: {report.checks_passed} passed, {report.checks_warned} warned, {report.checks_failed} failed.")
    out.print(_release_sentence(report), markup=False)
    for reason in report.reasons:
        print_error(reason)


def exit_code(report: RunReport) -> ExitCode:
    """The exit code a run deserves: blocked, sources never read, failed, a source not read this time, or all well."""
    if report.outcome == "blocked":
        return ExitCode.BLOCKED
    if report.outcome == "unread":
        return ExitCode.ENVIRONMENT
    if report.outcome == "failed" or any(feed.problem for feed in report.feeds):
        return ExitCode.DATA
    return ExitCode.OK


def _release_sentence(report: RunReport) -> str:
    number = f"{report.release:04d}" if report.release else ""
    return {
        "published": f"Release {number} is published and served.",
        "resumed": f"Release {number}, left unfinished by an earlier run, is served now.",
        "unchanged": f"Nothing changed: release {number} stays (--force-release makes a new one of the same content).",
        "withdrawn": f"Release {number} has this content but was rolled back from; it is not served again by itself.",
        "blocked": "No release: a blocking check failed. What was served before is still served.",
        "unread": "No release yet. What was read is kept.",
        "failed": "No release: the run failed. What was served before is still served.",
    }[report.outcome]


def _days(city: City, workspace: Workspace, start: date | None, end: date | None) -> tuple[date, date]:
    """The dates asked for; without --from the first day that some feed was not yet pulled for."""
    from orchestration.landing.days import first_open_day

    last = end or datetime.now(ZoneInfo(city.timezone)).date() - timedelta(days=1)
    return start or min(first_open_day(city, workspace), last), last
