"""The metadata of a model's column as authors write it: title, level, mask, and how its level was lowered."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, ValidationError, model_validator

from catalog.contract.options import Level, Strict, Title
from catalog.lineage import How
from catalog.manifest import ModelColumn
from catalog.policy.model import MaskKind

By = Literal["mask", "aggregate", "coarsen", "filter"]


class Deidentified(Strict):
    """A step that lowers the level of a column below that of what it is made from, and the check that proves it.

    `mask`: it is masked as `mask` says. `aggregate`: it counts groups of at least `k`. `coarsen`: it is cut to less
    telling values. `filter`: the rows that made it sensitive are left out. `check` names a dbt test of the model (its
    kind or its name) that blocks.
    """

    by: By
    check: str = Field(min_length=1)
    reason: str = Field(min_length=1)
    mask: MaskKind | None = None
    k: int | None = Field(None, ge=2)

    @model_validator(mode="after")
    def _complete(self) -> Deidentified:
        if (self.by == "mask") != (self.mask is not None):
            raise ValueError("`mask` names the kind of mask when, and only when, it is lowered by one")
        if (self.by == "aggregate") != (self.k is not None):
            raise ValueError("`k` says the smallest group when, and only when, it is lowered by an aggregate")
        return self


class ColumnMeta(Strict):
    """`config.meta` of a column. `quasi_identifier` and `sensitive` are what disclosure control reads."""

    title: Title
    level: Level
    mask: MaskKind | None = None
    quasi_identifier: bool = False
    sensitive: bool = False
    deidentified: Deidentified | None = None


class LevelStep(Strict):
    """One column on a path: its level, how it is made from the one before, and the step that lowered it there.

    A feed column is named `<feed>.<table>.<column>`, any other `<layer>.<table>.<column>`.
    """

    column: str
    level: Level
    how: How | None = None
    by: By | None = None

    def __str__(self) -> str:
        lowered = f", by {self.by}" if self.by else ""
        return f"{self.column} ({self.level}{lowered})"


def column_meta(column: ModelColumn) -> ColumnMeta | None:
    """The typed metadata of a column; None when it is not sound, which a rule reports."""
    try:
        return ColumnMeta.model_validate(dict(column.meta))
    except ValidationError:
        return None


def meta_faults(column: ModelColumn) -> list[str]:
    """What is wrong with the metadata of a column beside title and level, which have rules of their own."""
    try:
        ColumnMeta.model_validate(dict(column.meta))
    except ValidationError as error:
        return [
            f"{'.'.join(map(str, fault['loc']))}: {str(fault['msg']).removeprefix('Value error, ')}."
            for fault in error.errors()
            if fault["loc"][:1] not in (("title",), ("level",))
        ]
    return []
