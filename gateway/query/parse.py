"""From URL parameters to the query tree, typed against a view. What is not in the view is not known here."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from gateway.problems import BadValue, RepeatedParameter, TooManyConditions, UnknownColumn, UnknownOperator
from gateway.query.geometry import WHERES
from gateway.query.operators import EQUALS, FLAG, OPERATORS, Arity, Operator, operators_of
from gateway.query.search import search
from gateway.query.tree import Condition, Query, Sort
from gateway.view.types import Family, Scalar, ValueType
from gateway.view.view import Column, View

RESERVED = ("select", "order", "limit", "cursor", "total", "format", "bom", "release")
"""Parameters of the rows address. A column of such a name is filtered as `name__eq=`."""

WHOLE_ROW = ("q", *WHERES)
"""Parameters of every address with conditions that are about no single column."""
SEPARATOR = "__"


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
    given, where = conditions_and_rest(view, parameters, RESERVED, limits)
    return Query(
        view=view,
        select=_select(view, given.get("select")),
        where=where,
        order=_order(view, given.get("order")),
        limit=parse_limit(given.get("limit"), limits.max_rows, default_limit),
    )


def conditions_and_rest(
    view: View, parameters: Sequence[tuple[str, str]], reserved: Collection[str], limits: Limits
) -> tuple[dict[str, str], tuple[Condition, ...]]:
    """The reserved parameters by name, and the conditions that all others are."""
    given: dict[str, str] = {}
    where: list[Condition] = []
    for name, text in parameters:
        if name not in reserved and name not in WHOLE_ROW:
            where.append(_condition(view, name, text, limits))
        elif name in given:
            raise RepeatedParameter(f"`{name}` was given more than once.", parameter=name)
        else:
            given[name] = text
    where += [whole_row(view, name, given.pop(name)) for name in WHOLE_ROW if name in given]
    if len(where) > limits.max_conditions:
        raise TooManyConditions(f"{len(where)} conditions were given, {limits.max_conditions} are allowed.")
    return given, tuple(where)


def whole_row(view: View, name: str, text: str) -> Condition:
    """A condition about no single column: `q`, or on places."""
    try:
        return search(view, text) if name == "q" else WHERES[name].condition(view, text)
    except OverflowError as error:
        raise TooManyConditions(f"`{name}`: {error}.", parameter=name) from error
    except ValueError as error:
        raise BadValue(f"`{name}`: {error}.", parameter=name) from error


def _condition(view: View, name: str, text: str, limits: Limits) -> Condition:
    column, operator = view.column(name), EQUALS
    if column is None:
        stem, separator, suffix = name.rpartition(SEPARATOR)
        column = view.column(stem) if separator else None
        if column is None:
            raise unknown_column(view, stem if separator and suffix in OPERATORS else name, name)
        if suffix not in OPERATORS:
            raise _no_operator(column, suffix, name)
        operator = OPERATORS[suffix]
    if not operator.fits(column.kind):
        raise _no_operator(column, operator.name, name)
    return Condition(column, operator, parse_values(operator, text, column.kind, limits, name))


def parse_values(operator: Operator, text: str, kind: ValueType, limits: Limits, name: str) -> tuple[Scalar, ...]:
    """The right-hand side of a condition that the parameter `name` gives."""
    try:
        return operator.parse(text, kind, limits.max_set_values)
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
        chosen[name] = known_column(view, name, "select")
    return tuple(chosen.values())


def _order(view: View, text: str | None) -> tuple[Sort, ...]:
    if text is None:
        return own_order(view)
    return sorts_of(view, ((part.removeprefix("-"), part.startswith("-")) for part in text.split(",")), "order")


def own_order(view: View) -> tuple[Sort, ...]:
    """The order a dataset is served in unless asked otherwise."""
    return tuple(Sort(column) for column in view.order if column.kind.family is not Family.NESTED)


def sorts_of(view: View, terms: Iterable[tuple[str, bool]], parameter: str) -> tuple[Sort, ...]:
    """The order by columns, each named with whether it is descending."""
    sorts: dict[str, Sort] = {}
    for name, descending in terms:
        if name in sorts:
            raise BadValue(f"`{parameter}` names `{name}` twice.", parameter=parameter)
        column = known_column(view, name, parameter)
        if column.kind.family is Family.NESTED:
            raise BadValue(
                f"`{parameter}`: `{name}` holds lists or structures, which have no order.", parameter=parameter
            )
        sorts[name] = Sort(column, descending)
    return tuple(sorts.values())


def condition_on(column: Column, operator: str, texts: Sequence[str], limits: Limits, parameter: str) -> Condition:
    """`column operator values`, of values that come one by one. Raises the problems of what does not fit."""
    found = OPERATORS[operator]
    if not found.fits(column.kind):
        raise _no_operator(column, operator, parameter)
    if len(texts) > limits.max_set_values:
        raise TooManyConditions(f"`{parameter}`: expected at most {limits.max_set_values} values.", parameter=parameter)
    kind = FLAG if found.arity is Arity.FLAG else column.kind
    try:
        return Condition(column, found, tuple(kind.parse(text) for text in texts))
    except ValueError as error:
        raise BadValue(f"`{column.name}`: {error}.", parameter=parameter) from error


def parse_limit(text: str | None, largest: int, default: int | None, name: str = "limit") -> int | None:
    """The number of rows or groups of a page."""
    if text is None:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) <= 9 and 1 <= int(text) <= largest):
        raise BadValue(f"`{name}`: expected a whole number from 1 to {largest}.", parameter=name)
    return int(text)


def known_column(view: View, name: str, parameter: str) -> Column:
    """The visible column of that name; raises UnknownColumn."""
    column = view.column(name)
    if column is None:
        raise unknown_column(view, name, parameter)
    return column


def unknown_column(view: View, name: str, parameter: str) -> UnknownColumn:
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
