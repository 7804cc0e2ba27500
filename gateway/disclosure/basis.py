"""On what a grouped query stands: on rows that the caller may read, or on values it may see in aggregates only."""

from __future__ import annotations

from sqlglot import exp

from gateway.query.grouping import GroupedQuery
from gateway.view.view import Column, View, stored_column


def reads_rows(query: GroupedQuery, readable: View | None) -> bool:
    """Whether the caller could reckon the answer from rows it may read: same rows, same cells of every column used.

    `readable` is what it may read of the dataset; the query is over what it may see in aggregates.
    """
    if readable is None or _rows(query.view) != _rows(readable):
        return False
    return all(_cell(query.view, name) == _cell(readable, name) for name in query.names)


def _rows(view: View) -> str | None:
    condition = view.governed.rows if view.governed else None
    return condition.sql(dialect="duckdb") if condition is not None else None


def _cell(view: View, name: str) -> str | None:
    """SQL of what is shown of a column; None when nothing is."""
    for place, column in enumerate(view.columns):
        if column.name == name:
            return view.governed.cells[place].sql(dialect="duckdb") if view.governed else _stored(column)
    return None


def _stored(column: Column) -> str:
    value: exp.Expr = stored_column(column.name)
    if column.kind.cast is not None:
        value = exp.TryCast(this=value, to=exp.DataType.build(column.kind.cast, dialect="duckdb"))
    return value.sql(dialect="duckdb")
