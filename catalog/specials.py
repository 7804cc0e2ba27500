"""Special-purpose libraries of a city: one YAML file each says of what model they are, which rows and columns."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from pydantic import Field, model_validator

from catalog.compiled import DatasetMeta
from catalog.contract.options import Strict, Title
from catalog.validate import validate
from catalog.yamlfile import read_yaml

FOLDER = "libraries"
Value = str | int | bool | date


class Condition(Strict):
    """What a column must be: one of `values`, or within [since, until) where these are given."""

    values: tuple[Value, ...] = ()
    since: Value | None = None
    until: Value | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Condition:
        if bool(self.values) == (self.since is not None or self.until is not None):
            raise ValueError("a condition has either `values`, or `since` and `until` or one of them")
        return self


class SpecialLibrary(Strict):
    """One special-purpose library: the rows of the model `of` that meet every condition of `where`.

    `columns` are those of it that are shown, all of its dataset by default. Keys, scope, levels, titles, masks and
    types are those of the model; sharing and opening are the library's own.
    """

    id: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Title
    purpose: str = Field(min_length=1)
    of: str
    where: Mapping[str, Condition] = Field(min_length=1)
    columns: tuple[str, ...] = ()
    resource_code: str
    sharing: str
    opening: str
    update_frequency: str = "daily"
    themes: tuple[str, ...] = ()

    @property
    def model(self) -> str:
        """Name of the model it becomes."""
        return f"theme_{self.id}"


def load_specials(root: Path) -> dict[Path, SpecialLibrary]:
    """The libraries a city in `root` declares, by their files; CatalogError names every fault of a file."""
    return {path: validate(SpecialLibrary, read_yaml(path)) for path in sorted((root / FOLDER).glob("*.yml"))}


def dataset_of_special(library: SpecialLibrary, source: DatasetMeta, columns: tuple[str, ...]) -> dict[str, object]:
    """The dataset block of a library of a model whose dataset is `source`: its scope as far as the columns go."""
    scope = source.scope
    return {
        "id": library.id,
        "resource_code": library.resource_code,
        "sharing": library.sharing,
        "opening": library.opening,
        "key": list(source.key),
        "update_frequency": library.update_frequency,
        "themes": list(library.themes or source.themes),
        "scope": {
            "divisions": {str(level): name for level, name in scope.divisions.items() if name in columns},
            "organisations": [name for name in scope.organisations if name in columns],
            **({"time": scope.time} if scope.time in columns else {}),
        },
    }
