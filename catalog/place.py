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


class NotThisHomeError(Exception):
    """The folder that was named cannot hold the state of the city: what was found there, and the mend."""

    exit_code = 2

    def __init__(self, found: str, mend: str) -> None:
        super().__init__(f"{found}. {mend}")
        self.found, self.mend = found, mend


def workspace_of(city_id: str, home: Path | None) -> Workspace:
    """The workspace in `home`, by default in ./.civiclake/<city id>.

    NotThisHomeError when that is a file, or the workspace of another city.
    """
    workspace = Workspace((home or STATE / city_id).absolute())
    _require_home_of(city_id, workspace)
    return workspace


def claim(city_id: str, workspace: Workspace) -> None:
    """Write down that the workspace is this city's, making its folder; NotThisHomeError as `workspace_of`."""
    _require_home_of(city_id, workspace)
    if not workspace.city.exists():
        workspace.home.mkdir(parents=True, exist_ok=True)
        fresh = workspace.city.with_suffix(".new")
        fresh.write_text(f"{city_id}\n", encoding="utf-8")
        fresh.replace(workspace.city)


def _require_home_of(city_id: str, workspace: Workspace) -> None:
    home = workspace.home
    if home.exists() and not home.is_dir():
        raise NotThisHomeError(f"{home} is a file, and --home names a folder", "Name another, or leave it out")
    if workspace.city.exists() and (owner := workspace.city.read_text(encoding="utf-8").strip()) != city_id:
        raise NotThisHomeError(
            f"{home} is the workspace of the city `{owner}`, not of `{city_id}`",
            f"Name the folder of `{owner}` with --city, or another place for `{city_id}` with --home",
        )
