"""From JSON values, as the change feed tells them, to Arrow values of given types, exactly or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
from pyarrow import types

Carry = Callable[[Any], Any]


class NotCarriedError(Exception):
    """JSON cannot tell values of this type exactly, or did not."""


def carriers(schema: pa.Schema) -> dict[str, Carry]:
    """For each column what makes its values of those of JSON; numbers with a point must come as Decimal.

    Raises NotCarriedError where a column is of a type that JSON does not tell exactly.
    """
    return {field.name: _carrier(field.type) for field in schema}


def table_of(rows: Iterable[Mapping[str, Any]], schema: pa.Schema, carry: Mapping[str, Carry]) -> pa.Table:
    """A table of rows from JSON. Raises NotCarriedError on a value that does not fit."""
    held = list(rows)
    try:
        columns = [
            pa.array([_none_or(carry[field.name], row[field.name]) for row in held], type=field.type)
            for field in schema
        ]
    except (ValueError, TypeError, ArithmeticError) as error:
        raise NotCarriedError(str(error)) from error
    return pa.Table.from_arrays(columns, schema=schema)


def _none_or(carry: Carry, value: Any) -> Any:
    return None if value is None else carry(value)


def _carrier(kind: pa.DataType) -> Carry:
    for fits, carry in _SCALARS:
        if fits(kind):
            return carry
    if types.is_list(kind) or types.is_large_list(kind):
        if types.is_floating(kind.value_type) or types.is_decimal(kind.value_type):
            raise NotCarriedError(f"{kind}: lists of numbers with a point are not told exactly")
        inner = _carrier(kind.value_type)
        return lambda values: [_none_or(inner, value) for value in values]
    raise NotCarriedError(f"{kind} is not told exactly")


_SCALARS: tuple[tuple[Callable[[pa.DataType], bool], Carry], ...] = (
    (types.is_floating, float),
    (types.is_decimal, Decimal),
    (types.is_date, date.fromisoformat),
    (types.is_timestamp, datetime.fromisoformat),
    (types.is_time, time.fromisoformat),
    (types.is_boolean, bool),
    (types.is_integer, int),
    (types.is_string, str),
    (types.is_large_string, str),
)
