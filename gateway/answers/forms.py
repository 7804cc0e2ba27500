"""The formats of an answer: each is one object that gives its media type, its sentence, and how rows become bytes.

Doors, content negotiation, the OpenAPI document and the documentation all read this one table.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from sqlglot import exp

from gateway.answers import csv_rows, json_lines, json_rows, sheet
from gateway.answers.arrow_rows import ParquetWriter, StreamWriter
from gateway.answers.fields import Field
from gateway.answers.geo_rows import FlatGeobufWriter, GeoParquetWriter, flat_geobuf_outputs, geo_parquet_outputs
from gateway.answers.text_rows import TextWriter
from gateway.view.types import Family
from gateway.view.view import LATITUDE, LONGITUDE

if TYPE_CHECKING:
    import pyarrow as pa

_NUMBERS = (Family.INTEGER, Family.DECIMAL, Family.FLOAT)


class Writer(Protocol):
    """Turns what the engine gives into bytes, piece by piece. At least one batch is written, if only an empty one."""

    def write(self, rows: pa.RecordBatch) -> bytes:
        """The bytes of some rows."""
        ...

    def close(self) -> bytes:
        """The bytes that end the answer."""
        ...


@dataclass(frozen=True)
class Form:
    """One format.

    `outputs` are the columns the engine must give, over the answer's fields; `writer` makes their rows bytes, with a
    byte order mark if asked. Without writer an answer is a page put together from values, else it is everything unless
    `limit` says otherwise. `packed` bytes are sent as they are; `most` rows fit in; what is `placed` needs coordinates.
    """

    name: str
    media_type: str
    sentence: str
    outputs: Callable[[Sequence[Field]], list[exp.Expr]]
    writer: Callable[[Sequence[Field], bool], Writer] | None = None
    packed: bool = False
    most: int | None = None
    placed: bool = False

    @property
    def essence(self) -> str:
        """The media type without parameters."""
        return self.media_type.partition(";")[0]

    def fits(self, fields: Sequence[Field]) -> bool:
        """Whether these columns can be written so."""
        numbers = {field.name for field in fields if field.kind.family in _NUMBERS}
        return not self.placed or {LONGITUDE, LATITUDE} <= numbers


def _values(fields: Sequence[Field]) -> list[exp.Expr]:
    return [exp.alias_(field.ref, field.name, quoted=True) for field in fields]


def _ended(line: exp.Expr) -> exp.Expr:
    """A text with a line end."""
    end = exp.Chr(expressions=[exp.Literal.number(10)])
    return exp.Concat(expressions=[line, end], safe=False, coalesce=False)


def _feature(fields: Sequence[Field]) -> list[exp.Expr]:
    by_name = {field.name: field for field in fields}
    feature = json_lines.feature(fields, (by_name[LONGITUDE], by_name[LATITUDE]))
    return [exp.Concat(expressions=[exp.Literal.string(","), feature], safe=False, coalesce=False)]


FORMS: dict[str, Form] = {
    form.name: form
    for form in (
        Form(
            "json",
            json_rows.MEDIA_TYPE,
            "One document, a page at a time.",
            lambda fields: [field.ref for field in fields],
        ),
        Form(
            "csv",
            csv_rows.MEDIA_TYPE,
            "RFC 4180, UTF-8; `bom=true` puts a byte order mark.",
            lambda fields: [csv_rows.line(fields)],
            lambda fields, bom: TextWriter(csv_rows.header(fields, bom=bom)),
        ),
        Form(
            "sheet.csv",
            csv_rows.MEDIA_TYPE,
            "CSV for spreadsheet programs: a byte order mark, and an apostrophe before what they take for a formula.",
            lambda fields: [csv_rows.line(fields, guarded=True)],
            lambda fields, _bom: TextWriter(csv_rows.header(fields, bom=True)),
        ),
        Form(
            "ndjson",
            "application/x-ndjson",
            "One JSON object a line.",
            lambda fields: [_ended(json_lines.line(fields))],
            lambda _fields, _bom: TextWriter(b""),
        ),
        Form(
            "geojson",
            "application/geo+json",
            "RFC 7946, a point from the columns lon and lat; only where both are seen.",
            _feature,
            lambda _fields, _bom: TextWriter(b'{"type":"FeatureCollection","features":[', between=b",", end=b"]}"),
            placed=True,
        ),
        Form(
            "xlsx",
            sheet.MEDIA_TYPE,
            "A spreadsheet of at most 1,048,575 rows; exact numbers beyond 15 digits, dates and times are text.",
            lambda fields: [sheet.row(fields)],
            lambda fields, _bom: sheet.SheetWriter(fields),
            packed=True,
            most=sheet.MOST_ROWS,
        ),
        Form(
            "parquet",
            "application/vnd.apache.parquet",
            "A Parquet file, with the types of the columns.",
            _values,
            lambda _fields, _bom: ParquetWriter(),
            packed=True,
        ),
        Form(
            "geo.parquet",
            "application/vnd.apache.parquet",
            "GeoParquet: Parquet with the points of lon and lat in a column `geometry`; only where both are seen.",
            geo_parquet_outputs,
            lambda fields, _bom: GeoParquetWriter(fields),
            packed=True,
            placed=True,
        ),
        Form(
            "fgb",
            "application/flatgeobuf",
            "FlatGeobuf, points without index; dates are midnights, decimals of more than 15 digits are text.",
            flat_geobuf_outputs,
            lambda fields, _bom: FlatGeobufWriter(fields),
            packed=True,
            placed=True,
        ),
        Form(
            "arrow",
            "application/vnd.apache.arrow.stream",
            "An Arrow IPC stream, with the types of the columns.",
            _values,
            lambda _fields, _bom: StreamWriter(),
        ),
    )
}


def forms_of(fields: Sequence[Field]) -> tuple[Form, ...]:
    """The formats an answer with these columns can have, the preferred one first."""
    return tuple(form for form in FORMS.values() if form.fits(fields))
