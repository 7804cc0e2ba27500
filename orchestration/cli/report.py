"""`civiclake report`: the daily report of vital signs as Markdown."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from orchestration.alarms import Language
from orchestration.cli.exits import CommandError, ExitCode
from orchestration.cli.options import DEFAULT_CITY, CityOption, HomeOption, open_city


def report(
    day: Annotated[
        datetime | None, typer.Option("--day", formats=["%Y-%m-%d"], help="Day of the report; by default the last one.")
    ] = None,
    language: Annotated[Language, typer.Option("--language", help="Language of the report.")] = "zh",
    output: Annotated[
        Path | None, typer.Option("--output", help="File to write; by default it is printed.", dir_okay=False)
    ] = None,
    city: CityOption = DEFAULT_CITY,
    home: HomeOption = None,
) -> None:
    """Write the daily report of the city's vital signs: levels, changes, what is stale, open alarms (Markdown)."""
    from orchestration.daily_report import NoReportError, daily_report
    from orchestration.lake.connect import open_lake

    loaded, workspace = open_city(city, home)
    try:
        with open_lake(workspace, read_only=True) as con:
            text = daily_report(con, loaded.title, day.date() if day else None, language)
    except (FileNotFoundError, NoReportError) as error:
        raise CommandError(ExitCode.DATA, str(error)) from None
    if output is None:
        typer.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8")
        typer.echo(f"{output} is written.")
