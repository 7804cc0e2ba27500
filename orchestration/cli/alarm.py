"""`civiclake alarm`: alarms of vital signs that are open, and what a steward does about them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo

import typer

from catalog.login import login_name
from orchestration.alarms import Action, Language
from orchestration.cli.exits import CommandError, ExitCode, ReportingGroup
from orchestration.cli.options import DEFAULT_CITY, CityOption, HomeOption, open_city

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

app = typer.Typer(cls=ReportingGroup, no_args_is_help=True, help="Alarms of vital signs: what is open, seen, right.")
AlarmArgument = Annotated[str, typer.Argument(metavar="ALARM", help="Number of the alarm, as `alarm list` shows it.")]
ByOption = Annotated[str, typer.Option("--by", help="Who acts.", default_factory=login_name, show_default="this user")]


@app.command("list")
def list_(
    language: Annotated[Language, typer.Option("--language", help="Language of names.")] = "en",
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """List the alarms that are open, the worst first."""
    from orchestration.alarms import open_alarms
    from orchestration.cli.console import out, print_table
    from orchestration.lake.connect import open_lake

    _, workspace = open_city(city, home)
    try:
        con = open_lake(workspace, read_only=True)
    except FileNotFoundError as error:
        raise CommandError(ExitCode.DATA, str(error)) from None
    with con:
        _require_alarms(con)
        [(last,)] = con.execute("SELECT max(day) FROM lake.theme.theme_vital_sign_value").fetchall()
        found = open_alarms(con, last, language) if last else []
    if not found:
        out.print("No alarm is open.")
        return
    columns = ("alarm", "sign", "area", "worst", "since", "status", "days")
    rows = ((a.alarm_id, a.sign, a.area, a.level, a.opened_on, a.status, a.days_open) for a in found)
    print_table(f"Open alarms, {last}", columns, rows, numbers=1)


@app.command()
def ack(
    alarm: AlarmArgument,
    by: ByOption,
    reason: Annotated[str | None, typer.Option("--reason", help="A note; it is kept.")] = None,
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Say that somebody has seen an alarm. The next run tells it to the library."""
    _record(alarm, "ack", by=by, reason=reason, case=None, city=city, home=home)
    typer.echo(f"{alarm} is acknowledged.")


@app.command()
def judge(
    *,
    alarm: AlarmArgument,
    is_effective: Annotated[bool, typer.Option("--effective/--false", help="Whether the alarm was right.")],
    reason: Annotated[str, typer.Option("--reason", help="Why; it is kept.")],
    by: ByOption,
    case: Annotated[str | None, typer.Option("--case", help="Number of the case it was passed on as.")] = None,
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Say whether an alarm was right; the last word counts. The alarm itself closes with its sign."""
    verdict: Action = "effective" if is_effective else "false"
    _record(alarm, verdict, by=by, reason=reason, case=case, city=city, home=home)
    typer.echo(f"{alarm} is judged {verdict}.")


def _record(
    alarm: str, action: Action, *, by: str, reason: str | None, case: str | None, city: Path, home: Path | None
) -> None:
    from orchestration.alarms import Entry, UnknownAlarmError, record
    from orchestration.lake.connect import open_lake
    from orchestration.lake.lock import writer_lock
    from orchestration.lake.schema import ensure_ops

    loaded, workspace = open_city(city, home)
    now = datetime.now(ZoneInfo(loaded.timezone)).replace(tzinfo=None)
    with writer_lock(workspace), open_lake(workspace) as con:
        ensure_ops(con)
        _require_alarms(con)
        try:
            record(con, Entry(alarm, action, now, case, by, reason))
        except UnknownAlarmError as error:
            raise CommandError(ExitCode.DATA, str(error)) from None


def _require_alarms(con: DuckDBPyConnection) -> None:
    query = "SELECT 1 FROM duckdb_tables() WHERE database_name = 'lake' AND table_name = 'theme_vital_sign_alarm'"
    if con.execute(query).fetchone() is None:
        raise CommandError(ExitCode.DATA, "this city has no vital signs yet: `civiclake run` evaluates them")
