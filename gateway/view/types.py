"""Column types as the API sees them: how a value is read from a URL, written into a cursor and described to clients."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any

from sqlglot import exp

Scalar = str | int | float | Decimal | bool | date | datetime | time

_INTEGER = re.compile(r"[+-]?[0-9]{1,19}")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_FLOAT = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIMESTAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?)?")
_TIME = re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?")
_INT64 = 2**63
_DECIMAL_DIGITS = 38


class Family(Enum):
    """Kinds of values that are read, compared and written alike."""

    TEXT = "text"
    INTEGER = "integer"
    DECIMAL = "decimal"
    FLOAT = "float"
    BOOLEAN = "boolean"
    DATE = "date"
    TIMESTAMP = "timestamp"
    TIME = "time"
    NESTED = "nested"


_D = exp.DType
_FAMILIES: dict[exp.DType, Family] = {
    **dict.fromkeys((_D.TINYINT, _D.SMALLINT, _D.INT, _D.BIGINT), Family.INTEGER),
    **dict.fromkeys((_D.UTINYINT, _D.USMALLINT, _D.UINT), Family.INTEGER),
    **dict.fromkeys((_D.FLOAT, _D.DOUBLE), Family.FLOAT),
    **dict.fromkeys((_D.TIMESTAMP, _D.TIMESTAMPNTZ, _D.TIMESTAMP_S, _D.TIMESTAMP_MS), Family.TIMESTAMP),
    **dict.fromkeys((_D.ARRAY, _D.LIST, _D.STRUCT, _D.MAP), Family.NESTED),
    _D.DECIMAL: Family.DECIMAL,
    _D.BOOLEAN: Family.BOOLEAN,
    _D.DATE: Family.DATE,
    _D.TIME: Family.TIME,
    _D.VARCHAR: Family.TEXT,
    _D.TEXT: Family.TEXT,
}
_WIDE_INTEGERS = frozenset({_D.INT128, _D.UINT128, _D.UBIGINT})


@dataclass(frozen=True)
class ValueType:
    """The type of one column. `scale` counts decimal places; `cast` is how the stored value is brought to this type."""

    family: Family
    scale: int = 0
    precision: int = 0
    cast: str | None = None

    @classmethod
    def of(cls, stored: str) -> ValueType:
        """The API type of a stored type such as `DECIMAL(18,2)`. Types without a family of their own become text."""
        return _type_of(stored)

    @property
    def name(self) -> str:
        """Public name of the type."""
        if self.family is Family.DECIMAL:
            return f"decimal({self.precision},{self.scale})"
        return str(self.family.value)

    def parse(self, text: str) -> Scalar:
        """Read a value from a URL; raises ValueError whose text says what is expected."""
        return _PARSERS[self.family](text, self)

    @property
    def json_schema(self) -> dict[str, Any]:
        """How a value of this type looks in a JSON answer (JSON Schema)."""
        return dict(_SCHEMAS[self.family])


@lru_cache(maxsize=1024)
def _type_of(stored: str) -> ValueType:
    parsed = exp.DataType.build(stored, dialect="duckdb")
    kind = parsed.this
    if kind in _WIDE_INTEGERS:
        return ValueType(Family.DECIMAL, 0, _DECIMAL_DIGITS, cast=f"DECIMAL({_DECIMAL_DIGITS}, 0)")
    family = _FAMILIES.get(kind)
    if family is None:
        return ValueType(Family.TEXT, cast="TEXT")
    if family is Family.DECIMAL:
        sizes = [int(part.name) for part in parsed.expressions] or [18, 3]
        return ValueType(family, scale=sizes[1] if len(sizes) > 1 else 0, precision=sizes[0])
    return ValueType(family)


def to_text(value: Scalar | None) -> str | None:
    """Exact text of a value, read back by `from_text`."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (date, datetime, time)):
        return value.isoformat()
    return repr(value) if isinstance(value, float) else str(value)


def from_text(text: str | None, kind: ValueType) -> Scalar | None:
    """Inverse of `to_text`; also takes the not-a-numbers and infinities a column may hold. Raises ValueError."""
    if text is None:
        return None
    if kind.family is Family.FLOAT:
        return float(text)
    return kind.parse(text)


def _text(text: str, _kind: ValueType) -> Scalar:
    return text


def _integer(text: str, _kind: ValueType) -> Scalar:
    if not _INTEGER.fullmatch(text) or not -_INT64 <= int(text) < _INT64:
        raise ValueError("expected a whole number between -2^63 and 2^63-1")
    return int(text)


def _decimal(text: str, kind: ValueType) -> Scalar:
    whole = _DECIMAL_DIGITS - kind.scale
    digits, _, places = text.lstrip("+-").partition(".")
    if not _DECIMAL.fullmatch(text) or len(places) > kind.scale or len(digits.lstrip("0")) > whole:
        raise ValueError(f"expected a number with at most {whole} digits and {kind.scale} decimal places")
    return Decimal(text)


def _float(text: str, _kind: ValueType) -> Scalar:
    if not _FLOAT.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError("expected a number such as 12.5 or 1e-3")
    return float(text)


def _boolean(text: str, _kind: ValueType) -> Scalar:
    if text not in {"true", "false"}:
        raise ValueError("expected true or false")
    return text == "true"


def _reader(form: re.Pattern[str], read: Callable[[str], Scalar], expected: str) -> Callable[[str, ValueType], Scalar]:
    """A parser for ISO dates and times: the form is checked first, then whether there is such a day or moment."""

    def parse(text: str, _kind: ValueType) -> Scalar:
        if form.fullmatch(text):
            with suppress(ValueError):
                return read(text)
        raise ValueError(f"expected {expected}")

    return parse


def _nested(_text: str, _kind: ValueType) -> Scalar:
    raise ValueError("lists and structures cannot be compared")


_PARSERS: dict[Family, Callable[[str, ValueType], Scalar]] = {
    Family.TEXT: _text,
    Family.INTEGER: _integer,
    Family.DECIMAL: _decimal,
    Family.FLOAT: _float,
    Family.BOOLEAN: _boolean,
    Family.DATE: _reader(_DATE, date.fromisoformat, "a date such as 2024-05-31"),
    Family.TIMESTAMP: _reader(
        _TIMESTAMP, datetime.fromisoformat, "a local time such as 2024-05-31T14:30:00, without a zone"
    ),
    Family.TIME: _reader(_TIME, time.fromisoformat, "a time of day such as 14:30:00"),
    Family.NESTED: _nested,
}
_SCHEMAS: dict[Family, dict[str, Any]] = {
    Family.TEXT: {"type": "string"},
    Family.INTEGER: {"type": "integer", "format": "int64"},
    Family.DECIMAL: {"type": "number", "description": "Written with all its decimal places; read it as a decimal."},
    Family.FLOAT: {"type": "number", "format": "double"},
    Family.BOOLEAN: {"type": "boolean"},
    Family.DATE: {"type": "string", "format": "date"},
    Family.TIMESTAMP: {"type": "string", "description": "Local time, ISO 8601 without zone."},
    Family.TIME: {"type": "string", "description": "Time of day, ISO 8601 without zone."},
    Family.NESTED: {},
}
