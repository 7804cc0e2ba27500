"""A small typed reader of dbt's manifest.json: models, sources and tests, nothing else of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from catalog.errors import CatalogError

Authored = Callable[[str], Path | None]


@dataclass(frozen=True)
class ModelColumn:
    """One documented column; `type` is its `data_type`, None when the YAML gives none."""

    name: str
    type: str | None
    description: str
    meta: Mapping[str, Any]
    required: bool


@dataclass(frozen=True)
class DbtModel:
    """One model. `layer` is its lake schema; `depends_on` holds unique ids of models and sources it reads.

    `compiled_code` is the SQL last compiled, None before the first time; `file` describes the model (YAML or SQL).
    """

    unique_id: str
    name: str
    layer: str
    file: Path
    description: str
    columns: Mapping[str, ModelColumn]
    meta: Mapping[str, Any]
    depends_on: tuple[str, ...]
    materialized: str
    contract_enforced: bool
    compiled_code: str | None

    @property
    def grain(self) -> str:
        """First sentence of the description."""
        return self.description.strip().partition(". ")[0].rstrip(".").replace("\n", " ")


@dataclass(frozen=True)
class DbtSource:
    """One source table: `schema` and `name` are those of the lake."""

    unique_id: str
    schema: str
    name: str
    meta: Mapping[str, Any]


@dataclass(frozen=True)
class DbtTest:
    """One data test; `kind` is its generic name (`unique`, …) or None for a singular one; `model` its subject."""

    unique_id: str
    name: str
    kind: str | None
    model: str | None
    column: str | None
    arguments: Mapping[str, Any]
    severity: str


@dataclass(frozen=True)
class DbtManifest:
    """Models, sources and tests by unique id, each in a stable order."""

    models: Mapping[str, DbtModel]
    sources: Mapping[str, DbtSource]
    tests: Mapping[str, DbtTest] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path, *, authored: Authored | None = None) -> DbtManifest:
        """Reads `path`; CatalogError when it is missing or is no manifest.

        Models are placed below the project of the manifest, or in the file that `authored` names for a copy in it.
        """
        try:
            return cls.parse(json.loads(path.read_bytes()), path.parent, authored)
        except FileNotFoundError:
            raise CatalogError.one(path, "the file does not exist", "Run `dbt compile` in the project first") from None
        except (json.JSONDecodeError, KeyError, AttributeError, TypeError) as error:
            text = f"not a dbt manifest ({type(error).__name__}: {error})"
            raise CatalogError.one(path, text, "Delete it and run `dbt compile` again") from None

    @classmethod
    def parse(cls, raw: Mapping[str, Any], target: Path, authored: Authored | None = None) -> DbtManifest:
        """The manifest as read from JSON, of the project whose target folder is `target`; see `load`."""
        nodes = sorted(raw["nodes"].items())
        models = {key: _model(node, target, authored) for key, node in nodes if node["resource_type"] == "model"}
        sources = {key: _source(node) for key, node in sorted(raw.get("sources", {}).items())}
        tests = {key: _test(node) for key, node in nodes if node["resource_type"] == "test"}
        return cls(models, sources, tests)

    def model(self, name: str) -> DbtModel:
        """The model called `name`; KeyError when there is none."""
        for model in self.models.values():
            if model.name == name:
                return model
        raise KeyError(f"the dbt project has no model {name}")

    def name_of(self, unique_id: str) -> str:
        """The name of a model or a test."""
        return self.models[unique_id].name if unique_id in self.models else self.tests[unique_id].name

    def upstream(self, unique_id: str) -> list[str]:
        """Unique ids of all models and sources `unique_id` reads, directly or not, sorted."""
        found: set[str] = set()
        waiting = [unique_id]
        while waiting:
            model = self.models.get(waiting.pop())
            for name in model.depends_on if model else ():
                if name not in found:
                    found.add(name)
                    waiting.append(name)
        return sorted(found)

    def in_order(self) -> list[DbtModel]:
        """All models, each after the models it reads."""
        from graphlib import TopologicalSorter

        graph = {key: [d for d in m.depends_on if d in self.models] for key, m in self.models.items()}
        return [self.models[key] for key in TopologicalSorter(graph).static_order()]


def _model(node: Mapping[str, Any], target: Path, authored: Authored | None) -> DbtModel:
    config = node["config"]
    described = (node.get("patch_path") or node["original_file_path"]).rpartition("://")[2]
    return DbtModel(
        unique_id=node["unique_id"],
        name=node["name"],
        layer=node["schema"],
        file=(authored(described) if authored else None) or target.parent / described,
        description=node.get("description") or "",
        columns={name: _column(name, column) for name, column in node["columns"].items()},
        meta=_meta(node),
        depends_on=_relations(node["depends_on"]["nodes"]),
        materialized=config.get("materialized") or "view",
        contract_enforced=bool((config.get("contract") or {}).get("enforced")),
        compiled_code=node.get("compiled_code") or _compiled_before(node, target),
    )


def _compiled_before(node: Mapping[str, Any], target: Path) -> str | None:
    """The SQL an earlier run left behind: dbt's manifest holds it only for what the latest run selected."""
    path = target / "compiled" / str(node.get("package_name")) / str(node["original_file_path"])
    return path.read_text(encoding="utf-8") if path.is_file() else None


def _column(name: str, column: Mapping[str, Any]) -> ModelColumn:
    constraints = {constraint.get("type") for constraint in column.get("constraints") or ()}
    return ModelColumn(
        name=name,
        type=column.get("data_type"),
        description=column.get("description") or "",
        meta=_meta(column),
        required=bool(constraints & {"not_null", "primary_key"}),
    )


def _source(node: Mapping[str, Any]) -> DbtSource:
    return DbtSource(node["unique_id"], node["schema"], node.get("identifier") or node["name"], _meta(node))


def _test(node: Mapping[str, Any]) -> DbtTest:
    generic = node.get("test_metadata") or {}
    return DbtTest(
        unique_id=node["unique_id"],
        name=node["name"],
        kind=generic.get("name"),
        model=node.get("attached_node"),
        column=node.get("column_name"),
        arguments={k: v for k, v in (generic.get("kwargs") or {}).items() if k != "model"},
        severity=str(node["config"].get("severity") or "error").lower(),
    )


def _meta(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """dbt keeps `meta` in two places: the node's own and that of its config, which is the newer."""
    return {**(node.get("meta") or {}), **((node.get("config") or {}).get("meta") or {})}


def _relations(nodes: Iterable[str]) -> tuple[str, ...]:
    kept = (node for node in nodes if node.startswith(("model.", "source.", "seed.")))
    return tuple(sorted(set(kept)))
