"""Rules that the models must keep together; each class is one rule and its docstring is what a breach is told."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from pydantic import ValidationError

from catalog.compiled import DatasetMeta
from catalog.contract.options import Title
from catalog.errors import CatalogError, Problem
from catalog.manifest import DbtManifest, DbtModel
from catalog.withdrawal import WITHDRAWAL_COLUMNS, withdrawal_key
from catalog.yamlfile import YamlFile, read_yaml

LEVELS = ("L1", "L2", "L3", "L4")
LIBRARY = ("base", "topic", "theme")
# What a layer may read: the one before it, and itself. Vocabularies are no layer, yet open leaves them alone.
READS: dict[str, frozenset[str]] = {
    "staging": frozenset({"landed", "vocab", "staging"}),
    "base": frozenset({"staging", "vocab", "base"}),
    "topic": frozenset({"staging", "base", "vocab", "topic"}),
    "theme": frozenset({"topic", "base", "vocab", "theme"}),
    "open": frozenset(LIBRARY),
    "withdrawal": frozenset({"topic", "vocab"}),
}


class Rule(ABC):
    """A rule over the models of a project."""

    mend: ClassVar[str]

    @abstractmethod
    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        """Breaches of this rule by `model`: the column meant (None for the model itself), and what was found."""


class ModelHasTitle(Rule):
    """A model has a Chinese and an English title."""

    mend = "Write config.meta.title: {zh: …, en: …}"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        if not _is_title(model.meta.get("title")):
            yield None, ""


class ModelStatesGrain(Rule):
    """The description of a model begins with its grain."""

    mend = "Begin the description with `One row per …`"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        if not model.description.strip().startswith("One row per "):
            yield None, ""


class ModelHasLevel(Rule):
    """A model has a level from L1 to L4."""

    mend = "Write config.meta.level"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        if model.meta.get("level") not in LEVELS:
            yield None, ""


class ColumnHasType(Rule):
    """A column has a type."""

    mend = "Write data_type"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        yield from ((column.name, "") for column in model.columns.values() if not column.type)


class ColumnHasTitle(Rule):
    """A column has a Chinese and an English title."""

    mend = "Write config.meta.title: {zh: …, en: …}"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        yield from ((column.name, "") for column in model.columns.values() if not _is_title(column.meta.get("title")))


class ColumnHasLevel(Rule):
    """A column has a level from L1 to L4."""

    mend = "Write config.meta.level"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        yield from ((column.name, "") for column in model.columns.values() if column.meta.get("level") not in LEVELS)


class ColumnsAreListed(Rule):
    """A model lists its columns, and from base upward dbt holds it to them."""

    mend = "List the columns and set config.contract.enforced: true"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        if not model.columns or (model.layer in (*LIBRARY, "open", "withdrawal") and not model.contract_enforced):
            yield None, ""


class LayersAreNotSkipped(Rule):
    """Data goes one way: staging, base, topic, theme, open."""

    mend = "Read a model of an allowed layer; if there is none for this need, add it there"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        allowed = READS.get(model.layer)
        if allowed is None:
            yield None, f"There is no layer `{model.layer}`."
            return
        for name in model.depends_on:
            layer = manifest.models[name].layer if name in manifest.models else manifest.sources[name].schema
            if layer not in allowed:
                yield None, f"A model of {model.layer} may read {', '.join(sorted(allowed))}; it reads {name}."


class OpenModelsAreDatasets(Rule):
    """Every open model describes its dataset, and no other model does."""

    mend = "Write config.meta.dataset with id, sharing, opening, key and update_frequency on open models only"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        if (model.layer == "open") != ("dataset" in model.meta):
            yield None, ""
        elif model.layer == "open":
            yield from ((None, fault) for fault in _dataset_faults(model))


class DatasetIdsAreUnique(Rule):
    """A dataset id names one dataset."""

    mend = "Choose another id"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        mine = _dataset_id(model)
        others = [m.name for m in manifest.models.values() if m.name < model.name and _dataset_id(m) == mine]
        if mine is not None and others:
            yield None, f"`{mine}` is already the dataset of {others[0]}."


class DatasetOrderExists(Rule):
    """Key and order of a dataset are columns of its model."""

    mend = "Correct config.meta.dataset"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        dataset = _dataset(model)
        for name in dict.fromkeys((*dataset.key, *dataset.order)) if dataset else ():
            if name not in model.columns:
                yield None, f"There is no column `{name}`."


class OpenKeysAreOpen(Rule):
    """A dataset opened without conditions has columns of level L1, its key and order among them."""

    mend = "Lower the level of the column if it truly is public, choose another key, or open it conditionally"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        dataset = _dataset(model)
        if dataset is None or dataset.opening != "unconditional":
            return
        if all(column.meta.get("level") != "L1" for column in model.columns.values()):
            yield None, "It has none."
        for name in dict.fromkeys((*dataset.key, *dataset.order)):
            column = model.columns.get(name)
            if column is not None and column.meta.get("level") != "L1":
                yield name, f"The level of this one is {column.meta.get('level')}."


class WithdrawalsNameRows(Rule):
    """A model of withdrawn rows has the key of the datasets it names in meta.withdraws, and why and from when."""

    mend = f"List the key in the dataset's order, beside {', '.join(WITHDRAWAL_COLUMNS)}, and the datasets"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        if model.layer != "withdrawal":
            return
        yield from ((name, "It is missing.") for name in WITHDRAWAL_COLUMNS if name not in model.columns)
        named = model.meta.get("withdraws") or ()
        if not named:
            yield None, "It names none."
        for other in manifest.models.values():
            dataset = _dataset(other)
            if dataset is not None and dataset.id in named and dataset.key != withdrawal_key(model.columns):
                yield None, f"The key of {dataset.id} is {', '.join(dataset.key)}."


RULES: tuple[Rule, ...] = (
    ModelHasTitle(),
    ModelStatesGrain(),
    ModelHasLevel(),
    ColumnsAreListed(),
    ColumnHasType(),
    ColumnHasTitle(),
    ColumnHasLevel(),
    LayersAreNotSkipped(),
    OpenModelsAreDatasets(),
    DatasetIdsAreUnique(),
    DatasetOrderExists(),
    OpenKeysAreOpen(),
    WithdrawalsNameRows(),
)


def check_models(manifest: DbtManifest) -> list[Problem]:
    """Every breach of every rule, by file, line and key; empty when the models keep them."""
    lines: dict[Path, YamlFile | None] = {}
    problems = []
    for model in manifest.models.values():
        for rule in RULES:
            for column, found in rule.breaches(model, manifest):
                key = model.name if column is None else f"{model.name}.{column}"
                text = f"{inspect.getdoc(rule)} {found}".strip().rstrip(".")
                line = _line(model, column, lines)
                problems.append(Problem(model.file.resolve(), line, key, text, rule.mend))
    return sorted(problems, key=lambda problem: (problem.file, problem.line or 0, problem.key, problem.text))


def _is_title(value: Any) -> bool:
    try:
        Title.model_validate(value)
    except ValidationError:
        return False
    return True


def _dataset(model: DbtModel) -> DatasetMeta | None:
    try:
        return DatasetMeta.model_validate(model.meta.get("dataset"))
    except ValidationError:
        return None


def _dataset_id(model: DbtModel) -> str | None:
    dataset = _dataset(model)
    return dataset.id if dataset else None


def _dataset_faults(model: DbtModel) -> Iterator[str]:
    try:
        DatasetMeta.model_validate(model.meta["dataset"])
    except ValidationError as error:
        for fault in error.errors():
            yield f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}."


def _line(model: DbtModel, column: str | None, files: dict[Path, YamlFile | None]) -> int | None:
    """Line of the model (or of its column) in the YAML that describes it; None when that cannot be told."""
    if model.file not in files:
        files[model.file] = _read(model.file)
    file = files[model.file]
    if file is None:
        return None
    models = file.data.get("models") or []
    position = next((i for i, entry in enumerate(models) if entry.get("name") == model.name), None)
    if position is None:
        return None
    columns = models[position].get("columns") or []
    place = next((i for i, entry in enumerate(columns) if entry.get("name") == column), None)
    return file.line(("models", position) if place is None else ("models", position, "columns", place))


def _read(path: Path) -> YamlFile | None:
    """The YAML at `path`; None when there is none, for the place only adorns a message: dbt read the file before."""
    try:
        return read_yaml(path) if path.suffix in (".yml", ".yaml") else None
    except CatalogError:
        return None
