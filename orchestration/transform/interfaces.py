"""The staging interfaces, read from the dbt project, and the dbt files written from them."""

from __future__ import annotations

import json
from collections.abc import Mapping
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
INTERFACES_FILE = PROJECT_DIR / "models" / "staging" / "interfaces.yml"


class _Column(Strict):
    name: str
    type: str
    level: Level
    title: Title
    description: str


class _Interface(Strict):
    feed: str
    title: Title
    grain: str
    key: tuple[str, ...] = Field(min_length=1)
    level: Level
    columns: tuple[_Column, ...] = Field(min_length=1)


class _Interfaces(Strict):
    """The file as authored: every interface, and the columns each of them gets besides its own."""

    bookkeeping: tuple[_Column, ...]
    interfaces: dict[str, _Interface]


@dataclass(frozen=True)
class Interface:
    """One staging interface; `columns` are column mappings with name, type, level, title and description."""

    name: str
    feed: str
    title: dict[str, str]
    grain: str
    key: tuple[str, ...]
    level: str
    columns: tuple[dict[str, Any], ...]


@cache
def load_interfaces(path: Path = INTERFACES_FILE) -> dict[str, Interface]:
    """All interfaces by name, each with the bookkeeping columns appended; CatalogError names every fault of `path`."""
    authored = validate(_Interfaces, read_yaml(path))
    return {
        name: Interface(
            name=name,
            feed=spec.feed,
            title=spec.title.model_dump(),
            grain=spec.grain,
            key=spec.key,
            level=spec.level,
            columns=tuple(column.model_dump() for column in (*spec.columns, *authored.bookkeeping)),
        )
        for name, spec in authored.interfaces.items()
    }


def empty_model(interface: Interface) -> str:
    """SQL of a staging model without rows, for a city that does not deliver what the interface describes."""
    columns = ",\n".join(f"    cast(null as {c['type']}) as {c['name']}" for c in interface.columns)
    return f"-- The city does not provide this interface: no rows.\nselect\n{columns}\nwhere false\n"


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
