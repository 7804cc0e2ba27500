"""The staging interfaces, read from the dbt project, and the dbt files written from them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import Field

from catalog.contract.options import Level, Strict, Title
from catalog.validate import validate
from catalog.yamlfile import read_yaml
from orchestration.transform.steps import ColumnStep

PROJECT_DIR = Path(__file__).resolve().parents[2] / "dbt_project"
STAGING_DIR = PROJECT_DIR / "models" / "staging"


class _Column(Strict):
    name: str
    type: str
    level: Level
    title: Title
    description: str


class _Interface(Strict):
    title: Title
    grain: str
    key: tuple[str, ...] = Field(min_length=1)
    level: Level
    columns: tuple[_Column, ...] = Field(min_length=1)


class _Interfaces(Strict):
    """The interfaces of one feed, as authored."""

    interfaces: dict[str, _Interface]


class _Bookkeeping(Strict):
    """The columns every interface gets besides its own, as authored."""

    bookkeeping: tuple[_Column, ...]


@dataclass(frozen=True)
class Interface:
    """One staging interface; `columns` are column mappings with name, type, level, title and description.

    `file` is where it is authored, named for its feed.
    """

    name: str
    file: Path
    title: dict[str, str]
    grain: str
    key: tuple[str, ...]
    level: str
    columns: tuple[dict[str, Any], ...]

    @property
    def feed(self) -> str:
        """The feed that can fill it."""
        return self.file.stem


@cache
def load_interfaces(folder: Path = STAGING_DIR) -> dict[str, Interface]:
    """All interfaces by name, each with the bookkeeping columns; CatalogError names every fault of a file."""
    bookkeeping = validate(_Bookkeeping, read_yaml(folder / "bookkeeping.yml")).bookkeeping
    return {
        name: Interface(
            name=name,
            file=file,
            title=spec.title.model_dump(),
            grain=spec.grain,
            key=spec.key,
            level=spec.level,
            columns=tuple(column.model_dump() for column in (*spec.columns, *bookkeeping)),
        )
        for file in sorted((folder / "interfaces").glob("*.yml"))
        for name, spec in validate(_Interfaces, read_yaml(file)).interfaces.items()
    }


def empty_model(columns: Iterable[Mapping[str, Any]]) -> str:
    """SQL of a model without rows, of columns with name and type, for what a city does not deliver."""
    listed = ",\n".join(f"    cast(null as {column['type']}) as {column['name']}" for column in columns)
    return f"-- The city delivers nothing of this: no rows.\nselect\n{listed}\nwhere false\n"


def model_properties(
    interface: Interface, *, owner: str, provided: bool, steps: Mapping[str, ColumnStep] = MappingProxyType({})
) -> str:
    """The dbt property file of a staging model: contract, titles, levels, the city's steps (JSON, which is YAML)."""
    model = {
        "name": interface.name,
        "description": interface.grain,
        "config": {
            "tags": [interface.feed],
            "meta": {
                "title": interface.title,
                "level": interface.level,
                "owner": owner,
                "group": interface.feed,
                "grain_key": list(interface.key),
                "provided": provided,
            },
        },
        "columns": [_column(column, steps.get(column["name"])) for column in interface.columns],
    }
    return json.dumps({"version": 2, "models": [model]}, ensure_ascii=False, indent=1) + "\n"


def _column(column: Mapping[str, Any], step: ColumnStep | None) -> dict[str, Any]:
    meta = {"title": column["title"], "level": column["level"]}
    authored = {"name": column["name"], "data_type": column["type"], "description": column["description"]}
    if step is None:
        return authored | {"config": {"meta": meta}}
    lowered = step.deidentified.model_dump(exclude_none=True)
    return authored | {"config": {"meta": meta | {"deidentified": lowered}}, "data_tests": list(step.data_tests)}
