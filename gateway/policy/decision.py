"""What a decision is: branches of rows and columns that are united, never merged, and the reasons for them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import orjson

from catalog.contract.options import Title
from catalog.policy.model import MaskKind, TierLimits, Treatment
from gateway.policy.rows import RowFilter

ROW_VISIBLE: frozenset[Treatment] = frozenset({"clear", "masked"})


@dataclass(frozen=True)
class Branch:
    """Rows times columns that one rule or one grant opens; `source` is its id."""

    rows: RowFilter
    columns: Mapping[str, Treatment]
    source: str

    @property
    def visible(self) -> dict[str, Treatment]:
        """The columns whose values are seen row by row, clear or masked."""
        return {name: treatment for name, treatment in self.columns.items() if treatment in ROW_VISIBLE}


@dataclass(frozen=True)
class Reason:
    """Why something was let through or denied. `told` says whether the caller may read it, not only the log."""

    code: str
    title: Title
    told: bool = True


@dataclass(frozen=True)
class Decision:
    """What one actor may do with one dataset.

    A cell is clear where some branch holds its row and gives its column clear, else masked where some branch
    gives it masked, else missing. A row is seen where some branch with a row-visible column holds it. `masks`
    are the kinds of the masked columns, `consumer` whom their join keys are made for. `limits` is None only
    where the policy knows no such tier.
    """

    allow: bool
    branches: tuple[Branch, ...]
    reasons: tuple[Reason, ...]
    limits: TierLimits | None
    minimum_cell: int
    masks: Mapping[str, MaskKind] = field(default_factory=dict)
    consumer: str | None = None
    order: tuple[str, ...] = ()

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """Row-visible columns in dataset order."""
        seen = {name for branch in self.branches for name in branch.visible}
        return tuple(name for name in self.order if name in seen)

    @cached_property
    def by_rows(self) -> dict[RowFilter, dict[str, Treatment]]:
        """Row-visible columns by row filter: branches over the same rows united, clear before masked."""
        return united((branch.rows, branch.visible) for branch in self.branches)

    @cached_property
    def summed(self) -> Decision:
        """The decision for reckoning inside aggregates: what is opened for aggregates counts as clear there."""
        return self._within("aggregate")

    @cached_property
    def compared(self) -> Decision:
        """The decision for comparing inside verification: what is opened for it in any way counts as clear there.

        The values themselves are compared, not their masks, which many values share; none may leave.
        """
        return self._within("masked", "aggregate", "verify")

    def _within(self, *treatments: Treatment) -> Decision:
        """The decision where cells of these treatments count as clear, too."""

        def inside(seen: Treatment) -> Treatment:
            return "clear" if seen in treatments else seen

        branches = tuple(
            replace(branch, columns={name: inside(seen) for name, seen in branch.columns.items()})
            for branch in self.branches
        )
        return replace(self, branches=branches)

    def meet(self, other: Decision) -> Decision:
        """What both let through of each cell, the less open way; of columns whose values are seen row by row."""
        branches: list[Branch] = []
        for mine in self.branches:
            for its in other.branches:
                rows, theirs = mine.rows.intersect(its.rows), its.visible
                columns = {
                    name: min(seen, theirs[name], key=OPENNESS.__getitem__)
                    for name, seen in mine.visible.items()
                    if name in theirs
                }
                if columns and not rows.empty:
                    branches.append(Branch(rows, columns, mine.source))
        return replace(
            self,
            allow=self.allow and other.allow and bool(branches),
            branches=tuple(branches),
            reasons=tuple({reason.code: reason for reason in (*other.reasons, *self.reasons)}.values()),
            masks={**other.masks, **self.masks},
        )

    @cached_property
    def digest(self) -> str:
        """Digest of everything it lets through; callers with equal digests may share an answer."""
        everything = united((branch.rows, branch.columns) for branch in self.branches)
        parts = [
            self.allow,
            sorted(([rows.plain, sorted(columns.items())] for rows, columns in everything.items()), key=repr),
            sorted(self.masks.items()),
            self.consumer if "join_key" in self.masks.values() else None,
            self.minimum_cell,
        ]
        return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:16]


def united(
    branches: Iterable[tuple[RowFilter, Mapping[str, Treatment]]],
) -> dict[RowFilter, dict[str, Treatment]]:
    """Columns by row filter. Of two treatments of one column over the same rows the more open one is kept."""
    found: dict[RowFilter, dict[str, Treatment]] = {}
    for rows, columns in branches:
        if columns:
            held = found.setdefault(rows, {})
            for name, treatment in columns.items():
                if OPENNESS[treatment] > OPENNESS.get(held.get(name, "none"), 0):
                    held[name] = treatment
    return found


OPENNESS: dict[str, int] = {"clear": 4, "masked": 3, "aggregate": 2, "verify": 1}
