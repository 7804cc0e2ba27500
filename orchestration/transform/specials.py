"""Special-purpose libraries as models: SQL and properties, made from one YAML file of the city and a model."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from datetime import date
from pathlib import Path
from typing import Any

from catalog.compiled import DELETED, DatasetMeta, is_published
from catalog.errors import CatalogError
from catalog.specials import Condition, SpecialLibrary, dataset_of_special, load_specials
from catalog.validate import nearest
from catalog.yamlfile import read_yaml


def special_files(root: Path, models: Path, built: Set[str]) -> dict[str, str]:
    """Text by relative path of the models of the libraries that the city in `root` declares.

    `models` is the folder of the shared models, `built` names those that are built: a library of another is left out
    as that is. CatalogError when a library is of no model, is called as one is, or names a column that is not there.
    """
    files: dict[str, str] = {}
    known = {path.stem: path for path in models.rglob("*.yml")}
    for file, library in load_specials(root).items():
        if library.of not in known:
            raise CatalogError.one(file, f"there is no model `{library.of}`", nearest(library.of, known), key="of")
        if library.model in known or f"models/theme/{library.model}.sql" in files:
            raise CatalogError.one(file, f"there is already a model {library.model}", "Choose another id", key="id")
        if library.of not in built:
            continue
        [source] = read_yaml(known[library.of]).data["models"]
        columns = _columns(file, library, source)
        place = f"models/theme/{library.model}"
        files[f"{place}.sql"] = _sql(library, source, [column["name"] for column in columns])
        files[f"{place}.yml"] = _properties(library, source, columns)
    return files


def special_file(root: Path, model: str) -> Path | None:
    """The file of the city in which the library that became `model` is declared; None when there is none."""
    return next((file for file, library in load_specials(root).items() if library.model == model), None)


def _columns(file: Path, library: SpecialLibrary, source: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The columns of the source that the library shows, in their order; its key is always among them."""
    there = {column["name"]: column for column in source["columns"]}
    named = {"columns": library.columns, "where": tuple(library.where)}
    for key, names in named.items():
        for name in names:
            if name not in there:
                raise CatalogError.one(file, f"{library.of} has no column `{name}`", nearest(name, there), key=key)
    if "dataset" not in source["config"]["meta"]:
        raise CatalogError.one(file, f"{library.of} is no dataset, so it has no key", "Choose one that is", key="of")
    shown = set(library.columns or there) | set(source["config"]["meta"]["dataset"]["key"])
    return [column for name, column in there.items() if name in shown and is_published(name)]


def _sql(library: SpecialLibrary, source: Mapping[str, Any], columns: list[str]) -> str:
    removed = [f"not {DELETED}"] if any(c["name"] == DELETED for c in source["columns"]) else []
    conditions = [*removed, *(part for name, asked in library.where.items() for part in _conditions(name, asked))]
    shown = ",\n    ".join(columns)
    return (
        "{{ config(materialized='table') }}\n\n"
        f"-- Made from {library.id}.yml of the city.\n"
        f"select\n    {shown}\nfrom {{{{ ref('{library.of}') }}}}\nwhere\n    " + "\n    and ".join(conditions) + "\n"
    )


def _conditions(name: str, asked: Condition) -> Iterator[str]:
    if asked.values:
        yield f"{name} in ({', '.join(_literal(value) for value in asked.values)})"
    if asked.since is not None:
        yield f"{name} >= {_literal(asked.since)}"
    if asked.until is not None:
        yield f"{name} < {_literal(asked.until)}"


def _literal(value: object) -> str:
    if isinstance(value, bool | int):
        return str(value).lower()
    text = str(value).replace("'", "''").replace("{", "{{ '{' }}")
    return f"cast('{text}' as date)" if isinstance(value, date) else f"'{text}'"


def _properties(library: SpecialLibrary, source: Mapping[str, Any], columns: list[Mapping[str, Any]]) -> str:
    """The property file (JSON, which is YAML): columns as the source describes them, without its tests."""
    meta = source["config"]["meta"]
    dataset = DatasetMeta.model_validate(json.loads(json.dumps(meta["dataset"], default=str)))
    kept = []
    for column in columns:
        own = {key: value for key, value in column["config"]["meta"].items() if key != "deidentified"}
        described = {key: column[key] for key in ("name", "data_type", "description")}
        kept.append(described | {"config": {"meta": own}})
    model = {
        "name": library.model,
        "description": f"{source['description'].strip().partition('. ')[0].rstrip('.')}. {library.purpose}",
        "config": {
            "meta": {
                "title": library.title.model_dump(),
                "level": max(column["config"]["meta"]["level"] for column in columns),
                "owner": meta["owner"],
                "group": meta["group"],
                "dataset": dataset_of_special(library, dataset, tuple(column["name"] for column in columns)),
            }
        },
        "data_tests": [{"unique_key": {"arguments": {"columns": list(dataset.key)}}}],
        "columns": kept,
    }
    return json.dumps({"version": 2, "models": [model]}, ensure_ascii=False, indent=1, default=str) + "\n"
