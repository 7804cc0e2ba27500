"""The grouped query: groups of the rows of one view, their measures, conditions on those, order and place."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import orjson
from sqlglot import exp

from gateway.query.buckets import Bucket
from gateway.query.logic import Junction, plain
from gateway.query.measures import Measure, count_rows
from gateway.query.operators import Operator
from gateway.query.tree import Filter
from gateway.view.types import Family, Scalar, ValueType, to_text
from gateway.view.view import Column, View

ROWS = "count"
"""Name of the measure that counts the rows of a group."""


@dataclass(frozen=True)
class Key:
    """What rows are grouped by: a column, or the span of time its value lies in."""

    column: Column
    bucket: Bucket | None = None

    @property
    def name(self) -> str:
        """Name in the answer, and where it is asked for."""
        return f"{self.column.name}__{self.bucket.name}" if self.bucket else self.column.name

    @property
    def kind(self) -> ValueType:
        """Type of the values."""
        return self.bucket.kind if self.bucket else self.column.kind

    @property
    def expression(self) -> exp.Expr:
        """The value over the view's relation."""
        return self.bucket.build(self.column.ref) if self.bucket else self.column.ref


@dataclass(frozen=True)
class Figure:
    """A measure of a column of each group; without a column the number of its rows."""

    measure: Measure | None = None
    column: Column | None = None

    @property
    def name(self) -> str:
        """Name in the answer, and where it is asked for."""
        return ROWS if self.measure is None or self.column is None else f"{self.column.name}__{self.measure.name}"

    @property
    def kind(self) -> ValueType:
        """Type of the values."""
        if self.measure is None or self.column is None:
            return ValueType(Family.INTEGER)
        return self.measure.kind(self.column.kind)

    @property
    def expression(self) -> exp.Expr:
        """The value over a group of the view's relation."""
        if self.measure is None or self.column is None:
            return count_rows()
        return self.measure.build(self.column.ref, self.column.kind)


Output = Key | Figure


@dataclass(frozen=True)
class Having:
    """`output operator values` of groups, or where it is `negated` the opposite."""

    output: Output
    operator: Operator
    values: tuple[Scalar, ...]
    negated: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """The column that the output is made of, if there is one."""
        return (self.output.column.name,) if self.output.column else ()

    @property
    def opposite(self) -> Having:
        """The condition that holds where this one is known not to hold."""
        return replace(self, negated=not self.negated)

    @property
    def plain(self) -> list[Any]:
        """It as lists and texts, for digests."""
        written = [self.output.name, self.operator.name, [to_text(value) for value in self.values]]
        return ["not", written] if self.negated else written


@dataclass(frozen=True)
class GroupSort:
    """One term of the requested order of groups. Groups without a value come last in both directions, or
    `nulls_first`."""

    output: Output
    descending: bool = False
    nulls_first: bool = False

    @property
    def plain(self) -> list[Any]:
        """It as a list, for digests."""
        return [self.output.name, self.descending, self.nulls_first]


@dataclass(frozen=True)
class GroupedQuery:
    """A request for groups of the rows of one view.

    Without keys all rows are one group. Every part of `where` and of `having` must hold; what `having` is about are
    outputs of the query. `order` is what the caller asked for; the compiler ends it with the keys. `after` holds the
    sort values of the last group of the page before; `offset` groups from there are left out. `withheld` are the
    keys' values of groups that are not told; see `gateway.disclosure`.
    """

    view: View
    keys: tuple[Key, ...]
    figures: tuple[Figure, ...]
    where: tuple[Filter, ...] = ()
    having: tuple[Having | Junction[Having], ...] = ()
    order: tuple[GroupSort, ...] = ()
    limit: int | None = None
    after: tuple[Scalar | None, ...] | None = None
    offset: int = 0
    withheld: tuple[tuple[Scalar | None, ...], ...] = field(default=(), compare=False)

    @property
    def outputs(self) -> tuple[Output, ...]:
        """The columns of the answer."""
        return (*self.keys, *self.figures)

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Every column of the view that the answer depends on, each once."""
        found = [key.column.name for key in self.keys]
        found += [figure.column.name for figure in self.figures if figure.column]
        found += [name for part in self.where for name in part.names]
        return tuple(dict.fromkeys(found))

    @cached_property
    def digest(self) -> str:
        """Digest of the walk: everything but page size and position."""
        order = [sort.plain for sort in self.order]
        outputs = [[key.name for key in self.keys], [figure.name for figure in self.figures]]
        parts = ["groups", self.view.dataset, self.view.policy, outputs, plain(self.where)]
        parts += [plain(self.having), order]
        return hashlib.sha256(orjson.dumps(parts)).hexdigest()
