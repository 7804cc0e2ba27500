"""Delimited text as a stream of Arrow text columns: quoted line breaks, wrong field counts, record numbers."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.contract.options import CsvFormat
from orchestration.reading.header import Layout, resolve
from orchestration.reading.source import Target, error_batch, row_batch

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_BYTES = 8 << 20
UNREADABLE = "B1: the file cannot be read as delimited text"


def read_header(path: Path, form: CsvFormat) -> list[str]:
    """The header cells of a UTF-8 file; empty for a file without one."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = islice(file, form.skip_rows, None)
        if not form.quote:
            return next(csv.reader(lines, delimiter=form.delimiter, quoting=csv.QUOTE_NONE), [])
        return next(csv.reader(lines, delimiter=form.delimiter, quotechar=form.quote), [])


def read_delimited(path: Path, form: CsvFormat, target: Target) -> Iterator[pa.RecordBatch]:
    """Batches of one UTF-8 file; a header that does not fit or a broken file becomes a fault of the piece."""
    import pyarrow as pa

    try:
        header = read_header(path, form)
    except csv.Error as error:
        target.fault(f"{UNREADABLE} ({error})")
        return
    layout = resolve(header, target.table)
    if not target.admit(layout):
        return
    try:
        yield from _records(path, form, target, layout, len(header))
    except pa.ArrowInvalid as error:
        if "Empty CSV" in str(error):  # a header without a line break and nothing else: no records
            return
        target.fault(f"{UNREADABLE} ({str(error).splitlines()[0]})")


def _records(path: Path, form: CsvFormat, target: Target, layout: Layout, width: int) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    bad: list[tuple[int, str, str]] = []
    good, ending = 0, ""
    for position, batch in enumerate(_open(path, form, width, layout, bad)):
        # The first record of the file is its header.
        rows = batch.slice(1) if position == 0 else batch
        lines = _record_numbers(pa.arange(good, good + rows.num_rows), bad)
        good += rows.num_rows
        columns = [None if at is None else rows.column(f"f{at}") for at in layout.positions]
        if rows.num_rows:
            ending = rows.column(f"f{width - 1}")[-1].as_py()
            yield row_batch(target, layout, columns, lines)
    last = bad[-1][2] if bad and bad[-1][0] > good + len(bad) - 1 else ending
    if "\n" in last and _quotes(path, form) % 2:
        target.fault(f"{UNREADABLE} (the quote opened in record {good + len(bad)} is never closed)")
    elif bad:
        yield error_batch(target, bad)


def _open(path: Path, form: CsvFormat, width: int, layout: Layout, bad: list[tuple[int, str, str]]) -> Iterator[Any]:
    """Batches of text columns f0, f1 …; records with another number of fields go to `bad`, header counted as 0."""
    import pyarrow as pa
    from pyarrow import csv as pa_csv

    def skip(row: pa_csv.InvalidRow) -> str:
        bad.append((row.number - 1, f"{row.actual_columns} fields instead of {row.expected_columns}", row.text))
        return "skip"

    names = [f"f{index}" for index in range(width)]
    wanted = {at for at in layout.positions if at is not None} | {width - 1}
    reader = pa_csv.open_csv(
        path,
        read_options=pa_csv.ReadOptions(
            use_threads=False, block_size=BLOCK_BYTES, skip_rows=form.skip_rows, autogenerate_column_names=True
        ),
        parse_options=pa_csv.ParseOptions(
            delimiter=form.delimiter,
            quote_char=form.quote or False,
            newlines_in_values=bool(form.quote),
            ignore_empty_lines=True,
            invalid_row_handler=skip,
        ),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=[names[at] for at in sorted(wanted)],
            strings_can_be_null=False,
            check_utf8=False,
        ),
    )
    return iter(reader)


def _record_numbers(good: pa.Array, bad: list[tuple[int, str, str]]) -> pa.Array:
    """Record numbers in the file (from 1) of records counted from 0 among the good ones."""
    import pyarrow as pa
    from pyarrow import compute as pc

    before = pa.array([number - 1 - index for index, (number, _, _) in enumerate(bad)], pa.int64())
    passed = pc.search_sorted(before, good, side="right") if bad else 0
    return pc.add(pc.add(good, 1), pc.cast(passed, pa.int64()))


def _quotes(path: Path, form: CsvFormat) -> int:
    """How many quote characters the file holds: an odd number means that one is never closed."""
    quote = form.quote.encode()
    with path.open("rb") as file:
        return sum(chunk.count(quote) for chunk in iter(lambda: file.read(BLOCK_BYTES), b"")) if quote else 0
