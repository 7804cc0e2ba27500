"""Grouped queries over values seen in aggregates only: what may be asked, and the statement that finds small groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from sqlglot import exp

from gateway.disclosure.groups import Cell, withheld
from gateway.problems import NotAggregable
from gateway.query.buckets import buckets_of
from gateway.query.compile import Binds, Statement, filtered, holds
from gateway.query.grouping import GroupedQuery
from gateway.view.types import Family
from gateway.view.view import Column

_PARTS = "#parts"


def require_large(query: GroupedQuery) -> None:
    """Raise NotAggregable for figures that are values of single rows."""
    telling = [figure.name for figure in query.figures if figure.measure is not None and figure.measure.telling]
    if telling:
        raise NotAggregable(
            f"`{telling[0]}` may tell the value of a single row; of columns seen in aggregates only take count, sum "
            "or avg.",
            parameter="measure",
        )


def compile_cells(query: GroupedQuery, most: int) -> Statement:
    """At most `most + 1` groups: keys, rows asked for, smallest part, and the one value of each other column.

    Parts are told apart by the values of the conditions' columns, and by whether a measured column has a value: beside
    the number of rows its count or its mean would tell how few lack one.
    """
    binds = Binds(query.view)
    keys = [exp.alias_(key.expression, f"#key{n}", quoted=True) for n, key in enumerate(query.keys)]
    measured = dict.fromkeys(figure.column for figure in query.figures if figure.column is not None)
    parts = [*(_part(column) for column in _split_by(query)), *(_missing(column) for column in measured)]
    met = [holds(part, binds) for part in query.where]
    asked = exp.Coalesce(this=exp.and_(*met) if met else exp.true(), expressions=[exp.false()])
    others = _others(query)
    outputs = [
        *keys,
        _named(exp.Count(this=exp.Star(), big_int=True), "#rows"),
        _named(exp.Anonymous(this="bool_and", expressions=[asked]), "#asked"),
        *(_named(exp.Min(this=other.copy()), f"#low{n}") for n, other in enumerate(others)),
        *(_named(exp.Max(this=other.copy()), f"#high{n}") for n, other in enumerate(others)),
        *(_named(exp.Count(this=other.copy(), big_int=True), f"#known{n}") for n, other in enumerate(others)),
    ]
    inner = filtered((), outputs, binds)
    grouping = [*(key.expression for key in query.keys), *parts]
    if grouping:
        inner = inner.group_by(*grouping, copy=False)
    source = exp.Subquery(this=inner, alias=exp.TableAlias(this=exp.to_identifier(_PARTS, quoted=True)))
    named = [_ref(f"#key{n}") for n in range(len(keys))]
    rows = exp.Filter(this=exp.Sum(this=_ref("#rows")), expression=exp.Where(this=_ref("#asked")))
    told = [
        *named,
        exp.cast(exp.Coalesce(this=rows, expressions=[exp.Literal.number(0)]), "BIGINT", dialect="duckdb"),
        exp.Coalesce(this=exp.Min(this=_ref("#rows")), expressions=[exp.Literal.number(0)]),
        *(_only(n) for n in range(len(others))),
    ]
    select = exp.select(*told, copy=False).from_(source, copy=False)
    if named:
        select = select.group_by(*(name.copy() for name in named), copy=False)
    return Statement(select.limit(most + 1, copy=False), binds.values, len(told), query.view.relation_text)


def protected(query: GroupedQuery, found: Sequence[tuple[Any, ...]], minimum: int, most: int) -> GroupedQuery:
    """The query without the groups that must be withheld. Raises NotAggregable where there are more than `most`."""
    if len(found) > most:
        raise NotAggregable(
            f"More than {most} groups of columns seen in aggregates only: group by fewer values, or wider spans."
        )
    width = len(query.keys)
    cells = [Cell(tuple(row[:width]), row[width], row[width + 1], tuple(row[width + 2 :])) for row in found]
    return replace(query, withheld=tuple(cell.keys for cell in withheld(cells, minimum, width)))


def _split_by(query: GroupedQuery) -> list[Column]:
    """The columns of the conditions."""
    names = dict.fromkeys(name for part in query.where for name in part.names)
    return [column for column in query.view.columns if column.name in names]


def _part(column: Column) -> exp.Expr:
    """By what a column divides a group: its values; for lists, which are only asked to be missing, that."""
    return _missing(column) if column.kind.family is Family.NESTED else column.ref


def _missing(column: Column) -> exp.Expr:
    return exp.Is(this=column.ref, expression=exp.Null())


def _others(query: GroupedQuery) -> list[exp.Expr]:
    """What groups may lie in besides their keys: the other columns, and the spans of a key that is a time."""
    if len(query.keys) != 1:
        return []
    key = query.keys[0]
    columns = [c.ref for c in query.view.columns if c.kind.family is not Family.NESTED and c != key.column]
    return [*columns, *(bucket.build(key.column.ref) for bucket in buckets_of(key.column.kind) if bucket != key.bucket)]


def _only(number: int) -> exp.Expr:
    """The text of the one value that all rows of a group have, else NULL."""
    low, high = exp.Min(this=_ref(f"#low{number}")), exp.Max(this=_ref(f"#high{number}"))
    known = exp.EQ(this=exp.Sum(this=_ref(f"#known{number}")), expression=exp.Sum(this=_ref("#rows")))
    same = exp.and_(known, exp.EQ(this=low, expression=high))
    return exp.Case().when(same, exp.cast(low.copy(), "TEXT", dialect="duckdb"))


def _named(expression: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(expression, name, quoted=True)


def _ref(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))
