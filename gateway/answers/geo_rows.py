"""Rows with points, for programs that draw maps: GeoParquet 1.1 and FlatGeobuf.

The engine writes each point as well-known binary. A row without both coordinates has no geometry.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from gateway.answers.arrow_rows import ParquetWriter
from gateway.answers.fields import Field
from gateway.view.types import Family
from gateway.view.view import LATITUDE, LONGITUDE

if TYPE_CHECKING:
    import pyarrow as pa

_EXACT_DIGITS = 15  # of a decimal that a double keeps; FlatGeobuf has no decimals
_MAGIC = 8  # bytes before the length of a FlatGeobuf header, which is a little-endian 32-bit number


def geometry_name(fields: Sequence[Field]) -> str:
    """The name of the column of points: `geometry`, with underscores behind it where a column has that name."""
    name, taken = "geometry", {field.name for field in fields}
    while name in taken:
        name += "_"
    return name


def geo_parquet_outputs(fields: Sequence[Field]) -> list[exp.Expr]:
    """All columns as they are, and the points."""
    return [*(_named(field.ref, field.name) for field in fields), _named(_point(fields), geometry_name(fields))]


def flat_geobuf_outputs(fields: Sequence[Field]) -> list[exp.Expr]:
    """The columns in the types of the format, and the points in place of longitude and latitude."""
    kept = [field for field in fields if field.name not in (LONGITUDE, LATITUDE)]
    return [*(_named(_plain(field), field.name) for field in kept), _named(_point(fields), geometry_name(fields))]


class GeoParquetWriter(ParquetWriter):
    """A Parquet file that says which column holds points. Without a word on it they are WGS84, longitude first."""

    def __init__(self, fields: Sequence[Field]) -> None:
        name = geometry_name(fields)
        column = {"encoding": "WKB", "geometry_types": ["Point"]}
        said = {"version": "1.1.0", "primary_column": name, "columns": {name: column}}
        super().__init__({"geo": json.dumps(said)})


class FlatGeobufWriter:
    """A FlatGeobuf file without index, as GDAL writes it.

    Each batch is written as a file of its own, of which the features alone are kept: in this format they stand end to
    end after the header. The header is that of no features, which means that their number is not told.
    """

    def __init__(self, fields: Sequence[Field]) -> None:
        self._geometry = geometry_name(fields)
        self._begun = False

    def write(self, rows: pa.RecordBatch) -> bytes:
        """The features of some rows, after the header the first time."""
        header = b"" if self._begun else self._file(rows.slice(0, 0))
        self._begun = True
        return header + (self._features(self._file(rows)) if rows.num_rows else b"")

    def close(self) -> bytes:
        """Nothing stands at the end."""
        return b""

    def _file(self, rows: pa.RecordBatch) -> bytes:
        import pyarrow as pa
        import pyogrio

        file = io.BytesIO()
        pyogrio.write_arrow(
            pa.RecordBatchReader.from_batches(rows.schema, [rows]),
            file,
            driver="FlatGeobuf",
            geometry_name=self._geometry,
            geometry_type="Point",
            crs="EPSG:4326",
            layer="rows",
            SPATIAL_INDEX="NO",
        )
        return file.getvalue()

    @staticmethod
    def _features(file: bytes) -> bytes:
        header = _MAGIC + 4 + int.from_bytes(file[_MAGIC : _MAGIC + 4], "little")
        return file[header:]


def _named(value: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(value, name, quoted=True)


def _point(fields: Sequence[Field]) -> exp.Expr:
    by_name = {field.name: field for field in fields}
    sides = [exp.cast(by_name[name].ref, "DOUBLE", dialect="duckdb") for name in (LONGITUDE, LATITUDE)]
    finite = [exp.Anonymous(this="isfinite", expressions=[side.copy()]) for side in sides]
    lon, lat = (exp.cast(side, "TEXT", dialect="duckdb") for side in sides)
    parts = [exp.Literal.string("POINT("), lon, exp.Literal.string(" "), lat, exp.Literal.string(")")]
    text = exp.Concat(expressions=parts, safe=False, coalesce=False)
    point = exp.Anonymous(this="st_aswkb", expressions=[exp.cast(text, "GEOMETRY", dialect="duckdb")])
    return exp.Case(ifs=[exp.If(this=exp.and_(*finite), true=point)])


def _plain(field: Field) -> exp.Expr:
    """A value in a type that FlatGeobuf has. A date is a midnight there; what it could not tell exactly is text."""
    family = field.kind.family
    if family is Family.NESTED:
        return exp.cast(exp.Anonymous(this="to_json", expressions=[field.ref]), "TEXT", dialect="duckdb")
    if family is Family.TIME or (family is Family.DECIMAL and field.kind.precision > _EXACT_DIGITS):
        return exp.cast(field.ref, "TEXT", dialect="duckdb")
    if family is Family.DECIMAL:
        return exp.cast(field.ref, "DOUBLE", dialect="duckdb")
    return field.ref
