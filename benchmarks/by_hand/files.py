"""Formats DuckDB does not read by itself (GB18030 text, workbooks, XML) as Arrow tables of texts."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import fastexcel
import pyarrow as pa
from lxml import etree
from pyarrow import csv as pa_csv


class BrokenFileError(ValueError):
    """The file cannot be read as a whole."""


def delimited(path: Path, encoding: str, delimiter: str) -> pa.Table:
    """Rows as texts with `line` (from 1) and `error` for a record with a wrong number of fields."""
    try:
        text = path.read_bytes().decode(encoding)
    except UnicodeDecodeError as error:
        raise BrokenFileError(str(error)) from None
    header = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    bad: list[tuple[int, str]] = []

    def note(row: pa_csv.InvalidRow) -> str:
        bad.append((row.number - 1, row.text))
        return "skip"

    rows = pa_csv.read_csv(
        io.BytesIO(text.encode()),
        read_options=pa_csv.ReadOptions(use_threads=False),
        parse_options=pa_csv.ParseOptions(delimiter=delimiter, newlines_in_values=True, invalid_row_handler=note),
        convert_options=pa_csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False
        ),
    )
    wrong = {number for number, _ in bad}
    lines = [number for number in range(1, rows.num_rows + len(bad) + 1) if number not in wrong]
    rows = rows.append_column("line", pa.array(lines, pa.int64()))
    if bad:
        numbers, texts = zip(*bad, strict=True)
        rejected = pa.table({"line": pa.array(numbers, pa.int64()), "error": pa.array(texts, pa.string())})
        rows = pa.concat_tables([rows, rejected], promote_options="default")
    return rows


def workbook(path: Path) -> pa.Table:
    """Rows under the header, which is the second row: the first is a title."""
    rows = fastexcel.read_excel(path).load_sheet(0, header_row=1, dtypes="string").to_arrow()
    table = pa.Table.from_batches([rows]).cast(pa.schema([(name, pa.string()) for name in rows.schema.names]))
    return table.append_column("line", pa.array(range(1, table.num_rows + 1), pa.int64()))


def document(path: Path) -> pa.Table:
    """One row per child of the root, one column per element name."""
    records = [{child.tag: child.text for child in record} for record in etree.parse(path).getroot()]
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {name: pa.array([record.get(name) for record in records], pa.string()) for name in names}
    return pa.table({**columns, "line": pa.array(range(1, len(records) + 1), pa.int64())})
