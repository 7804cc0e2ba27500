"""From Python values to the gateway's conditions: `column__operator=value`."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from civiclake_client.link import Parameters

Value = str | int | float | Decimal | bool | date | datetime | time
Right = Value | Iterable[Value] | None
WHOLE_ROW = ("q", "bbox", "within", "intersects", "near")
"""Conditions about no single column. A column of such a name is asked as `name__eq=`."""


def conditions(where: Mapping[str, Right]) -> Parameters:
    """Parameters of some conditions.

    A plain column name means equal, with several values one of them, with None that there is no value.
    Raises ValueError for what cannot be said.
    """
    return [_condition(name, right) for name, right in where.items()]


def names(given: str | Iterable[str]) -> str:
    """One name or several, as a parameter."""
    return given if isinstance(given, str) else ",".join(given)


def text_of(value: Value) -> str:
    """A value as the gateway reads it. Raises ValueError for times with an offset: the city's clocks are meant."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime, time)) and value.tzinfo is not None:
        raise ValueError("Times are those on the city's clocks: give one without an offset.")
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    return repr(value) if isinstance(value, float) else str(value)


def _condition(name: str, right: Right) -> tuple[str, str]:
    if name in WHOLE_ROW:
        return name, right if isinstance(right, str) else ",".join(text_of(part) for part in _several(name, right))
    column, separator, operator = name.rpartition("__")
    if not separator:
        column, operator = name, "eq"
    if right is None:
        if operator not in ("eq", "ne"):
            raise ValueError(f"`{name}` needs a value; `{column}=None` asks for rows without one.")
        return f"{column}__isnull", text_of(operator == "eq")
    if isinstance(right, (str, int, float, Decimal, date, time)):
        if operator in ("in", "notin"):
            return name, _listed([right])
        return (name if separator else f"{name}__eq"), text_of(right)
    return (name if separator else f"{name}__in"), _listed(right)


def _several(name: str, right: Any) -> Iterable[Value]:
    if right is None or isinstance(right, (int, float, Decimal, date, time)):
        raise ValueError(f"`{name}` takes a text or several numbers.")
    found: Iterable[Value] = right
    return found


def _listed(values: Iterable[Value]) -> str:
    """Values separated by commas, those that hold one in quotes."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow([text_of(value) for value in values])
    return line.getvalue()
