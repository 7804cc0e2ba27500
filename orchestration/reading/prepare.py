"""Landed bytes made readable: unpacked within limits and, for text formats, proven to be in their encoding."""

from __future__ import annotations

from pathlib import Path

from catalog.contract.options import CsvFormat, Format, GeoJsonFormat, JsonFormat, Limits, NdjsonFormat
from orchestration.connectors.unpack import UnpackError, unpack_parts, unpack_to
from orchestration.reading.decode import UndecodableError, as_utf8
from orchestration.reading.source import Findings, Piece

# Suffixes of the parts that are read of a Shapefile, and whether they must be there.
SHAPEFILE_PARTS = {".shp": True, ".dbf": True, ".prj": False, ".cpg": False}


def prepare(pieces: list[Piece], form: Format, limits: Limits, scratch: Path, findings: Findings) -> dict[int, Path]:
    """A local file for each piece number, in UTF-8 for text formats; a piece that has none has a fault instead.

    Formats of several files get a folder.
    Files are the landed objects themselves where that is possible, else files in `scratch` that outlive the call.
    """
    files: dict[int, Path] = {}
    for piece in pieces:
        try:
            files[piece.number] = _prepared(piece, form, limits, scratch)
        except UndecodableError as error:
            findings.faults[piece.number] = str(error)
        except UnpackError as error:
            findings.faults[piece.number] = f"B1: {error}"
    return files


def _prepared(piece: Piece, form: Format, limits: Limits, scratch: Path) -> Path:
    path = piece.path
    if isinstance(form, CsvFormat | JsonFormat | GeoJsonFormat | NdjsonFormat) and form.compression != "none":
        path = scratch / f"{piece.receipt.object_id}.unpacked"
        if not path.exists():
            unpack_to(piece.path, form.compression, limits, path)
    if form.kind == "shapefile":
        return unpack_parts(piece.path, SHAPEFILE_PARTS, limits, scratch / f"{piece.receipt.object_id}.shapefile")
    if form.kind == "csv":
        return as_utf8(path, form.encoding, scratch / f"{piece.receipt.object_id}.{form.encoding}.utf8")
    if form.kind in ("json", "geojson", "ndjson"):
        return as_utf8(path, "utf-8", path)
    return path
