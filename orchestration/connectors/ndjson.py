"""Rows of a database as canonical NDJSON, a column at a time: Arrow types the values, DuckDB writes the text.

Numbers stay numbers, decimals become strings with all their digits, dates and times ISO 8601 text, bytes hex;
what has no JSON form is written as its own text. The columns keep the table's order and every row has them all.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

INT64 = range(-(2**63), 2**63)


class NdjsonEncoder:
    """Turns blocks of rows into NDJSON bytes; a context manager that owns a DuckDB instance of its own."""

    def __init__(self) -> None:
        self._con = duckdb.connect(":memory:", config={"threads": 1})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._con.close()

    def encode(self, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> memoryview:
        """The rows, one JSON object and line feed each; at least one row."""
        block = pa.table([_column(values) for values in zip(*rows, strict=True)], names=list(columns))
        lines = self._con.from_arrow(block).query(
            "block", "SELECT to_json(block)::VARCHAR || chr(10) AS line FROM block"
        )
        text = lines.to_arrow_table().column("line").combine_chunks()
        chunk = text.chunk(0) if isinstance(text, pa.ChunkedArray) else text
        return _text_bytes(chunk)


def _text_bytes(lines: pa.Array) -> memoryview:
    """The bytes of a string array without NULLs, one after the other, as Arrow holds them."""
    width = 8 if pa.types.is_large_string(lines.type) else 4
    offsets = memoryview(lines.buffers()[1]).cast("q" if width == 8 else "i")
    first, last = offsets[lines.offset], offsets[lines.offset + len(lines)]
    return memoryview(lines.buffers()[2])[first:last]


def _column(values: Sequence[Any]) -> pa.Array:
    """One column as Arrow, texts already in canonical form."""
    kinds = set(map(type, values)) - {type(None)}
    if len(kinds) > 1 or not kinds <= _RENDER.keys():
        return pa.array([None if value is None else _any_text(value) for value in values], pa.string())
    return _RENDER[kinds.pop()](values) if kinds else pa.nulls(len(values), pa.string())


def _any_text(value: Any) -> str:
    """Text of a value of a kind that Arrow does not carry, or of a column that mixes kinds."""
    if isinstance(value, bytes | memoryview):
        return bytes(value).hex()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def _integers(values: Sequence[Any]) -> pa.Array:
    try:
        return pa.array(values, pa.int64())
    except (OverflowError, pa.ArrowInvalid):
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def _decimals(values: Sequence[Any]) -> pa.Array:
    return pa.array([None if value is None else format(value, "f") for value in values], pa.string())


def _instants(values: Sequence[Any]) -> pa.Array:
    """ISO text; the offset of a zoned value is kept, so such columns are written one value at a time."""
    if any(value is not None and value.tzinfo is not None for value in values):
        return pa.array([None if value is None else value.isoformat() for value in values], pa.string())
    text = pa.array(values, pa.timestamp("us")).cast(pa.string())
    return pc.replace_substring_regex(pc.replace_substring(text, " ", "T"), r"\.000000$", "")


def _plain(kind: pa.DataType) -> Callable[[Sequence[Any]], pa.Array]:
    return lambda values: pa.array(values, kind)


_RENDER: dict[type, Callable[[Sequence[Any]], pa.Array]] = {
    bool: _plain(pa.bool_()),
    int: _integers,
    float: _plain(pa.float64()),
    str: _plain(pa.string()),
    Decimal: _decimals,
    date: lambda values: pa.array(values, pa.date32()).cast(pa.string()),
    datetime: _instants,
}
