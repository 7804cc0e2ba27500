"""Rules that the models keep which are published or shared as datasets."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.columns import column_meta
from catalog.compiled import is_published
from catalog.manifest import DbtManifest, DbtModel, ModelColumn
from catalog.policy.load import DatasetPair, shared_policy
from catalog.rule import LIBRARY, Rule, dataset_faults, dataset_of


class OpenModelsAreDatasets(Rule):
    """Every open model describes its dataset; a library model may, if it is not opened without conditions."""

    mend = "Write config.meta.dataset with id, sharing, opening, key and update_frequency, or open it by an open model"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        if "dataset" not in model.meta:
            yield from ((None, "") for _ in range(model.layer == "open"))
            return
        yield from ((None, fault) for fault in dataset_faults(model))
        dataset = dataset_of(model)
        if model.layer not in (*LIBRARY, "open"):
            yield None, f"A model of {model.layer} cannot be one."
        elif model.layer != "open" and dataset is not None and dataset.opening == "unconditional":
            yield None, "The opening of this one is unconditional."


class DatasetIdsAreUnique(Rule):
    """A dataset id names one dataset."""

    mend = "Choose another id"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        mine = _id(model)
        others = [m.name for m in manifest.models.values() if m.name < model.name and _id(m) == mine]
        if mine is not None and others:
            yield None, f"`{mine}` is already the dataset of {others[0]}."


class ResourceCodesAreUnique(Rule):
    """A resource code names one dataset, for as long as there is a catalogue."""

    mend = "Give the dataset the next serial number of its category"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        mine = _code(model)
        others = [m.name for m in manifest.models.values() if m.name < model.name and _code(m) == mine]
        if mine is not None and others:
            yield None, f"`{mine}` is already the code of {others[0]}."


class DatasetOrderExists(Rule):
    """Key, order and ways of access of a dataset are columns of its model."""

    mend = "Correct config.meta.dataset"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        dataset = dataset_of(model)
        if dataset is None:
            return
        accessed = (name.removeprefix("-").removeprefix("~") for way in dataset.access for name in way)
        for name in dict.fromkeys((*dataset.key, *dataset.order, *accessed)):
            if name not in model.columns:
                yield None, f"There is no column `{name}`."


class OpenKeysAreOpen(Rule):
    """A dataset opened without conditions has columns of level L1, its key and order among them."""

    mend = "Lower the level of the column if it truly is public, choose another key, or open it conditionally"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        dataset = dataset_of(model)
        if dataset is None or dataset.opening != "unconditional":
            return
        if all(column.meta.get("level") != "L1" for column in model.columns.values()):
            yield None, "It has none."
        for name in dict.fromkeys((*dataset.key, *dataset.order)):
            column = model.columns.get(name)
            if column is not None and column.meta.get("level") != "L1":
                yield name, f"The level of this one is {column.meta.get('level')}."


class ScopeColumnsExist(Rule):
    """The columns rows are scoped by are columns of the dataset, by division levels 1 (province) to 5 (community)."""

    mend = "Correct config.meta.dataset.scope"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        dataset = dataset_of(model)
        if dataset is None:
            return
        scope = dataset.scope
        for name in (*scope.divisions.values(), *scope.organisations, *((scope.time,) if scope.time else ())):
            if name not in model.columns or not is_published(name):
                yield None, f"There is no column `{name}`."
        for level in scope.divisions:
            if not 1 <= level <= 5:
                yield None, f"There is no level {level}."


class PairsAreLegal(Rule):
    """Sharing, opening, class and levels of a dataset go together."""

    mend = "Change sharing, opening or class of the dataset, or the level or mask of the column"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        dataset = dataset_of(model)
        if dataset is None:
            return
        for pair in shared_policy().pairs.datasets:
            if not all(
                not said or given in said
                for said, given in (
                    (pair.sharing, dataset.sharing),
                    (pair.opening, dataset.opening),
                    (pair.gb_class, dataset.gb_class),
                )
            ):
                continue
            reason = f"{pair.reason.en} ({pair.reason.zh}; {pair.id})."
            if not pair.levels and pair.masked is None:
                yield None, reason
            else:
                yield from ((c.name, reason) for c in model.columns.values() if _is_meant(pair, c))


class SensitiveColumnsHaveMasks(Rule):
    """A column of level L3 or L4 of a dataset says how it is masked, so that masked never means in clear."""

    mend = "Write config.meta.mask, `blank` when nothing of it may be left"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        if dataset_of(model) is None:
            return
        for column in model.columns.values():
            if is_published(column.name) and column.meta.get("level") in ("L3", "L4") and not column.meta.get("mask"):
                yield column.name, ""


DATASET_RULES: tuple[Rule, ...] = (
    OpenModelsAreDatasets(),
    DatasetIdsAreUnique(),
    ResourceCodesAreUnique(),
    DatasetOrderExists(),
    OpenKeysAreOpen(),
    ScopeColumnsExist(),
    PairsAreLegal(),
    SensitiveColumnsHaveMasks(),
)


def _is_meant(pair: DatasetPair, column: ModelColumn) -> bool:
    if not is_published(column.name) or (pair.levels and column.meta.get("level") not in pair.levels):
        return False
    meta = column_meta(column)
    return pair.masked is None or meta is None or (meta.mask is not None) == pair.masked


def _id(model: DbtModel) -> str | None:
    dataset = dataset_of(model)
    return dataset.id if dataset else None


def _code(model: DbtModel) -> str | None:
    dataset = dataset_of(model)
    return dataset.resource_code if dataset else None
