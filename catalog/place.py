"""Where a city's folder and its state are when nobody says otherwise; every command line asks here."""

from __future__ import annotations

from pathlib import Path

from catalog.workspace import Workspace

DEFAULT_CITY = Path("examples/yunzhou")
STATE = Path(".civiclake")
_CHECKOUT = Path(__file__).resolve().parents[1]


class NoCityError(Exception):
    """The folder that was named is not a city."""

    exit_code = 2


def city_folder(path: Path) -> Path:
    """`path` as given; the default also found when the command is run outside the checkout. NoCityError if no city."""
    if path == DEFAULT_CITY and not path.exists():
        path = _CHECKOUT / path
    if not (path / "city.yml").is_file() and path.name != "city.yml":
        raise NoCityError(
            f"{path} is not a city: it has no city.yml. Name one with --city, or make one with `civiclake init`"
        )
    return path


def workspace_of(city_id: str, home: Path | None) -> Workspace:
    """The workspace in `home`, by default in ./.civiclake/<city id>."""
    return Workspace((home or STATE / city_id).absolute())
