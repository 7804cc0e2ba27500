"""JSON pages and NDJSON as relations of raw text: numbers keep the digits they were delivered with."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.contract.model import Table
from catalog.contract.options import GeoJsonFormat, JsonFormat
from expectations.sql import identifier, literal
from orchestration.reading.header import delivered_names
from orchestration.reading.source import Findings, Piece

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

LINE_BLOCK_BYTES = 32 << 20
PAGE_BATCH_BYTES = 4 << 20
DOCUMENTS_AT_ONCE = 4096
PAGES, DOCUMENTS = "_pages", "_documents"

# A number whose text the JSON parser would change: with an exponent, with a needless zero at its end, or with more
# digits than a double holds. Only documents that seem to have one are rewritten.
FRAGILE = r"[:,\[]\s*-?[0-9]+(\.[0-9]+0|(\.[0-9]+)?[eE][-+]?[0-9]+|\.[0-9]{14,}|[0-9]{13,}\.[0-9]+)\s*[,}\]]"
# A string is kept, a number is put between two marks; no valid document holds the mark, a control character.
TOKENS = r'("(?:[^"\\]|\\.)*")|(-?[0-9][-+.0-9eE]*)'
MARK = "chr(1)"

CRS = "CASE WHEN json_valid(content) THEN content ->> '$.crs.properties.name' END"
# A feature as a flat document: its properties, and beside them what is known of its geometry.
FEATURE = (
    "CASE WHEN json_type(_document, '$.properties') = 'OBJECT' THEN json_merge_patch(_document -> '$.properties', "
    "json_object('@x', _document -> '$.geometry.coordinates[0]', '@y', _document -> '$.geometry.coordinates[1]', "
    "'@geometry', _document ->> '$.geometry.type', '@crs', _crs))::VARCHAR ELSE _document END"
)


def exact_numbers(document: str) -> str:
    """Expression: `document` with its fragile numbers turned into strings of the same characters."""
    marked = f"regexp_replace({document}, {literal(TOKENS)}, '\\1' || {MARK} || '\\2' || {MARK}, 'g')"
    quoted = f"replace(replace({marked}, {MARK} || {MARK}, ''), {MARK}, '\"')"
    return f"CASE WHEN regexp_matches({document}, {literal(FRAGILE)}) THEN {quoted} ELSE {document} END"


def pages_relation(
    con: duckdb.DuckDBPyConnection,
    form: JsonFormat | GeoJsonFormat,
    table: Table,
    files: Mapping[int, Path],
    findings: Findings,
) -> str:
    """Relation of the records of JSON pages; a page that is no JSON or lacks the array becomes a fault of its piece.

    Pages come to the engine a few at a time, and as documents once more in batches: it shares batches among its
    threads, but reads the rows of few large values in one.
    """
    import pyarrow as pa

    con.register(PAGES, pa.RecordBatchReader.from_batches(_page_schema(), _pages(files)))
    con.register(DOCUMENTS, con.execute(_documents_sql(form)).to_arrow_table(DOCUMENTS_AT_ONCE))
    con.unregister(PAGES)
    for number, kind, size in con.execute(f"SELECT DISTINCT _piece, _kind, _size FROM {DOCUMENTS}").fetchall():
        if kind is None:
            findings.faults[number] = "B1: the page is not JSON"
        elif kind != "ARRAY":
            findings.faults[number] = f"B3: the page has no array at `{_items(form) or '(document)'}`"
        else:
            findings.counts[number] = int(size)
    return _fields(table, f"(SELECT * FROM {DOCUMENTS} WHERE _size > 0)")


def _documents_sql(form: JsonFormat | GeoJsonFormat) -> str:
    """A SELECT of every document of `_pages`; a page without any has one row, whose `_size` is 0 or NULL."""
    steps = [step for step in _items(form).split(".") if step]
    at = literal("$" + "".join(f".{identifier(step)}" for step in steps))
    structure: object = ["JSON"]
    for step in reversed(steps):
        structure = {step: structure}
    shaped = f"json_transform({exact_numbers('content')}, {literal(json.dumps(structure, ensure_ascii=False))})"
    items = "".join([shaped, *(f".{identifier(step)}" for step in steps)])
    documents = (
        "SELECT _piece, _kind, _size, _crs, generate_subscripts(_items, 1) AS _line, "
        "coalesce(unnest(_items)::VARCHAR, 'null') AS _document FROM ("
        f"SELECT _piece, _size, {CRS} AS _crs, CASE WHEN _size > 0 THEN {items} ELSE [NULL::JSON] END AS _items, "
        f"CASE WHEN _size > 0 THEN 'ARRAY' WHEN json_valid(content) THEN coalesce(json_type(content, {at}), '') END "
        f"AS _kind FROM (SELECT *, CASE WHEN json_valid(content) THEN json_array_length(content, {at}) END AS _size "
        f"FROM {PAGES}))"
    )
    return f"SELECT * REPLACE ({FEATURE} AS _document) FROM ({documents})" if form.kind == "geojson" else documents


def _items(form: JsonFormat | GeoJsonFormat) -> str:
    return "features" if isinstance(form, GeoJsonFormat) else form.items


def _page_schema() -> pa.Schema:
    import pyarrow as pa

    return pa.schema([("_piece", pa.int32()), ("content", pa.string())])


def _pages(files: Mapping[int, Path]) -> Iterator[pa.RecordBatch]:
    """The files, whole, in batches of about PAGE_BATCH_BYTES."""

    numbers, texts, size = list[int](), list[bytes](), 0
    for number, path in files.items():
        numbers.append(number)
        texts.append(path.read_bytes())
        size += len(texts[-1])
        if size >= PAGE_BATCH_BYTES:
            yield _page_batch(numbers, texts)
            numbers, texts, size = [], [], 0
    if numbers:
        yield _page_batch(numbers, texts)


def _page_batch(numbers: list[int], texts: list[bytes]) -> pa.RecordBatch:
    import pyarrow as pa

    content = pa.array(texts, pa.binary()).cast(pa.string())
    return pa.RecordBatch.from_arrays([pa.array(numbers, pa.int32()), content], schema=_page_schema())


def read_lines(path: Path, piece: Piece) -> Iterator[pa.RecordBatch]:
    """The lines of an NDJSON file as text (columns `_piece`, `_line`, `_document`), blank lines left out."""
    import pyarrow as pa
    from pyarrow import compute as pc
    from pyarrow import csv as pa_csv

    if path.stat().st_size == 0:
        return
    reader = pa_csv.open_csv(
        path,
        read_options=pa_csv.ReadOptions(use_threads=False, block_size=LINE_BLOCK_BYTES, column_names=["line"]),
        parse_options=pa_csv.ParseOptions(delimiter="\x1f", quote_char=False, ignore_empty_lines=False),
        convert_options=pa_csv.ConvertOptions(column_types={"line": pa.string()}, strings_can_be_null=False),
    )
    start = 1
    for batch in reader:
        lines = pa.arange(start, start + batch.num_rows)
        start += batch.num_rows
        pieces = pa.repeat(pa.scalar(piece.number, pa.int32()), batch.num_rows)
        whole = pa.RecordBatch.from_arrays([pieces, lines, batch.column(0)], schema=lines_schema())
        yield whole.filter(pc.not_equal(pc.utf8_trim_whitespace(batch.column(0)), ""))


def lines_schema() -> pa.Schema:
    """Schema of the batches of `read_lines`."""
    import pyarrow as pa

    return pa.schema([("_piece", pa.int32()), ("_line", pa.int64()), ("_document", pa.string())])


def lines_relation(table: Table, lines: str) -> str:
    """Relation of the records of NDJSON lines; a line that is no JSON object is an unreadable record."""
    return _fields(
        table,
        f"(SELECT _piece, _line, CASE WHEN json_valid(_document) THEN {exact_numbers('_document')} "
        f"ELSE _document END AS _document FROM {lines})",
    )


def _fields(table: Table, documents: str) -> str:
    """Each document taken apart, in one look at it; the relation also has `_shape`, its keys as JSON."""
    names = [delivered_names(column) for column in table.properties]
    flat = [name for group in names for name in group]
    paths = ", ".join(literal(f"$.{identifier(name)}") for name in flat)
    # The engine may look at the parts of an AND in any order, and asking for the type of what is no JSON is an error.
    readable = "CASE WHEN json_valid(_document) THEN json_type(_document) END = 'OBJECT'"
    columns, at = list[str](), 1
    for column, group in zip(table.properties, names, strict=True):
        parts = ", ".join(f"_values[{at + offset}]" for offset in range(len(group)))
        columns.append(
            f"coalesce({parts}) AS {identifier(column.name)}"
            if len(group) > 1
            else f"{parts} AS {identifier(column.name)}"
        )
        at += len(group)
    return (
        f"(SELECT _piece::INTEGER AS _piece, _line::BIGINT AS _line, "
        "CASE WHEN _values IS NULL THEN 'not a JSON object' END AS _error, "
        "CASE WHEN _values IS NULL THEN left(_document, 10000) END AS _text, 0::SMALLINT AS _layout, _shape, "
        f"{', '.join(columns)} FROM (SELECT _piece, _line, _document, "
        f"CASE WHEN {readable} THEN to_json(json_keys(_document))::VARCHAR END AS _shape, "
        f"CASE WHEN {readable} THEN json_extract_string(_document, [{paths}]) END AS _values FROM {documents}))"
    )
