"""The projected view of one dataset: the only thing of a dataset that parsers, compilers and doors ever get.

A column the caller may not see is not marked in here, it is absent; so nothing built on a view can mention it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from sqlglot import exp

from gateway.view.types import Family, ValueType

ORDINAL = "#ordinal"  # no column can be asked for by this name: it is never looked up, only compiled


@dataclass(frozen=True)
class Text:
    """A title in the two languages of a city."""

    zh: str
    en: str


@dataclass(frozen=True)
class Column:
    """One visible column."""

    name: str
    kind: ValueType
    title: Text
    description: str = ""
    nullable: bool = True

    @property
    def ref(self) -> exp.Column:
        """Quoted reference to the column inside a statement over the view's relation."""
        return exp.column(exp.to_identifier(self.name, quoted=True))


@dataclass(frozen=True)
class Distribution:
    """One downloadable file of the dataset: name, format, media type, size in bytes, sha256 of its bytes."""

    name: str
    format: str
    media_type: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class Facts:
    """What is told about a dataset besides its columns."""

    title: Text
    description: str
    grain: str
    licence: str
    publisher: Text
    frequency: str
    themes: tuple[str, ...]
    row_count: int


@dataclass(frozen=True)
class View:
    """A dataset as one caller sees it.

    `key` is empty when a part of the dataset's key is not visible; `order` is the visible part of the order it is
    served in unless asked otherwise; `sorted` tells whether rows are stored in ascending order of `key`. `table`
    is (database, schema, table). `policy` is a digest of the decision that made the view: it goes into every
    cursor and ETag. So does `edition`, which tells this release's visible content from any other's; it is made of
    what the caller can see anyway, so that it does not tell when something hidden changes.
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

    @cached_property
    def _by_name(self) -> dict[str, Column]:
        return {column.name: column for column in self.columns}

    def column(self, name: str) -> Column | None:
        """The visible column of that exact name."""
        return self._by_name.get(name)

    def relation(self) -> exp.Select:
        """The innermost relation: visible columns only, brought to their API types.

        Without a usable key it also carries ORDINAL, the row's place when rows are ordered by every visible
        column: rows that tie are identical to the caller, so their numbers tell nothing about hidden values.
        """
        database, schema, table = self.table
        source = exp.table_(table, db=schema, catalog=database, quoted=True)
        outputs: list[exp.Expr] = [_typed(column) for column in self.columns]
        if not self.key:
            order = exp.Order(expressions=[exp.Ordered(this=_sortable(column)) for column in self.columns])
            ordinal = exp.Window(this=exp.RowNumber(), order=order)
            outputs.append(exp.alias_(ordinal, ORDINAL, quoted=True))
        return exp.select(*outputs, copy=False).from_(source, copy=False)


def _typed(column: Column) -> exp.Expr:
    if column.kind.cast is None:
        return column.ref
    return exp.alias_(exp.cast(column.ref, column.kind.cast, dialect="duckdb"), column.name, quoted=True)


def _sortable(column: Column) -> exp.Expr:
    if column.kind.family is Family.NESTED or column.kind.cast is not None:
        return exp.cast(column.ref, "TEXT", dialect="duckdb")
    return column.ref
