"""From URL parameters to the query tree, typed against a view. What is not in the view is not known here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.problems import BadValue, RepeatedParameter, TooManyConditions, UnknownColumn, UnknownOperator
from gateway.query.operators import EQUALS, OPERATORS, operators_of
from gateway.query.tree import Condition, Query, Sort
from gateway.view.types import Family
from gateway.view.view import Column, View

RESERVED = ("select", "order", "limit", "cursor", "format", "bom")
"""Parameters of the rows address. A column of such a name is filtered as `name__eq=`."""

_SEPARATOR = "__"


@dataclass(frozen=True)
class Limits:
    """What one request may ask for."""

    max_rows: int
    max_conditions: int
    max_set_values: int


def parse_query(view: View, parameters: Sequence[tuple[str, str]], limits: Limits, default_limit: int | None) -> Query:
    """The query that the parameters ask of a view.

    Reserved parameters other than select, order and limit are left to the door. Raises the problems of a
    parameter, column, operator or value that cannot be used.
    """
    given: dict[str, str] = {}
    where: list[Condition] = []
    for name, text in parameters:
        if name not in RESERVED:
            where.append(_condition(view, name, text, limits))
        elif name in given:
            raise RepeatedParameter(f"`{name}` was given more than once.", parameter=name)
        else:
            given[name] = text
    if len(where) > limits.max_conditions:
        raise TooManyConditions(f"{len(where)} conditions were given, {limits.max_conditions} are allowed.")
    return Query(
        view=view,
        select=_select(view, given.get("select")),
        where=tuple(where),
        order=_order(view, given.get("order")),
        limit=_limit(given.get("limit"), limits.max_rows, default_limit),
    )


def _condition(view: View, name: str, text: str, limits: Limits) -> Condition:
    column, operator = view.column(name), EQUALS
    if column is None:
        stem, separator, suffix = name.rpartition(_SEPARATOR)
        column = view.column(stem) if separator else None
        if column is None:
            raise _unknown(view, stem if separator and suffix in OPERATORS else name, name)
        if suffix not in OPERATORS:
            raise _no_operator(column, suffix, name)
        operator = OPERATORS[suffix]
    if not operator.fits(column.kind):
        raise _no_operator(column, operator.name, name)
    try:
        return Condition(column, operator, operator.parse(text, column.kind, limits.max_set_values))
    except OverflowError as error:
        raise TooManyConditions(f"`{name}`: {error}.", parameter=name) from error
    except ValueError as error:
        raise BadValue(f"`{name}`: {error}.", parameter=name) from error


def _select(view: View, text: str | None) -> tuple[Column, ...]:
    if text is None:
        return view.columns
    chosen: dict[str, Column] = {}
    for name in text.split(","):
        if name in chosen:
            raise BadValue(f"`select` names `{name}` twice.", parameter="select")
        chosen[name] = _known(view, name, "select")
    return tuple(chosen.values())


def _order(view: View, text: str | None) -> tuple[Sort, ...]:
    if text is None:
        return tuple(Sort(column) for column in view.order if column.kind.family is not Family.NESTED)
    sorts: dict[str, Sort] = {}
    for part in text.split(","):
        name = part.removeprefix("-")
        if name in sorts:
            raise BadValue(f"`order` names `{name}` twice.", parameter="order")
        column = _known(view, name, "order")
        if column.kind.family is Family.NESTED:
            raise BadValue(f"`order`: `{name}` holds lists or structures, which have no order.", parameter="order")
        sorts[name] = Sort(column, descending=part.startswith("-"))
    return tuple(sorts.values())


def _limit(text: str | None, largest: int, default: int | None) -> int | None:
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and 1 <= int(text) <= largest):
        raise BadValue(f"`limit`: expected a whole number from 1 to {largest}.", parameter="limit")
    return int(text)


def _known(view: View, name: str, parameter: str) -> Column:
    column = view.column(name)
    if column is None:
        raise _unknown(view, name, parameter)
    return column


def _unknown(view: View, name: str, parameter: str) -> UnknownColumn:
    """Says what was sent and what there is; never whether something of that name exists elsewhere."""
    columns = [column.name for column in view.columns]
    return UnknownColumn(f"There is no column `{name[:80]}`.", parameter=parameter[:80], columns=columns)


def _no_operator(column: Column, operator: str, parameter: str) -> UnknownOperator:
    fitting = [found.name for found in operators_of(column.kind)]
    return UnknownOperator(
        f"`{column.name}` is {column.kind.name} and has no operator `{operator[:80]}`.",
        parameter=parameter[:80],
        operators=fitting,
    )
