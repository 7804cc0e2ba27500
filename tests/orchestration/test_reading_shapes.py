"""Shapefiles as GDAL writes them and as offices send them, and GeoJSON: text exact, points kept, damage named."""

from __future__ import annotations

import io
import json
import struct
import zipfile
from pathlib import Path

import duckdb
import pyarrow as pa
import pyogrio
import pytest

from catalog.contract.options import Limits
from orchestration.landing.records import Receipt
from orchestration.reading.raw import open_source
from orchestration.reading.source import Findings, Piece
from tests.orchestration.reading_city import DAY, column, contract, table

COLUMNS = [
    column("id", key=1, physicalName="部件标识码"),
    column("name", physicalName="部件ID类别名称"),  # the tenth byte lies within a character
    column("n", "DOUBLE", physicalName="N"),
    column("x", "DOUBLE", physicalName="@x"),
    column("y", "DOUBLE", physicalName="@y"),
    column("shape", physicalName="@geometry"),
    column("crs", physicalName="@crs"),
]
ROWS = [("3205080101000001", "上水井盖", 1.5, (122.75, 34.5)), ("3205080101000002", "镕树池", 2.25, (122.5, 34.25))]
WKT = 'GEOGCS["China Geodetic Coordinate System 2000"]'


def read(folder: Path, kind: str, *contents: bytes, **limits: int) -> tuple[list[tuple[object, ...]], Findings]:
    feed = contract(table("thing", COLUMNS, {"kind": kind}))
    pieces = []
    for number, content in enumerate(contents):
        path = folder / f"{number}.landed"
        path.write_bytes(content)
        receipt = Receipt(
            "feed", "thing", "data", 0, path.name, f"{number:064x}", len(content), "test:", None, DAY, "1.0.0"
        )  # type: ignore[arg-type]
        pieces.append(Piece(number, receipt, path))
    thing = feed.tables[0]
    with duckdb.connect() as con:
        form = thing.options.variants[0].format
        source = open_source(con, thing, form, pieces, limits=Limits(**limits), scratch=folder)
        query = f"SELECT _line, _error, id, name, n, x, y, shape, crs FROM {source.relation} ORDER BY _piece, _line"
        return con.execute(query).fetchall(), source.findings


def shapefile(
    folder: Path, geometries: list[bytes | None] | None = None, geometry_type: str = "Point"
) -> dict[str, bytes]:
    """The parts of a Shapefile that GDAL wrote, by suffix."""
    points = geometries or [struct.pack("<BIdd", 1, 1, *row[3]) for row in ROWS]
    ids, names, numbers, _ = zip(*ROWS, strict=True)
    rows = pa.table({"部件标识码": ids, "部件ID类别名称": names, "N": numbers, "wkb": pa.array(points, pa.binary())})
    folder.mkdir()
    pyogrio.write_arrow(
        rows,
        folder / "a.shp",
        driver="ESRI Shapefile",
        geometry_name="wkb",
        geometry_type=geometry_type,
        encoding="GBK",
    )
    return {file.suffix: file.read_bytes() for file in folder.iterdir()}


def zipped(parts: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for suffix, content in parts.items():
            archive.writestr(f"普查/部件{suffix}", content)
    return target.getvalue()


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning", "ignore:.*:UserWarning")
def test_what_gdal_wrote_is_read(tmp_path: Path) -> None:
    parts = shapefile(tmp_path / "written") | {".prj": WKT.encode()}
    rows, findings = read(tmp_path, "shapefile", zipped(parts))
    assert findings.faults == {}
    assert [row[:4] + row[5:] for row in rows] == [
        (1, None, "3205080101000001", "上水井盖", "122.75", "34.5", "Point", WKT),
        (2, None, "3205080101000002", "镕树池", "122.5", "34.25", "Point", WKT),
    ]
    assert [float(str(row[4])) for row in rows] == [1.5, 2.25]
    assert findings.counts == {0: 2}


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning", "ignore:.*:UserWarning")
def test_missing_points_areas_and_deleted_records(tmp_path: Path) -> None:
    some = shapefile(tmp_path / "some", [None, struct.pack("<BIdd", 1, 1, 1.0, 2.0)])
    ring = struct.pack("<BIII8d", 1, 3, 1, 4, 0, 0, 4, 0, 4, 2, 0, 0)
    areas = shapefile(tmp_path / "areas", [ring, ring], "Polygon")
    head = struct.unpack_from("<H", areas[".dbf"], 8)[0]
    areas[".dbf"] = areas[".dbf"][:head] + b"*" + areas[".dbf"][head + 1 :]
    rows, findings = read(tmp_path, "shapefile", zipped(some), zipped(areas))
    assert [(row[0], *row[5:8]) for row in rows] == [
        (1, None, None, "Null"),
        (2, "1.0", "2.0", "Point"),
        (2, "2.0", "1.0", "Polygon"),
    ]
    assert (findings.faults, findings.counts) == ({}, {0: 2, 1: 1})


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning", "ignore:.*:UserWarning")
def test_a_record_that_is_no_text_is_named_and_the_others_stay(tmp_path: Path) -> None:
    parts = shapefile(tmp_path / "written") | {".cpg": b"GBK"}
    parts[".dbf"] = parts[".dbf"].replace("上水".encode("gbk"), b"\xff\xff\xff\xff")
    rows, _ = read(tmp_path, "shapefile", zipped(parts))
    assert [row[:3] for row in rows] == [(1, "B2: the record is not gb18030", None), (2, None, "3205080101000002")]


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning", "ignore:.*:UserWarning")
def test_damaged_archives_are_held(tmp_path: Path) -> None:
    parts = shapefile(tmp_path / "written")
    short = parts | {".dbf": parts[".dbf"][:-30]}
    alone = {suffix: content for suffix, content in parts.items() if suffix != ".dbf"}
    cut = parts | {".shp": parts[".shp"][:120]}
    contents = [zipped(short), zipped(alone), zipped(cut), b"PK nothing"]
    rows, findings = read(tmp_path, "shapefile", *contents)
    assert rows == []
    assert [findings.faults[number].split(":")[0] for number in range(4)] == ["B1"] * 4
    _, findings = read(tmp_path, "shapefile", zipped(parts), max_unpacked_bytes=200)
    assert "unpacks to more than" in findings.faults[0]


def test_geojson_is_its_properties_and_its_points(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [122.75, 34.5, 7]}
    features = [
        {"type": "Feature", "properties": {"部件标识码": "1", "N": 1.5}, "geometry": point},
        {"type": "Feature", "properties": {"部件标识码": "2"}, "geometry": None},
        {"type": "Feature", "properties": None, "geometry": None},
    ]  # fmt: skip
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4490"}}
    page = {"type": "FeatureCollection", "crs": crs, "features": features}
    rows, findings = read(tmp_path, "geojson", json.dumps(page).encode(), b'{"type":"FeatureCollection"}')
    assert rows == [
        (1, None, "1", None, "1.5", "122.75", "34.5", "Point", "urn:ogc:def:crs:EPSG::4490"),
        (2, None, "2", None, None, None, None, None, "urn:ogc:def:crs:EPSG::4490"),
        (3, None, None, None, None, None, None, None, None),
    ]
    assert findings.faults == {1: "B3: the page has no array at `features`"}
