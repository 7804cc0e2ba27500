"""Excel sheets as Arrow text columns: the header found under title rows, damaged numbers kept recognisable."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.contract.model import Table
from catalog.contract.options import XlsxFormat
from orchestration.reading.header import Layout, normalise, resolve
from orchestration.reading.source import Target, row_batch

if TYPE_CHECKING:
    import pyarrow as pa

HEADER_SEARCH_ROWS = 50
UNREADABLE = "B1: the workbook cannot be read"
# Excel keeps 15 digits of a number and shows six of a long one (2.02401E+14): what stands in such a cell of a text
# column is no longer the identifier that was typed.
DAMAGED = r"^(?:[1-9][0-9]{0,5}0{6,14}|[1-9][0-9]{15,})$"
DAMAGED_LENGTH = 12


def read_workbook(path: Path, form: XlsxFormat, target: Target) -> Iterator[pa.RecordBatch]:
    """Batches of the chosen sheets of one workbook; `_line` counts the records over all its sheets.

    No sheet of the wanted name, or none with a header, is a fault of the piece.
    """
    import fastexcel

    try:
        book = fastexcel.read_excel(path)
        names = [name for name in book.sheet_names if re.search(form.sheets, name)]
        yield from _sheets(book, names, form, target)
    except fastexcel.FastExcelError as error:
        target.fault(f"{UNREADABLE} ({str(error).splitlines()[0]})")


def _sheets(book: Any, names: list[str], form: XlsxFormat, target: Target) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    start, read, skipped = 1, 0, list[str]()
    for name in names:
        cells = book.load_sheet(name, header_row=None, dtypes="string").to_arrow()
        row = _header_row(cells, form)
        if row is None:
            skipped += [name] if cells.num_rows else []
            continue
        read += 1
        layout = resolve([cell or "" for cell in _row(cells, row)], target.table)
        if not target.admit(layout):
            return
        numbers = None
        if _suspects(cells):
            numbers = book.load_sheet(name, header_row=None, dtypes="boolean").to_arrow().slice(row + 1)
        columns = _columns(cells.slice(row + 1), numbers, target.table, layout)
        kept = [column for column in columns if column is not None]
        filled = _not_blank(kept)
        columns = [None if column is None else column.filter(filled) for column in columns]
        size = filled.true_count
        yield row_batch(target, layout, columns, pa.arange(start, start + size))
        start += size
    wanted = f"header `{form.header_contains}`" if form.header_contains else "header"
    if not read:
        target.fault(f"B3: no sheet like `{form.sheets}` has a {wanted}")
    elif skipped:
        target.note(f"W: sheet {', '.join(skipped)} has no {wanted} and is not read")


def _header_row(cells: pa.RecordBatch, form: XlsxFormat) -> int | None:
    """Index of the row that holds the headers: the one with `header_contains`, else the first that is not empty."""
    wanted = normalise(form.header_contains) if form.header_contains else None
    for index in range(min(HEADER_SEARCH_ROWS, cells.num_rows)):
        found = [normalise(cell) for cell in _row(cells, index) if cell]
        if found and (wanted is None or wanted in found):
            return index
    return None


def _row(cells: pa.RecordBatch, index: int) -> list[str | None]:
    return [column[index].as_py() for column in cells.columns]


def _columns(
    cells: pa.RecordBatch, numbers: pa.RecordBatch | None, table: Table, layout: Layout
) -> list[pa.Array | None]:
    columns: list[pa.Array | None] = []
    for column, at in zip(table.properties, layout.positions, strict=True):
        if at is None:
            columns.append(None)
        elif numbers is not None and column.logical_type == "string":
            columns.append(_as_shown(cells.column(at), numbers.column(at)))
        else:
            columns.append(cells.column(at))
    return columns


def _suspects(cells: pa.RecordBatch) -> bool:
    from pyarrow import compute as pc

    return any(pc.any(_damaged(column)).as_py() for column in cells.columns)


def _damaged(texts: pa.Array) -> pa.Array:
    """Mask of texts that a number cell beyond Excel's digits gives."""
    from pyarrow import compute as pc

    text = texts.cast("string")
    long = pc.greater_equal(pc.utf8_length(text), DAMAGED_LENGTH)
    return pc.fill_null(pc.and_(pc.match_substring_regex(text, DAMAGED), long), fill_value=False)


def _as_shown(texts: pa.Array, numbers: pa.Array) -> pa.Array:
    """Damaged number cells written as Excel shows them; text cells and intact numbers as they are.

    `numbers` is not NULL exactly where the cell holds a number: a text of digits does not read as a boolean.
    """
    import pyarrow as pa
    from pyarrow import compute as pc

    text = texts.cast("string")
    power = pc.cast(pc.subtract(pc.utf8_length(text), 1), pa.string())
    digits = pc.replace_substring_regex(pc.utf8_slice_codeunits(text, 1, 6), r"0+$", "")
    shown = pc.binary_join_element_wise(pc.utf8_slice_codeunits(text, 0, 1), ".", digits, "E+", power, "")
    return pc.if_else(pc.and_(_damaged(texts), pc.is_valid(numbers)), shown, text)


def _not_blank(columns: list[pa.Array]) -> pa.BooleanArray:
    """Mask of rows with some text in some column."""
    from pyarrow import compute as pc

    masks = [
        pc.fill_null(pc.not_equal(pc.utf8_trim_whitespace(c.cast("string")), ""), fill_value=False) for c in columns
    ]
    filled = masks[0]
    for mask in masks[1:]:
        filled = pc.or_(filled, mask)
    return filled
