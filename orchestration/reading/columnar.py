"""Parquet as Arrow text columns: a row group at a time, decrypted on the way, within the limits of unpacking."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.contract.options import Limits, ParquetFormat
from orchestration.connectors.env import REFERENCE
from orchestration.connectors.unpack import allowed_bytes
from orchestration.reading.header import resolve
from orchestration.reading.source import Target, row_batch

if TYPE_CHECKING:
    import pyarrow as pa

BATCH_ROWS = 50_000
KEY_BYTES = (16, 24, 32)


class _KeyError(ValueError):
    """The key of an encrypted file is not set, or is no key; the text never holds it."""


def read_columnar(path: Path, form: ParquetFormat, target: Target, limits: Limits) -> Iterator[pa.RecordBatch]:
    """Batches of one file; one that cannot be read or decrypted, or is too large, becomes a fault of the piece.

    Values become the text in which the other formats deliver them: ISO dates and times, digits, true and false.
    """
    import pyarrow as pa

    try:
        yield from _records(path, form, target, allowed_bytes(path, limits))
    except _KeyError as error:
        target.fault(f"B1: {error}")
    except (pa.ArrowException, OSError) as error:
        sealed = " or decrypted" if form.key else ""
        target.fault(f"B1: the file cannot be read{sealed} as Parquet ({str(error).splitlines()[0]})")


def _records(path: Path, form: ParquetFormat, target: Target, allowed: int) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    from pyarrow import parquet as pq

    with pq.ParquetFile(path, decryption_properties=_decryption(form)) as file:
        header = file.schema_arrow.names
        layout = resolve(header, target.table)
        if not target.admit(layout):
            return
        size = sum(file.metadata.row_group(n).total_byte_size for n in range(file.metadata.num_row_groups))
        done = 0
        if size > allowed:
            target.fault(f"B1: unpacks to more than {allowed:,} bytes")
            return
        wanted = [header[at] for at in layout.positions if at is not None]
        for batch in file.iter_batches(BATCH_ROWS, columns=wanted):
            columns = [None if at is None else _text(batch.column(header[at])) for at in layout.positions]
            yield row_batch(target, layout, columns, pa.arange(done + 1, done + 1 + batch.num_rows))
            done += batch.num_rows


def _text(values: pa.Array) -> pa.Array:
    """A column as text; ArrowNotImplementedError for one that holds no single values."""
    import pyarrow as pa
    from pyarrow import compute as pc

    text = values.cast(pa.string())
    # Other formats write no fraction of a second where there is none.
    return pc.replace_substring_regex(text, r"\.0+$", "") if pa.types.is_timestamp(values.type) else text


def _decryption(form: ParquetFormat) -> Any:
    """What opens an encrypted file, None for a plain one; the key is read now and kept nowhere."""
    if form.key is None:
        return None
    from pyarrow.parquet.encryption import create_decryption_properties

    missing = [name for name in REFERENCE.findall(form.key) if not os.environ.get(name)]
    if missing:
        raise _KeyError(f"the file is encrypted and its key {missing[0]} is not set")
    try:
        key = bytes.fromhex(REFERENCE.sub(lambda match: os.environ[match[1]], form.key))
    except ValueError:
        key = b""
    if len(key) not in KEY_BYTES:
        raise _KeyError("the key of the file is not 16, 24 or 32 bytes in hexadecimal")
    return create_decryption_properties(footer_key=key)
