"""What is handed to the sandbox of each table: the columns a question needs, and no rows that it surely leaves out.

It is an ordinary query over the caller's view. A condition is asked of it early only where rows it leaves out cannot
matter: `column operator value`, without which no row of the one SELECT that reads the table is answered.
"""

from __future__ import annotations

from collections.abc import Iterator

from sqlglot import exp

from gateway.query.compile import Statement, compile_all
from gateway.query.operators import OPERATORS
from gateway.query.tree import Condition, Query
from gateway.sandbox.names import Table
from gateway.view.types import Family, Scalar
from gateway.view.view import Column

_EARLY: dict[type[exp.Expr], str] = {
    exp.EQ: "eq",
    exp.GT: "gt",
    exp.GTE: "ge",
    exp.LT: "lt",
    exp.LTE: "le",
}
_SWAPPED = {"eq": "eq", "gt": "lt", "ge": "le", "lt": "gt", "le": "ge"}
_WRITTEN = {
    Family.TEXT: True,
    Family.DATE: True,
    Family.INTEGER: False,
    Family.DECIMAL: False,
}
"""Families whose values are compared early, and whether they are written as text."""


def handed_over(table: Table, tree: exp.Query) -> Query:
    """The query for what a question needs of a table."""
    return Query(view=table.view, select=table.columns, where=tuple(_conditions(table, tree)))


def compile_relation(query: Query) -> Statement:
    """Its statement. Rows come by what the caller sees of them: the order they are stored in may be that of a hidden
    key, and an answer without ORDER BY would tell it."""
    return compile_all(query, [column.ref for column in query.select])


def _conditions(table: Table, tree: exp.Query) -> Iterator[Condition]:
    """Conditions that every row of the table must meet to matter, where one SELECT alone reads the table."""
    dataset = table.view.dataset.lower()
    reads = [node for node in tree.find_all(exp.Table) if node.name.lower() == dataset]
    named = any(cte.alias.lower() == dataset for cte in tree.find_all(exp.CTE))
    if len(reads) != 1 or named or (reads[0].args.get("alias") is not None and reads[0].args["alias"].columns):
        return
    select = reads[0].find_ancestor(exp.Select)
    place = reads[0].parent
    if select is None or select.args.get("where") is None or not isinstance(place, (exp.From, exp.Join)):
        return
    if place.parent is not select or place.args.get("kind") in ("SEMI", "ANTI"):
        return
    alone = not select.args.get("joins")
    for part in select.args["where"].this.flatten() if isinstance(select.args["where"].this, exp.And) else (
        select.args["where"].this,
    ):  # fmt: skip
        found = _condition(part, table, reads[0].alias_or_name.lower(), alone=alone)
        if found is not None:
            yield found


def _condition(part: exp.Expr, table: Table, source: str, *, alone: bool) -> Condition | None:
    """A part of a WHERE as a condition of the view; None where it is none, or may mean something else."""
    part = part.unnest()
    name = _EARLY.get(type(part))
    if name is None:
        return None
    left, right = part.this.unnest(), part.expression.unnest()
    if isinstance(left, exp.Literal):
        left, right, name = right, left, _SWAPPED[name]
    if not isinstance(left, exp.Column) or not isinstance(right, exp.Literal):
        return None
    qualified = left.text("table").lower()
    if qualified != source and (qualified or not alone):
        return None
    column = next((c for c in table.columns if c.name.lower() == left.name.lower()), None)
    value = _value(column, right) if column is not None else None
    operator = OPERATORS[name]
    if column is None or value is None or column.kind.family not in operator.families:
        return None
    return Condition(column, operator, (value,))


def _value(column: Column, literal: exp.Literal) -> Scalar | None:
    """The value of a literal, where it surely is the one the engine takes it for."""
    if _WRITTEN.get(column.kind.family) is not literal.is_string:
        return None
    try:
        return column.kind.parse(literal.name)
    except ValueError:
        return None
