"""Options that the access commands share, and the control store they open."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalog.login import login_name
from catalog.place import DEFAULT_CITY
from catalog.place_options import CityOption, HomeOption

if TYPE_CHECKING:
    from collections.abc import Sequence
    from zoneinfo import ZoneInfo

    from catalog.policy.model import CompiledPolicy
    from catalog.workspace import Workspace
    from gateway.control.store import ControlStore
    from gateway.identity.scope import Scope
    from gateway.identity.secret_text import Hasher
    from gateway.settings import GatewaySettings

Names = list[str] | None
_NARROWEST = 8  # signs of a column beside the ids; where they do not fit, lines are longer than the terminal
Days = Annotated[int, typer.Option("--days", min=1, help="Lifetime in days.")]


@dataclass(frozen=True)
class Place:
    """Which city, and where its state lives; the last options of every command."""

    city: CityOption = DEFAULT_CITY
    home: HomeOption = None


@dataclass(frozen=True)
class ScopeOptions:
    """What a credential or a delegation is narrowed to; what is not said does not narrow."""

    dataset: Annotated[Names, typer.Option("--dataset", help="Only this dataset. May be repeated.")] = None
    action: Annotated[
        Names, typer.Option("--action", help="Only this: describe, read, aggregate, export, verify. May be repeated.")
    ] = None
    column: Annotated[Names, typer.Option("--column", help="Only this column. May be repeated.")] = None
    division: Annotated[
        Names, typer.Option("--division", help="Only rows in this division (its code). May be repeated.")
    ] = None

    def checked(self, control: Control, *, admin: bool = False) -> Scope:
        """The scope that the options say; ControlError names a division, dataset or column that is none."""
        from gateway.control.credentials import check_names
        from gateway.identity.scope import parse_scope

        check_divisions(control, self.division)
        scope = parse_scope(
            {
                "datasets": self.dataset or None,
                "actions": self.action or None,
                "columns": self.column or None,
                "rows": {"divisions": self.division} if self.division else None,
                "admin": admin,
            }
        )
        check_names(control.policy(), scope)
        return scope


@dataclass(frozen=True)
class Control:
    """The opened store of a city, with what the commands need beside it."""

    city: Path
    zone: ZoneInfo
    workspace: Workspace
    settings: GatewaySettings
    store: ControlStore
    hasher: Hasher

    @property
    def by(self) -> str:
        """Who acts, for the record: whoever has the city's files in hand."""
        return f"cli:{login_name()}"

    @property
    def today(self) -> date:
        """The day it is in the city."""
        return now().astimezone(self.zone).date()

    def policy(self) -> CompiledPolicy | None:
        """The policy in force; None before the first."""
        from catalog.policy.model import CompiledPolicy

        file = self.workspace.policy
        return CompiledPolicy.model_validate_json(file.read_bytes()) if file.exists() else None

    def lifetime(self, days: int) -> timedelta:
        """A lifetime within what the settings allow."""
        from gateway.control.errors import ControlError

        if days > self.settings.longest_key_days:
            raise ControlError(f"--days: at most {self.settings.longest_key_days}")
        return timedelta(days=days)


@contextmanager
def opened(place: Place) -> Iterator[Control]:
    """The control store of the city, made and migrated when it is not there yet."""
    from zoneinfo import ZoneInfo

    from catalog.city import CityFile
    from catalog.place import city_folder, workspace_of
    from catalog.validate import validate
    from catalog.yamlfile import read_yaml
    from gateway.control.errors import StoreError
    from gateway.control.store import ControlStore
    from gateway.identity.secret_files import load_secrets
    from gateway.identity.secret_text import Hasher
    from gateway.identity.service import control_url
    from gateway.settings import GatewaySettings

    folder = city_folder(place.city)
    folder = folder.parent if folder.name == "city.yml" else folder
    city = validate(CityFile, read_yaml(folder / "city.yml"))
    workspace = workspace_of(city.id, place.home)
    if not workspace.home.is_dir():  # to make one here would be to govern a city that nobody serves
        raise StoreError(
            f"{workspace.home}: there is no state of {city.id} here. Name its folder with --home or CIVICLAKE_HOME, "
            "or make it with `civiclake run`"
        )
    settings = GatewaySettings(home=workspace.home)
    store = ControlStore(control_url(settings, workspace))
    try:
        store.migrate()
        hasher = Hasher(load_secrets(settings, workspace.control.parent).pepper)
        yield Control(folder, ZoneInfo(city.timezone), workspace, settings, store, hasher)
    finally:
        store.close()


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


def vocabulary(control: Control, table: str) -> list[dict[str, str]]:
    """Rows of a vocabulary file of the city that are valid today."""
    path, today = control.city / "vocabulary" / f"{table}.csv", control.today.isoformat()
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    return [r for r in rows if (r.get("valid_from") or "") <= today and not (r.get("valid_to") or "9999") < today]


def check_divisions(control: Control, codes: Names) -> None:
    """ControlError names a code that is no division of the city."""
    from gateway.control.errors import UnknownError

    known = {row["code"] for row in vocabulary(control, "division")} if codes else set()
    for code in codes or ():
        if code not in known:
            raise UnknownError(f"--division: {code} is not in {control.city / 'vocabulary' / 'division.csv'}")


def show(title: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table; times as local minutes, nothing where there is nothing."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold", box=None, pad_edge=False)
    whole = max((len(_cell(row[0])) for row in rows), default=0)  # ids stand first, to be copied: never cut or folded
    for place, column in enumerate(columns):
        table.add_column(column, overflow="fold", no_wrap=place == 0, min_width=whole if place == 0 else None)
    for row in rows:
        table.add_row(*(Text(_cell(value)) for value in row))
    needed = whole + _NARROWEST * (len(columns) - 1)
    terminal = Console(highlight=False)
    (terminal if terminal.width >= needed else Console(highlight=False, width=needed)).print(table)


def tell(title: str, entries: Sequence[tuple[str, Sequence[str | None]]]) -> None:
    """A list of what has too much to say for a table: a line for each entry, more lines below it, None for none."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    terminal = Console(highlight=False)
    terminal.print(Text(title, style="bold"))
    for head, below in entries:
        terminal.print(Text(head))
        for line in below:
            if line:
                terminal.print(Padding(Text(line), (0, 0, 0, 4), expand=False))


def say(text: str) -> None:
    """A line for the person at the terminal; results that a program may take go to standard output."""
    typer.echo(text, err=True)


def named(**parts: Any) -> str:
    """Parts in words, those that say nothing left out: `columns name, phone; for audit`."""
    return "; ".join(f"{name.replace('_', ' ')} {_cell(value)}" for name, value in parts.items() if value)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone():%Y-%m-%d %H:%M}"
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)
