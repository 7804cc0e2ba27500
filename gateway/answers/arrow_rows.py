"""Formats that are columns: Arrow IPC streams and Parquet files, written batch by batch with constant memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from gateway.web.codings import Tape

if TYPE_CHECKING:
    import pyarrow as pa

ROW_GROUP = 131_072  # rows of a Parquet row group: so many are held before they are written


class StreamWriter:
    """An Arrow IPC stream."""

    def __init__(self) -> None:
        self._sink = Tape()
        self._writer: Any = None

    def write(self, rows: pa.RecordBatch) -> bytes:
        """One message, after the schema."""
        if self._writer is None:
            import pyarrow as pa

            self._writer = pa.ipc.new_stream(pa.PythonFile(self._sink, mode="w"), rows.schema)
        if rows.num_rows:
            self._writer.write_batch(rows)
        return self._sink.take()

    def close(self) -> bytes:
        """The mark that ends a stream."""
        self._writer.close()
        return self._sink.take()


class ParquetWriter:
    """A Parquet file, its row groups as large as those of the public files. `said` is metadata of the whole file."""

    def __init__(self, said: Mapping[str, str] | None = None) -> None:
        self._sink = Tape()
        self._said = said
        self._writer: Any = None
        self._held: list[pa.RecordBatch] = []
        self._rows = 0

    def write(self, rows: pa.RecordBatch) -> bytes:
        """The row groups that have become full."""
        if self._writer is None:
            import pyarrow as pa
            from pyarrow import parquet

            schema = rows.schema.with_metadata(self._said)
            self._writer = parquet.ParquetWriter(pa.PythonFile(self._sink, mode="w"), schema, compression="zstd")
        self._held.append(rows)
        self._rows += rows.num_rows
        if self._rows >= ROW_GROUP:
            self._flush()
        return self._sink.take()

    def close(self) -> bytes:
        """The last row group and the footer."""
        self._flush()
        self._writer.close()
        return self._sink.take()

    def _flush(self) -> None:
        import pyarrow as pa

        if self._rows:
            self._writer.write_table(pa.Table.from_batches(self._held), row_group_size=ROW_GROUP)
        self._held, self._rows = [], 0
