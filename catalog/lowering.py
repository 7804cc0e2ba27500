"""Rules about declared de-identification: the metadata is known, and what lowers a level is proved by a check."""

from __future__ import annotations

from collections.abc import Iterator

from catalog.columns import Deidentified, column_meta, meta_faults
from catalog.manifest import DbtManifest, DbtModel, DbtTest
from catalog.policy.load import shared_policy
from catalog.rule import Rule


class ColumnMetaIsKnown(Rule):
    """The metadata of a column has known keys and values."""

    mend = "Correct config.meta of the column"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        yield from ((c.name, fault) for c in model.columns.values() for fault in meta_faults(c))


class LoweringIsChecked(Rule):
    """A level is lowered only by a step that a blocking check proves."""

    mend = "Add the check to data_tests with severity error, or correct config.meta.deidentified"

    def breaches(self, model: DbtModel, manifest: DbtManifest) -> Iterator[tuple[str | None, str]]:
        for column in model.columns.values():
            meta = column_meta(column)
            if meta is not None and meta.deidentified is not None:
                yield from (
                    (column.name, f) for f in _faults(model, column.name, meta.level, meta.deidentified, manifest)
                )


def _faults(model: DbtModel, column: str, level: str, step: Deidentified, manifest: DbtManifest) -> Iterator[str]:
    named = [t for t in manifest.tests.values() if t.model == model.unique_id and step.check in (t.kind, t.name)]
    if not named:
        yield f"The model has no check `{step.check}`."
        return
    blocking = [test for test in named if test.severity == "error"]
    if not blocking:
        yield f"The check `{step.check}` only warns."
    elif not any(_covers(test, column, step) for test in blocking):
        yield f"The check `{step.check}` does not look at this column."
    if step.k is not None:
        least = max(step.k, shared_policy().matrix.minimum_cell)
        if step.k < least:
            yield f"Groups of {step.k} are smaller than the smallest allowed, {least}."
        elif not any(_number(test.arguments.get("k")) >= least for test in blocking):
            yield f"The check `{step.check}` does not ask for groups of {least} (argument k)."
    if step.mask is not None:
        leaves = shared_policy().masks[step.mask].level
        if level < leaves:
            yield f"What the mask `{step.mask}` leaves is {leaves}, the column says {level}."


def _covers(test: DbtTest, column: str, step: Deidentified) -> bool:
    """A mask or a cut is checked in its own column; a group or a filter holds for whole rows."""
    named = test.arguments.get("columns")
    return step.by in ("aggregate", "filter") or column == test.column or (named is not None and column in named)


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0
