"""Rules that the models must keep together; each class is one rule and its docstring is what a breach is told."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from catalog.cases import CasesAreThere
from catalog.contract.options import Title
from catalog.dataset_rules import DATASET_RULES
from catalog.disclosure import QuasiIdentifiersAreGrouped
from catalog.errors import Problem
from catalog.lowering import ColumnMetaIsKnown, LoweringIsChecked
from catalog.manifest import DbtManifest, DbtModel
from catalog.rule import LEVELS, LIBRARY, Lines, Rule, dataset_of
from catalog.withdrawal import WITHDRAWAL_COLUMNS, withdrawal_key

# What a layer may read: the one before it, and itself. Vocabularies are no layer, yet open leaves them alone.
READS: dict[str, frozenset[str]] = {
    "staging": frozenset({"landed", "vocab", "staging"}),
    "base": frozenset({"staging", "vocab", "ops", "base"}),
    "topic": frozenset({"staging", "base", "vocab", "topic"}),
    "theme": frozenset({"topic", "base", "vocab", "theme"}),
    "open": frozenset(LIBRARY),
    "withdrawal": frozenset({"topic", "vocab"}),
}


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


class ColumnHasDescription(Rule):
    """A column has a description."""

    mend = "Write description: what one value says, its unit, and what NULL means"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        yield from ((column.name, "") for column in model.columns.values() if not column.description.strip())


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
            dataset = dataset_of(other)
            if dataset is not None and dataset.id in named and dataset.key != withdrawal_key(model.columns):
                yield None, f"The key of {dataset.id} is {', '.join(dataset.key)}."


RULES: tuple[Rule, ...] = (
    ModelHasTitle(),
    ModelStatesGrain(),
    ModelHasLevel(),
    ColumnsAreListed(),
    ColumnHasType(),
    ColumnHasTitle(),
    ColumnHasDescription(),
    ColumnHasLevel(),
    LayersAreNotSkipped(),
    ColumnMetaIsKnown(),
    *DATASET_RULES,
    LoweringIsChecked(),
    QuasiIdentifiersAreGrouped(),
    WithdrawalsNameRows(),
    CasesAreThere(),
)


def check_models(manifest: DbtManifest) -> list[Problem]:
    """Every breach of every rule, by file, line and key; empty when the models keep them."""
    lines = Lines()
    problems = []
    for model in manifest.models.values():
        for rule in RULES:
            for column, found in rule.breaches(model, manifest):
                text = f"{inspect.getdoc(rule)} {found}".strip().rstrip(".")
                problems.append(lines.problem(model, column, text, rule.mend))
    return sorted(problems, key=lambda problem: (problem.file, problem.line or 0, problem.key, problem.text))


def _is_title(value: Any) -> bool:
    try:
        Title.model_validate(value)
    except ValidationError:
        return False
    return True
