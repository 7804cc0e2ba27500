"""Formats that are text: the engine makes one text per row, and they are put end to end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pyarrow as pa


class TextWriter:
    """A beginning, the rows' texts, an end. Where something stands `between` rows, every text begins with it and the
    first one loses it. It is one character."""

    def __init__(self, begin: bytes, *, between: bytes = b"", end: bytes = b"") -> None:
        self._begin, self._between, self._end = begin, between, end
        self._first = True

    def write(self, rows: pa.RecordBatch) -> bytes:
        """The texts of some rows."""
        text = text_of(rows)
        if self._first and text:
            self._first = False
            return self._begin + text.removeprefix(self._between)
        return text

    def close(self) -> bytes:
        """The end, after the beginning where there was no row."""
        return (self._begin if self._first else b"") + self._end


def text_of(rows: pa.RecordBatch) -> bytes:
    """The values of the first column end to end: in Arrow they lie so already, this is one copy and no loop."""
    column = rows.column(0)
    _, offsets, data = column.buffers()
    if data is None or len(column) == 0:
        return b""
    bounds = memoryview(offsets).cast("i")
    return bytes(memoryview(data)[bounds[column.offset] : bounds[column.offset + len(column)]])
