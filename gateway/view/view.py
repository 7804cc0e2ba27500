"""The projected view of one dataset: the only thing of a dataset that parsers, compilers and doors ever get.

A column the caller may not see is not marked in here, it is absent; so nothing built on a view can mention it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from sqlglot import exp

from catalog.contract.options import Extent, Level
from catalog.release import DatasetQuality
from gateway.view.types import Family, ValueType

LONGITUDE, LATITUDE = "lon", "lat"  # the columns of a point, WGS84 degrees, wherever there is one
ORDINAL = "#ordinal"  # no column can be asked for by this name: it is never looked up, only compiled
PICKED = "picked"  # name of the relation that holds the keys of the rows of a page
_STORED, _SEEN = "#stored", "#seen"  # names of the table as it is stored, and of what the caller sees of it
_HUNDRED = exp.Literal.number(100)


@dataclass(frozen=True)
class Text:
    """A title in the two languages of a city."""

    zh: str
    en: str


@dataclass(frozen=True)
class Column:
    """One visible column. One that is `summed` is seen in aggregates only."""

    name: str
    kind: ValueType
    title: Text
    description: str = ""
    nullable: bool = True
    level: Level = "L1"
    summed: bool = False

    @property
    def ref(self) -> exp.Column:
        """Quoted reference to the column inside a statement over the view's relation."""
        return exp.column(exp.to_identifier(self.name, quoted=True))


@dataclass(frozen=True)
class Distribution:
    """One downloadable file of the dataset: name, format, media type, size in bytes, sha256 of its bytes, columns.

    One without sha256 is being made and cannot be sent yet.
    """

    name: str
    format: str
    media_type: str
    bytes: int
    sha256: str
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Facts:
    """What is told about a dataset besides its columns; `row_count` is None where not every row is seen.

    `owner` is the code of the organisation that answers for it. `quality` is that of its rows, None where not all of
    them are seen in clear and whole.
    """

    title: Text
    description: str
    grain: str
    licence: str
    publisher: Text
    frequency: str
    themes: tuple[str, ...]
    row_count: int | None
    sharing: Extent = "none"
    opening: Extent = "none"
    owner: str | None = None
    resource_code: str | None = None
    quality: DatasetQuality | None = None


@dataclass(frozen=True)
class Governed:
    """What a decision lets through of the stored rows: an expression per column in the order of the view's columns,
    each under its API type; the condition of visible rows, None for all; values of placeholders in either. They
    name stored columns as `stored_column` does."""

    cells: tuple[exp.Expr, ...]
    rows: exp.Expr | None
    binds: Mapping[str, bytes]


