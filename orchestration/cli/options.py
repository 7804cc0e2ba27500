"""Options every command shares: which city, and where its state lives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from catalog.place import DEFAULT_CITY, city_folder, workspace_of
from catalog.place_options import CityOption, HomeOption

if TYPE_CHECKING:
    from catalog.city import City
    from catalog.workspace import Workspace

__all__ = ["DEFAULT_CITY", "CityOption", "HomeOption", "city_folder", "open_city"]


def open_city(city: Path, home: Path | None) -> tuple[City, Workspace]:
    """The city and its workspace; CatalogError names every fault of its files."""
    from catalog.city import load_city

    loaded = load_city(city_folder(city))
    return loaded, workspace_of(loaded.id, home)
