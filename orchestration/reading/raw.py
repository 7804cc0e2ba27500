"""Landed objects as one relation of raw text per table and variant, whatever their format."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.contract.model import Table
from catalog.contract.options import (
    CsvFormat,
    Format,
    GeoJsonFormat,
    JsonFormat,
    Limits,
    ParquetFormat,
    ShapefileFormat,
    XlsxFormat,
    XmlFormat,
)
from orchestration.reading.columnar import read_columnar
from orchestration.reading.delimited import read_delimited
from orchestration.reading.documents import lines_relation, lines_schema, pages_relation, read_lines
from orchestration.reading.header import Layout, delivered_names
from orchestration.reading.markup import read_markup
from orchestration.reading.prepare import prepare
from orchestration.reading.shapes import read_shapefile
from orchestration.reading.sheets import read_workbook
from orchestration.reading.source import Findings, Piece, Source, Target, arrow_schema, counted

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

STREAM = "_stream"


def open_source(
    con: duckdb.DuckDBPyConnection, table: Table, form: Format, pieces: list[Piece], *, limits: Limits, scratch: Path
) -> Source:
    """The records of `pieces`, all of the same table and format, as one relation that can be read once.

    What cannot be read becomes findings, never an exception: they are complete when the relation has been read.
    """
    findings = Findings()
    files = prepare(pieces, form, limits, scratch, findings)
    readable = [piece for piece in pieces if piece.number in files]
    if isinstance(form, JsonFormat | GeoJsonFormat):
        findings.layouts.append(_document_layout(table))
        return Source(pages_relation(con, form, table, files, findings), findings)
    if form.kind == "ndjson":
        findings.layouts.append(_document_layout(table))
        _register(con, lines_schema(), _lines(table, readable, files, findings))
        return Source(lines_relation(table, STREAM), findings)
    batches = (
        batch
        for piece in readable
        for batch in _batches(files[piece.number], form, Target(table, piece, findings), limits)
    )
    _register(con, arrow_schema(table), batches)
    return Source(f"(SELECT *, NULL::VARCHAR AS _shape FROM {STREAM})", findings)


def _register(con: duckdb.DuckDBPyConnection, schema: pa.Schema, batches: Iterator[pa.RecordBatch]) -> None:
    import pyarrow as pa

    con.register(STREAM, pa.RecordBatchReader.from_batches(schema, batches))


def _batches(
    path: Path,
    form: CsvFormat | XlsxFormat | XmlFormat | ParquetFormat | ShapefileFormat,
    target: Target,
    limits: Limits,
) -> Iterator[pa.RecordBatch]:
    if isinstance(form, CsvFormat):
        batches = read_delimited(path, form, target)
    elif isinstance(form, ParquetFormat):
        batches = read_columnar(path, form, target, limits)
    elif isinstance(form, ShapefileFormat):
        batches = read_shapefile(path, form, target)
    elif isinstance(form, XlsxFormat):
        batches = read_workbook(path, form, target)
    else:
        batches = read_markup(path, form, target)
    return counted(batches, target)


def _lines(table: Table, pieces: list[Piece], files: dict[int, Path], findings: Findings) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    for piece in pieces:
        target = Target(table, piece, findings)
        try:
            yield from counted(read_lines(files[piece.number], piece), target)
        except pa.ArrowInvalid as error:
            target.fault(f"B1: the file is no NDJSON ({str(error).splitlines()[0]})")


def _document_layout(table: Table) -> Layout:
    """Documents carry their names in every record; the first delivered name stands for the column."""
    names = tuple(delivered_names(column)[0] for column in table.properties)
    return Layout(tuple(range(len(names))), names, (), (), ())