@dataclass(frozen=True)
class View:
    """A dataset as one caller sees it.

    `key` is empty when a part of the dataset's key is not clear on every visible row; `order` is the visible part
    of the order it is served in unless asked otherwise; `sorted` tells whether rows are stored in ascending order
    of `key`. `table` is (database, schema, table). `policy` is a digest of the decision that made the view: it goes
    into every cursor and ETag. So does `edition`, which tells this release's visible content from any other's; it
    is made of what the caller can see anyway, so that it does not tell when something hidden changes. `governed`
    is None when all stored rows are seen in clear; `withdrawn` is a further condition over stored columns that every
    row must meet. A view that is not `readable` has no rows: the caller may only read about the dataset.
    With `sample` it holds about so many per cent of its rows, always the same ones; which ones does not depend on rows
    and cells that are not seen.
    """

    dataset: str
    columns: tuple[Column, ...]
    key: tuple[Column, ...]
    order: tuple[Column, ...]
    facts: Facts
    distributions: tuple[Distribution, ...]
    table: tuple[str, str, str]
    sorted: bool
    policy: str
    edition: str
    governed: Governed | None = None
    withdrawn: exp.Expr | None = None
    readable: bool = True
    sample: int | None = None

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> Column | None:
        """The visible column of that exact name."""
        return self._by_name.get(name)

    @property
    def binds(self) -> Mapping[str, bytes]:
        """Values of the placeholders in the relation."""
        return self.governed.binds if self.governed else {}

    @cached_property
    def relation_text(self) -> str:
        """SQL of the relation, written once for all queries over the view."""
        return self.relation().sql(dialect="duckdb", copy=False)

    @property
    def picks_first(self) -> bool:
        """Whether the rows of a page are to be picked by their keys first, and shown then.

        Elsewhere the engine does so by itself; leaving out withdrawn rows is what it does not see through.
        """
        return self.withdrawn is not None and bool(self.key) and all(column.kind.cast is None for column in self.key)

    @cached_property
    def picked_text(self) -> str:
        """SQL of those rows of the relation whose keys are in PICKED, written once for all queries over the view.

        Withdrawn rows are not left out again: they were where the keys were picked.
        """
        key: list[exp.Expr] = [stored_column(column.name) for column in self.key]
        keys = exp.select(*(column.ref for column in self.key)).from_(exp.table_(PICKED, quoted=True))
        these = exp.In(this=key[0] if len(key) == 1 else exp.Tuple(expressions=key), query=exp.Subquery(this=keys))
        return replace(self, withdrawn=these).relation().sql(dialect="duckdb", copy=False)

    def relation(self) -> exp.Select:
        """The innermost relation: visible rows and columns only, masked where they are, brought to their API types.

        Without a usable key it also carries ORDINAL, the row's place when rows are ordered by every visible
        column: rows that tie are identical to the caller, so their numbers tell nothing about hidden values.
        """
        whole = self._whole()
        if self.sample is None or self.governed is None:
            return whole
        drawn = exp.Anonymous(this="hash", expressions=[column.ref for column in self.key or self.columns])
        among = exp.LT(this=exp.Mod(this=drawn, expression=_HUNDRED), expression=exp.Literal.number(self.sample))
        return exp.select(exp.Star(), copy=False).from_(_named(whole), copy=False).where(among, copy=False)

    def _whole(self) -> exp.Select:
        """The relation without a sample drawn by value."""
        if self.governed is None:
            outputs = [_typed(column) for column in self.columns]
            return self._from_stored(outputs if self.key else [*outputs, self._ordinal()], [])
        named = [
            exp.alias_(cell, column.name, quoted=True, copy=False)
            for cell, column in zip(self.governed.cells, self.columns, strict=True)
        ]
        seen = self._from_stored(named, [self.governed.rows] if self.governed.rows is not None else [])
        if self.key:
            return seen
        shown = [*(column.ref for column in self.columns), self._ordinal()]
        return exp.select(*shown, copy=False).from_(_named(seen), copy=False)

    def _from_stored(self, outputs: list[exp.Expr], conditions: list[exp.Expr]) -> exp.Select:
        """A selection from the stored table, of rows that meet the conditions and are not withdrawn."""
        database, schema, table = self.table
        source: exp.Expr = exp.table_(table, db=schema, catalog=database, quoted=True)
        if self.withdrawn is not None:
            conditions = [*conditions, self.withdrawn]
        if self.governed is not None or conditions:
            source = stored_table(self.table)
        if self.sample is not None and self.governed is None:  # where rows lie depends on all there are
            percent, seed = exp.Literal.number(self.sample), exp.Literal.number(1)
            source.set("sample", exp.TableSample(method=exp.Var(this="SYSTEM"), percent=percent, seed=seed))
        select = exp.select(*outputs, copy=False).from_(source, copy=False)
        return select.where(*(part.copy() for part in conditions), copy=False) if conditions else select

    def _ordinal(self) -> exp.Expr:
        order = exp.Order(expressions=[exp.Ordered(this=_sortable(column)) for column in self.columns])
        return exp.alias_(exp.Window(this=exp.RowNumber(), order=order), ORDINAL, quoted=True)


def _named(relation: exp.Select) -> exp.Subquery:
    """What the caller sees, as a relation to select from."""
    return exp.Subquery(this=relation, alias=exp.TableAlias(this=exp.to_identifier(_SEEN, quoted=True)))


def stored_table(table: tuple[str, str, str]) -> exp.Expr:
    """A stored table under the name that `stored_column` refers to."""
    database, schema, name = table
    source = exp.table_(name, db=schema, catalog=database, quoted=True)
    return exp.alias_(source, _STORED, table=True, quoted=True)


def stored_column(name: str) -> exp.Column:
    """Reference to a column as it is stored, for conditions and expressions of the innermost relation."""
    return exp.Column(this=exp.Identifier(this=name, quoted=True), table=exp.Identifier(this=_STORED, quoted=True))


def _typed(column: Column) -> exp.Expr:
    if column.kind.cast is None:
        return column.ref
    return exp.alias_(exp.cast(column.ref, column.kind.cast, dialect="duckdb"), column.name, quoted=True)


def _sortable(column: Column) -> exp.Expr:
    if column.kind.family is Family.NESTED or column.kind.cast is not None:
        return exp.cast(column.ref, "TEXT", dialect="duckdb")
    return column.ref
