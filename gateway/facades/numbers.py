"""Comparisons with values that lie between two that a column can hold, such as 2.5 where numbers are whole."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from decimal import ROUND_FLOOR, Context, Decimal, InvalidOperation
from typing import TypeVar

from gateway.query.logic import Junction, Part, all_of, any_of
from gateway.query.parse import Limits, condition_on
from gateway.query.tree import Filter
from gateway.view.types import Family, ValueType
from gateway.view.view import Column

P = TypeVar("P", bound=Part)

_EXACT = Context(prec=80)  # more digits than any column has
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_COMPARED = ("eq", "ne", "lt", "le", "gt", "ge")


def compared(column: Column, operator: str, texts: Sequence[str], limits: Limits, parameter: str) -> Filter:
    """`column operator values`, where a single one may be a number that the column cannot hold. Raises the problems of
    what does not fit."""

    def make(name: str, *values: str) -> Filter:
        return condition_on(column, name, values, limits, parameter)

    if len(texts) == 1 and operator in _COMPARED:
        return fitted(column.kind, operator, texts[0], make)
    return make(operator, *(held(column.kind, text) for text in texts))


def fitted(kind: ValueType, operator: str, text: str, make: Callable[[str, str], P | Junction[P]]) -> P | Junction[P]:
    """`operator value` as `make` makes it of an operator and a text that values of the type can equal."""
    found = floored(kind, text) if operator in _COMPARED else None
    return make(operator, text) if found is None else beside(operator, *found, make)


def held(kind: ValueType, text: str) -> str:
    """A number as the type has it: 4.0 is 4 where numbers are whole. Any other text as it is."""
    found = floored(kind, text)
    return found[0] if found is not None and found[1] else text


def floored(kind: ValueType, text: str) -> tuple[str, bool] | None:
    """The greatest number that a column of exact ones can hold and that is not above a written one, and whether it is
    that one; None for any other text or type."""
    if kind.family not in (Family.INTEGER, Family.DECIMAL) or not _NUMBER.fullmatch(text):
        return None
    try:
        below = Decimal(text).quantize(Decimal(1).scaleb(-kind.scale), ROUND_FLOOR, _EXACT)
    except InvalidOperation:
        return None
    return f"{below:f}", below == Decimal(text)


def beside(operator: str, below: str, exact: bool, make: Callable[[str, str], P | Junction[P]]) -> P | Junction[P]:
    """A comparison by the value that is `below` the one asked for, or is it where it is `exact`. Between two values
    nothing equals, and everything differs; in words in which its opposite, too, is met by no missing value."""
    if exact:
        return make(operator, below)
    if operator in ("eq", "ne"):
        parts = [make("le", below), make("gt", below)]
        return all_of(parts) if operator == "eq" else any_of(parts)
    return make("le" if operator in ("lt", "le") else "gt", below)
