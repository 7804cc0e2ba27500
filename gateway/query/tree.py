"""The query tree: what a request asks of one view, in small immutable parts. Every door parses to it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property

import orjson

from gateway.query.operators import Operator
from gateway.view.types import Scalar, to_text
from gateway.view.view import Column, View


@dataclass(frozen=True)
class Condition:
    """`column operator values`; all conditions of a query must hold."""

    column: Column
    operator: Operator
    values: tuple[Scalar, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that is read to tell whether it holds."""
        return (self.column.name, *self.operator.also)


@dataclass(frozen=True)
class Sort:
    """One term of the requested order. Rows without a value come last, in both directions."""

    column: Column
    descending: bool = False


@dataclass(frozen=True)
class Query:
    """A request over one view.

    `order` is what the caller asked for, else the dataset's own; the compiler ends it with the key. `limit` None
    means every row; `after` holds the sort values of the last row of the page before, one per compiled sort term.
    """

    view: View
    select: tuple[Column, ...]
    where: tuple[Condition, ...] = ()
    order: tuple[Sort, ...] = ()
    limit: int | None = None
    after: tuple[Scalar | None, ...] | None = None

    @cached_property
    def digest(self) -> str:
        """Digest of the walk: dataset, policy, columns, conditions and order; not the page size, not the position."""
        conditions = plain_conditions(self.where)
        order = [[sort.column.name, sort.descending] for sort in self.order]
        parts = [self.view.dataset, self.view.policy, [column.name for column in self.select], conditions, order]
        return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def conditions_text(where: tuple[Condition, ...]) -> bytes:
    """Conditions written in one way, whatever order they were given in."""
    return orjson.dumps(plain_conditions(where))


def plain_conditions(conditions: tuple[Condition, ...]) -> list[list[object]]:
    """Conditions as nested lists in a fixed order, for digests."""
    return sorted(
        [condition.column.name, condition.operator.name, [to_text(value) for value in condition.values]]
        for condition in conditions
    )
