"""Options every command shares: which city, and where its state lives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.workspace import Workspace
from orchestration.cli.exits import CommandError, ExitCode

if TYPE_CHECKING:
    from catalog.city import City

DEFAULT_CITY = Path("examples/yunzhou")
_CHECKOUT = Path(__file__).resolve().parents[2]

CityOption = Annotated[
    Path, typer.Option("--city", envvar="CIVICLAKE_CITY", help="Folder of the city (holds city.yml).", metavar="DIR")
]
HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="CIVICLAKE_HOME",
        help="Where the state of the city lives; by default ./.civiclake/<city id>.",
        metavar="DIR",
    ),
]


def city_folder(path: Path) -> Path:
    """`path` as given; the default also found when the command is run outside the checkout."""
    if path == DEFAULT_CITY and not path.exists():
        path = _CHECKOUT / path
    if not (path / "city.yml").is_file() and path.name != "city.yml":
        raise CommandError(
            ExitCode.USAGE, f"{path} is not a city: it has no city.yml. Name one with --city, or make one with `init`"
        )
    return path


def open_city(city: Path, home: Path | None) -> tuple[City, Workspace]:
    """The city and its workspace; CatalogError names every fault of its files."""
    from catalog.city import load_city

    loaded = load_city(city_folder(city))
    return loaded, Workspace((home or Path(".civiclake") / loaded.id).absolute())
