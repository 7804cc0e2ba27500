"""`civiclake init`: a city folder that checks and runs, to be filled with a city's own feeds."""

from __future__ import annotations

import re
import shlex
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from orchestration.cli.exits import CommandError, ExitCode

_SCAFFOLD = Path(__file__).with_name("scaffold")
_WEEKEND = 5
_CALENDAR = date(2004, 1, 1), date(2035, 12, 31)


def init(
    folder: Annotated[Path, typer.Argument(metavar="NEW_CITY", help="Folder to make; its name becomes the city's id.")],
    timezone: Annotated[str, typer.Option("--timezone", help="IANA time zone of the city.")] = "Etc/UTC",
) -> None:
    """Make a city folder: city.yml, one commented example feed, its staging SQL, vocabularies, a sample file."""
    from orchestration.cli.console import out

    city_id = re.sub(r"[^a-z0-9]+", "_", folder.resolve().name.lower()).strip("_")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", city_id):
        raise CommandError(ExitCode.USAGE, f"{folder}: the name of a city begins with a letter a-z")
    if folder.exists() and any(folder.iterdir()):
        raise CommandError(ExitCode.USAGE, f"{folder} is not empty; name a new folder")
    write_city(folder, city_id, timezone)
    _require_sound(folder)
    out.print(f"{folder} is a city with one example feed, `permits`. Next:", markup=False)
    for command, what in (
        ("contract check", "checks what you change"),
        ("run", "reads the sample file into a first release (one of its rows lands in quarantine)"),
        ("serve", "serves it"),
    ):
        out.print(f"  civiclake {command} --city {shlex.quote(str(folder))}    {what}", markup=False, soft_wrap=True)


def write_city(folder: Path, city_id: str, timezone: str) -> None:
    """Write the scaffold with its placeholders filled; yesterday is its first business date."""
    from catalog.vocabulary import load_interface

    day = datetime.now(UTC).date() - timedelta(days=1)
    words = {"@ID@": city_id, "@ZONE@": timezone, "@DAY@": day.isoformat(), "@COMPACT@": f"{day:%Y%m%d}"}
    for source in sorted(path for path in _SCAFFOLD.rglob("*") if path.is_file()):
        target = folder / _filled(source.relative_to(_SCAFFOLD).as_posix(), words)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(_filled(source.read_text(encoding="utf-8"), words), encoding="utf-8")
    (folder / "vocabulary" / "calendar.csv").write_text(_calendar(), encoding="utf-8")
    for name, table in load_interface().items():
        path = folder / "vocabulary" / f"{name}.csv"
        if not path.exists():
            path.write_text(",".join(column for column, _ in table.columns) + "\n", encoding="utf-8")


def _filled(text: str, words: dict[str, str]) -> str:
    for placeholder, value in words.items():
        text = text.replace(placeholder, value)
    return text


def _calendar() -> str:
    """Working days of the years a city's records may speak of: Monday to Friday, to be corrected by hand."""
    first, last = _CALENDAR
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    lines = [f"{d},{str(d.weekday() < _WEEKEND).lower()}," for d in days]
    return "\n".join(["day,is_working,holiday", *lines]) + "\n"


def _require_sound(folder: Path) -> None:
    from catalog.city import check_city, load_city
    from catalog.errors import CatalogError

    problems = check_city(load_city(folder))
    if problems:
        raise CatalogError(problems)
