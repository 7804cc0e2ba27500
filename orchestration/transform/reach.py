"""Which models of the shared project a city's deliveries reach; the others are left out, or stand empty where named."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from catalog.yamlfile import read_yaml

_REF = re.compile(r"\bref\(\s*['\"](\w+)['\"]\s*\)")
_MACRO = re.compile(r"{%-?\s*(?:macro|test)\s+(\w+)\(.*?{%-?\s*end(?:macro|test)\b", re.DOTALL)
_GROUP = re.compile(r"^ +group: (\w+)$", re.MULTILINE)
_CALL = re.compile(r"\b(\w+)\(")
_NEEDS = re.compile(r"^ {8}needs: \[([\w, ]+)\]$", re.MULTILINE)
_REFERENCES = frozenset({"known", "belongs_to"})  # tests that would find no row's parent in a model without rows


@dataclass(frozen=True)
class Reach:
    """Names of models and interfaces: `built` of rows or vocabularies, `empty` only because a built one names them."""

    built: frozenset[str]
    empty: frozenset[str]


def reach(
    named: Mapping[str, Set[str]],
    interfaces: Set[str],
    provided: Set[str],
    needs: Mapping[str, Set[str]] = MappingProxyType({}),
    unwanted: Set[str] = frozenset(),
) -> Reach:
    """What is built of the models `named` (each with the models and interfaces it names) where `provided` is delivered.

    A model is built when something it stands on is delivered, however far down, or when it stands on no delivery at
    all, being made of vocabularies; but not without the interfaces that it `needs`, and not when it is `unwanted`.
    """
    grounds = {model: _grounds(model, named, interfaces) for model in named.keys() - unwanted}
    reached = {model for model, ground in grounds.items() if not ground or ground & provided}
    built = {model for model in reached if needs.get(model, frozenset()) <= provided} | provided
    empty = {name for model in built for name in named.get(model, ())} - built
    return Reach(frozenset(built), frozenset(empty))


def names_of_models(project: Path) -> dict[str, frozenset[str]]:
    """For each model of the project in `project` the models and interfaces its SQL names, itself or through macros."""
    macros = _macros(project)
    return {
        file.stem: frozenset(_names(file.read_text(encoding="utf-8"), macros)) - {file.stem}
        for file in sorted((project / "models").rglob("*.sql"))
    }


def needs_of_models(project: Path) -> dict[str, frozenset[str]]:
    """For each model that says so in its metadata (`needs`) the interfaces without which it would say nothing new."""
    found = (
        (file.stem, _NEEDS.search(file.read_text(encoding="utf-8"))) for file in (project / "models").rglob("*.yml")
    )
    return {model: frozenset(said[1].replace(" ", "").split(",")) for model, said in found if said}


def groups_of_models(project: Path) -> dict[str, frozenset[str]]:
    """The models of the project in `project` by the group their descriptions say."""
    found: dict[str, set[str]] = {}
    for file in sorted((project / "models").glob("*/*.yml")):
        if file.with_suffix(".sql").exists() and (group := _GROUP.search(file.read_text(encoding="utf-8"))):
            found.setdefault(group[1], set()).add(file.stem)
    return {group: frozenset(models) for group, models in found.items()}


def empty_properties(file: Path) -> str:
    """The properties of a model that stands empty: contract, titles and levels, but no dataset and no tests (JSON)."""
    authored = read_yaml(file).data
    models = [_without_rows(model) for model in authored["models"]]
    return json.dumps({"version": 2, "models": models}, ensure_ascii=False, indent=1) + "\n"


def columns_of(file: Path) -> list[dict[str, Any]]:
    """Name and type of each column of the model described in `file`."""
    [model] = read_yaml(file).data["models"]
    return [{"name": column["name"], "type": column["data_type"]} for column in model["columns"]]


def reached_properties(file: Path, reached: Reach) -> tuple[str, frozenset[str]]:
    """The properties of a built model, and the models its tests read.

    Without the tests that look for every row's parent in a model that is not built.
    """
    text = file.read_text(encoding="utf-8")
    named = frozenset(_REF.findall(text))
    if named <= reached.built:
        return text, named
    authored = read_yaml(file).data
    for model in authored["models"]:
        for described in (model, *model["columns"]):
            if "data_tests" in described:
                described["data_tests"] = [t for t in described["data_tests"] if not _is_orphaned(t, reached)]
    text = json.dumps(authored, ensure_ascii=False, indent=1, default=str) + "\n"
    return text, frozenset(_REF.findall(text))


def _is_orphaned(test: Any, reached: Reach) -> bool:
    return not _REFERENCES.isdisjoint(test) and not reached.built.issuperset(_REF.findall(json.dumps(test)))


def _without_rows(model: dict[str, Any]) -> dict[str, Any]:
    meta = {key: value for key, value in model["config"]["meta"].items() if key != "dataset"}
    columns = [_without_checks(column) for column in model["columns"]]
    named = {"name": model["name"], "description": model["description"]}
    return named | {"config": {"materialized": "view", "meta": meta}, "columns": columns}


def _without_checks(column: dict[str, Any]) -> dict[str, Any]:
    """A column that is tested for nothing, and so is lowered by nothing: it has what it declares."""
    meta = {key: value for key, value in column["config"]["meta"].items() if key != "deidentified"}
    return {key: value for key, value in column.items() if key != "data_tests"} | {"config": {"meta": meta}}


def _grounds(model: str, named: Mapping[str, Set[str]], interfaces: Set[str]) -> set[str]:
    """The interfaces a model stands on, however far down."""
    seen: set[str] = set()
    open_ends = [model]
    while open_ends:
        for name in named.get(open_ends.pop(), ()):
            if name not in seen:
                seen.add(name)
                open_ends.append(name)
    return seen & interfaces


def _macros(project: Path) -> dict[str, frozenset[str]]:
    """For each macro the models it names, itself or through the macros it calls."""
    texts = {
        found[1]: found[0]
        for file in sorted((project / "macros").rglob("*.sql"))
        for found in _MACRO.finditer(file.read_text(encoding="utf-8"))
    }

    @cache
    def models(macro: str) -> frozenset[str]:
        called = set(_CALL.findall(texts[macro])) & texts.keys() - {macro}
        return frozenset(_REF.findall(texts[macro])).union(*(models(other) for other in called))

    return {macro: models(macro) for macro in texts}


def _names(text: str, macros: Mapping[str, Iterable[str]]) -> Iterator[str]:
    yield from _REF.findall(text)
    for called in set(_CALL.findall(text)) & macros.keys():
        yield from macros[called]
