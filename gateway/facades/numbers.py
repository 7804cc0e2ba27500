"""Comparisons with numbers that a column cannot hold, such as 2.5 where numbers are whole."""

from __future__ import annotations

import re
from decimal import ROUND_FLOOR, Context, Decimal, InvalidOperation

from gateway.query.logic import all_of, any_of
from gateway.query.parse import Limits, condition_on
from gateway.query.tree import Filter
from gateway.view.types import Family
from gateway.view.view import Column

_EXACT = Context(prec=80)  # more digits than any column has
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_COMPARED = ("eq", "ne", "lt", "le", "gt", "ge")


def compared(column: Column, operator: str, text: str, limits: Limits, parameter: str) -> Filter:
    """`column operator number`. One between two that the column can hold is compared by the one below it: equal to it
    is no value, and every value is another. Raises the problems of what does not fit."""
    below = _below(column, text) if operator in _COMPARED else None
    if below is None:
        return condition_on(column, operator, [text], limits, parameter)
    plain = f"{below:f}"
    if below == Decimal(text):
        return condition_on(column, operator, [plain], limits, parameter)
    lower = condition_on(column, "le", [plain], limits, parameter)
    higher = condition_on(column, "gt", [plain], limits, parameter)
    if operator in ("eq", "ne"):
        return all_of([lower, higher]) if operator == "eq" else any_of([lower, higher])
    return lower if operator in ("lt", "le") else higher


def _below(column: Column, text: str) -> Decimal | None:
    """The greatest number that a column of exact ones can hold and that is not above; None for any other text."""
    if column.kind.family not in (Family.INTEGER, Family.DECIMAL) or not _NUMBER.fullmatch(text):
        return None
    try:
        return Decimal(text).quantize(Decimal(1).scaleb(-column.kind.scale), ROUND_FLOOR, _EXACT)
    except InvalidOperation:
        return None
