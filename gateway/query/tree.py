"""The query tree: what a request asks of one view, in small immutable parts. Every door parses to it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import orjson

from gateway.query.logic import Junction, plain
from gateway.query.operators import Operator
from gateway.view.types import Scalar, to_text
from gateway.view.view import Column, View


@dataclass(frozen=True)
class Condition:
    """`column operator values`, or where it is `negated` the opposite."""

    column: Column
    operator: Operator
    values: tuple[Scalar, ...]
    negated: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Every column that is read to tell whether it holds."""
        return (self.column.name, *self.operator.also)

    @property
    def opposite(self) -> Condition:
        """The condition that holds where this one is known not to hold."""
        return replace(self, negated=not self.negated)

    @property
    def plain(self) -> list[Any]:
        """It as lists and texts, for digests."""
        written = [self.column.name, self.operator.name, [to_text(value) for value in self.values]]
        return ["not", written] if self.negated else written


Filter = Condition | Junction[Condition]
"""A condition, or several joined by and and or."""


@dataclass(frozen=True)
class Sort:
    """One term of the requested order. Rows without a value come last in both directions, or `nulls_first`."""

    column: Column
    descending: bool = False
    nulls_first: bool = False

    @property
    def plain(self) -> list[Any]:
        """It as a list, for digests."""
        return [self.column.name, self.descending, self.nulls_first]


@dataclass(frozen=True)
class Query:
    """A request over one view.

    Every part of `where` must hold. `order` is what the caller asked for, else the dataset's own; the compiler ends
    it with the key. `limit` None means every row; `after` holds the sort values of the last row of the page before,
    one per compiled sort term; `offset` rows from there are left out.
    """

    view: View
    select: tuple[Column, ...]
    where: tuple[Filter, ...] = ()
    order: tuple[Sort, ...] = ()
    limit: int | None = None
    after: tuple[Scalar | None, ...] | None = None
    offset: int = 0

    @cached_property
    def digest(self) -> str:
        """Digest of the walk: dataset, policy, columns, conditions and order; not the page size, not the position."""
        order = [sort.plain for sort in self.order]
        parts: list[object] = [self.view.dataset, self.view.policy, [column.name for column in self.select]]
        parts += [plain(self.where), order]
        return hashlib.sha256(orjson.dumps(parts)).hexdigest()


def conditions_text(where: tuple[Filter, ...]) -> bytes:
    """Conditions written in one way, whatever order they were given in."""
    return orjson.dumps(plain(where))
