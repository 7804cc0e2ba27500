"""Options every command shares: which city, and where its state lives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalog.place import DEFAULT_CITY, city_folder, workspace_of

if TYPE_CHECKING:
    from catalog.city import City
    from catalog.workspace import Workspace

__all__ = ["DEFAULT_CITY", "CityOption", "HomeOption", "city_folder", "open_city"]

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


def open_city(city: Path, home: Path | None) -> tuple[City, Workspace]:
    """The city and its workspace; CatalogError names every fault of its files."""
    from catalog.city import load_city

    loaded = load_city(city_folder(city))
    return loaded, workspace_of(loaded.id, home)
