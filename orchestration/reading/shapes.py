"""Shapefiles as Arrow text columns: points and their attributes, read by fixed width, text decoded strictly.

Attributes are handed over as the characters that stand in the file, which a library for geodata would turn into
numbers and replacement characters. Besides the fields of the DBF there are four: `@x` and `@y` (of a point, or of the
middle of another shape's box), `@geometry` (the kind of shape) and `@crs` (the text of the .prj file).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.contract.model import Table
from catalog.contract.options import ShapefileFormat
from orchestration.reading.decode import REPLACEMENT
from orchestration.reading.header import delivered_names, resolve
from orchestration.reading.source import Target, error_batch, row_batch

if TYPE_CHECKING:
    import pyarrow as pa

GEOMETRY = ("@x", "@y", "@geometry", "@crs")
NAME_BYTES = 10  # what a DBF keeps of a field's name
FIELD_BYTES, HEAD_BYTES, SHAPE_HEAD = 32, 32, 100
BLOCK_RECORDS = 20_000
LINE = b"\n"
POINTS = {1: "Point", 11: "PointZ", 21: "PointM"}
SHAPES = {3: "PolyLine", 5: "Polygon", 8: "MultiPoint", 13: "PolyLineZ", 15: "PolygonZ", 18: "MultiPointZ"}
CODE_PAGES = {"utf-8": "utf-8", "utf8": "utf-8", "65001": "utf-8", "gbk": "gb18030", "gb2312": "gb18030"}


class BrokenShapefileError(ValueError):
    """Parts of a Shapefile that are damaged or do not fit each other."""


@dataclass(frozen=True)
class _Field:
    name: str
    start: int
    stop: int


@dataclass(frozen=True)
class _Attributes:
    """The DBF: its fields by their place in a record (byte 0 marks deleted ones), and where the records lie."""

    fields: tuple[_Field, ...]
    records: int
    width: int
    body: pa.Buffer


def read_shapefile(folder: Path, form: ShapefileFormat, target: Target) -> Iterator[pa.RecordBatch]:
    """Batches of the features of the one Shapefile in `folder`; damage is a fault of the piece.

    A record whose text is not in the encoding is an unreadable record; one marked as deleted is left out.
    """
    import pyarrow as pa

    try:
        encoding = _encoding(folder, form)
        attributes = _attributes(folder, encoding, target.table)
        shapes = _shapes(folder, attributes.records)
    except (BrokenShapefileError, OSError, struct.error, UnicodeDecodeError) as error:
        target.fault(f"B1: the Shapefile cannot be read ({error})")
        return
    layout = resolve([*(field.name for field in attributes.fields), *GEOMETRY], target.table)
    if not target.admit(layout):
        return
    crs = _text_of(folder, ".prj")
    for start in range(0, attributes.records, BLOCK_RECORDS):
        size = min(BLOCK_RECORDS, attributes.records - start)
        block = _fixed(attributes.body, start * attributes.width, size, attributes.width)
        wanted = [at for at in layout.positions if at is not None and at < len(attributes.fields)]
        texts, bad = _texts(block, [attributes.fields[at] for at in wanted], encoding)
        lines = pa.arange(start + 1, start + size + 1)
        geometry = [column.slice(start, size) for column in shapes] + [pa.repeat(pa.scalar(crs, pa.string()), size)]
        found = dict(zip(wanted, texts, strict=True)) | dict(enumerate(geometry, start=len(attributes.fields)))
        whole = row_batch(target, layout, [None if at is None else found[at] for at in layout.positions], lines)
        yield whole.filter(_kept(block, bad))
        if bad:
            raw = [block[row].as_py().decode(encoding, errors="backslashreplace") for row in bad]
            message = f"B2: the record is not {encoding}"
            yield error_batch(target, [(start + row + 1, message, text) for row, text in zip(bad, raw, strict=True)])


def _encoding(folder: Path, form: ShapefileFormat) -> str:
    """The declared encoding, unless the .cpg file names another that is known."""
    named = (_text_of(folder, ".cpg") or "").strip().casefold()
    return CODE_PAGES.get(named, form.encoding)


def _text_of(folder: Path, suffix: str) -> str | None:
    file = next(folder.glob(f"*{suffix}"), None)
    return file.read_bytes().decode("ascii", errors="replace").strip() or None if file else None


def _mapped(folder: Path, suffix: str) -> pa.Buffer:
    import pyarrow as pa

    return pa.memory_map(str(next(folder.glob(f"*{suffix}")))).read_buffer()


def _attributes(folder: Path, encoding: str, table: Table) -> _Attributes:
    body = _mapped(folder, ".dbf")
    records, head, width = struct.unpack_from("<IHH", body, 4)
    if body.size < head + records * width or width == 0:
        raise BrokenShapefileError(f"the DBF holds less than its {records} records")
    known = {
        name.encode(encoding, errors="replace")[:NAME_BYTES]: name
        for column in table.properties
        for name in reversed(delivered_names(column))
    }
    fields, start = list[_Field](), 1
    for at in range(HEAD_BYTES, head - 1, FIELD_BYTES):
        if body[at : at + 1].to_pybytes() == b"\r":
            break
        short, length = body[at : at + 11].to_pybytes().split(b"\0")[0][:NAME_BYTES], body[at + 16]
        # A name is cut after ten bytes, which may be within a character: what is left of that tells nothing.
        name = known.get(short) or short.decode(encoding, errors="ignore")
        fields.append(_Field(name, start, start + length))
        start += length
    if start > width:
        raise BrokenShapefileError("the fields of the DBF are longer than its records")
    return _Attributes(tuple(fields), records, width, body.slice(head, records * width))


def _shapes(folder: Path, records: int) -> list[pa.Array]:
    """Texts of x and y and the kind of each shape."""
    import pyarrow as pa

    body = _mapped(folder, ".shp")
    (kind,) = struct.unpack_from("<i", body, 32)
    stride = (body.size - SHAPE_HEAD) // records if records else 0
    if kind in POINTS and stride >= 28 and stride * records == body.size - SHAPE_HEAD:
        block = _fixed(body.slice(SHAPE_HEAD), 0, records, stride)
        lengths = set(_column(block, 4, 8).cast(pa.binary()).unique().to_pylist())
        if lengths == {struct.pack(">i", (stride - 8) // 2)}:
            x, y = (_column(block, at, at + 8).view(pa.float64()).cast(pa.string()) for at in (12, 20))
            return [x, y, pa.repeat(pa.scalar(POINTS[kind], pa.string()), records)]
    found = list(_one_by_one(body, records))
    return [pa.array([shape[place] for shape in found], pa.string()) for place in range(3)]


def _one_by_one(body: pa.Buffer, records: int) -> Iterator[tuple[str | None, str | None, str]]:
    """Shapes of different lengths: lines, areas, and points of which some are missing."""
    at = SHAPE_HEAD
    for _ in range(records):
        (words,) = struct.unpack_from(">i", body, at + 4)
        (kind,) = struct.unpack_from("<i", body, at + 8)
        if kind in POINTS:
            x, y = struct.unpack_from("<dd", body, at + 12)
            yield repr(x), repr(y), POINTS[kind]
        elif kind in SHAPES:
            west, south, east, north = struct.unpack_from("<4d", body, at + 12)
            yield repr((west + east) / 2), repr((south + north) / 2), SHAPES[kind]
        else:
            yield None, None, "Null"
        if words < 2:
            raise BrokenShapefileError("a shape has no length")
        at += 8 + 2 * words


def _fixed(body: pa.Buffer, offset: int, size: int, width: int) -> pa.Array:
    import pyarrow as pa

    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(width), size, [None, body.slice(offset, size * width)])


def _column(block: pa.Array, start: int, stop: int) -> pa.Array:
    """The bytes from `start` to `stop` of every record, as fixed-size binary."""
    import pyarrow as pa
    from pyarrow import compute as pc

    return pc.binary_slice(block, start, stop).cast(pa.binary(stop - start))


def _texts(block: pa.Array, fields: Sequence[_Field], encoding: str) -> tuple[list[pa.Array], list[int]]:
    """The texts of the fields, and the records in which one of them is not in the encoding."""
    import pyarrow as pa

    columns, bad = list[pa.Array](), set[int]()
    for field in fields:
        column = _column(block, field.start, field.stop)
        try:
            found: list[str | None] = list(_decoded(column, encoding))
        except UnicodeDecodeError:
            found = [_one(value, encoding) for value in column.to_pylist()]
            bad.update(row for row, text in enumerate(found) if text is None)
        columns.append(pa.array(found, pa.string()))
    return columns, sorted(bad)


def _decoded(column: pa.Array, encoding: str) -> list[str]:
    """All values at once: joined by line feeds, which are part of no character of these encodings."""
    import pyarrow as pa
    from pyarrow import compute as pc

    joined = pc.binary_join_element_wise(column.cast(pa.binary()), LINE, b"").buffers()[2]
    texts = str(joined.to_pybytes(), encoding).split("\n")[:-1]
    if len(texts) != len(column) or any(REPLACEMENT in text for text in texts):
        raise UnicodeDecodeError(encoding, b"", 0, 1, "a line feed or U+FFFD within a value")
    return [text.strip(" \0") for text in texts]


def _one(value: bytes, encoding: str) -> str | None:
    try:
        text = value.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if REPLACEMENT in text else text.strip(" \0")


def _kept(block: pa.Array, bad: Sequence[int]) -> pa.Array:
    """Mask of the records that are neither marked as deleted nor unreadable."""
    import pyarrow as pa
    from pyarrow import compute as pc

    live = pc.not_equal(_column(block, 0, 1).cast(pa.binary()), b"*")
    if not bad:
        return live
    return pc.and_(live, pc.invert(pc.is_in(pa.arange(0, len(block)), value_set=pa.array(bad, pa.int64()))))
