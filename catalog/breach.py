"""Breaches of contracts as files of the workspace: what a run held or blocked, for the gateway to tell of."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, Field, ValidationError

from catalog.canonical import write_json
from catalog.compiled import CompiledDataset
from catalog.contract.options import Strict
from catalog.errors import CatalogError
from catalog.workspace import Workspace

KEPT = 500
"""So many are kept; older ones have long been told."""


class Breach(Strict):
    """A batch of `feeds` that was held whole, or a release that failed checks of `feeds` and `models` blocked."""

    id: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,120}$")
    kind: Literal["batch_held", "release_blocked"]
    at: AwareDatetime
    feeds: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def concerns(self, dataset: CompiledDataset) -> bool:
        """Whether a dataset stands on what was breached."""
        return bool({*self.feeds} & {*dataset.feeds} or {*self.models} & {dataset.model, *dataset.upstream})


def record_breach(workspace: Workspace, breach: Breach) -> None:
    """Write a breach down, atomically. Written again under its id it replaces itself."""
    folder = workspace.breaches
    folder.mkdir(parents=True, exist_ok=True)
    fresh = folder / f".{breach.id}.new"
    write_json(breach, fresh)
    fresh.replace(folder / f"{breach.id}.json")
    by_age = sorted(folder.glob("*.json"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    for path in by_age[:-KEPT]:
        path.unlink(missing_ok=True)


def breach_ids(workspace: Workspace) -> list[str]:
    """The breaches written down, by id."""
    return sorted(path.stem for path in workspace.breaches.glob("[!.]*.json"))


def read_breach(workspace: Workspace, name: str) -> Breach:
    """The breach with this id; CatalogError when it cannot be read."""
    path = workspace.breaches / f"{name}.json"
    try:
        return Breach.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise CatalogError.one(path, "the file has been cleared away", "Nothing is to be done") from None
    except ValidationError as error:
        raise CatalogError.one(path, str(error.errors()[0]["msg"]), "Remove the file") from None
