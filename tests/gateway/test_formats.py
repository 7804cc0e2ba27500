"""Every format says what JSON says, page by page and as a whole."""

from __future__ import annotations

import gzip
import io
import json
import math
import struct
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import fastexcel
import httpx
import pyarrow as pa
import pytest
from pyarrow import parquet
from pyogrio.raw import read as read_features

from gateway.answers.forms import FORMS
from tests.gateway.conftest import client_over, wait_for
from tests.gateway.facades.lamps import publish_lamps
from tests.gateway.facades.lamps import rows as rows_of_lamps
from tests.gateway.fake_release import TICKETS, publish, tickets
from tests.gateway.places import places, publish_places

VISIBLE = [name for name, (_, level) in TICKETS.items() if level == "L1"]
ADDRESS = "/v1/datasets/tickets/rows"
Rows = list[dict[str, Any]]


def read(form: str, body: bytes) -> Rows:
    """The rows of an answer, by readers that are not ours."""
    if form == "parquet":
        return list(parquet.read_table(io.BytesIO(body)).to_pylist())
    if form == "arrow":
        return list(pa.ipc.open_stream(body).read_all().to_pylist())
    if form == "ndjson":
        return [json.loads(line) for line in body.decode().splitlines()]
    raise AssertionError(form)


def same(told: Any, expected: Any) -> bool:
    if isinstance(expected, float):
        finite = math.isfinite(expected)
        return told == pytest.approx(expected) if finite else told is None or str(told) == str(expected)
    if isinstance(told, str) and isinstance(expected, (date, datetime)):
        return datetime.fromisoformat(told) == datetime.fromisoformat(expected.isoformat())
    return bool(told == expected or (isinstance(told, float) and float(expected) == told))


@pytest.mark.parametrize("form", ["parquet", "arrow", "ndjson"])
def test_a_whole_answer_holds_every_value_as_it_is_stored(client: httpx.Client, home: Path, form: str) -> None:
    answer = client.get(f"{ADDRESS}.{form}")
    assert answer.headers["Content-Type"] == FORMS[form].media_type
    assert answer.headers["CivicLake-Complete"] == "true"
    rows = read(form, answer.content)
    stored = tickets(home, 1, ", ".join(VISIBLE), "ORDER BY ticket_no")
    assert len(rows) == len(stored)
    for told, values in zip(rows, stored, strict=True):
        assert list(told) == VISIBLE
        for name, value in zip(VISIBLE, values, strict=True):
            assert same(told[name], value), (name, told[name], value)


@pytest.mark.parametrize("form", ["parquet", "arrow", "ndjson"])
def test_pages_put_together_are_the_whole(client: httpx.Client, form: str) -> None:
    whole = read(form, client.get(f"{ADDRESS}.{form}?order=-minutes").content)
    answer = client.get(f"{ADDRESS}.{form}?order=-minutes&limit=9")
    rows = read(form, answer.content)
    while "next" in answer.links:
        assert answer.headers["CivicLake-Complete"] == "false"
        answer = client.get(answer.links["next"]["url"])
        rows += read(form, answer.content)
    assert str(rows) == str(whole)


@pytest.mark.parametrize("form", [name for name, form in FORMS.items() if not form.placed])
@pytest.mark.parametrize("query", ["", "limit=5&"])
def test_an_answer_without_rows_can_be_read(client: httpx.Client, form: str, query: str) -> None:
    answer = client.get(f"{ADDRESS}.{form}?{query}minutes=99")
    assert (answer.status_code, answer.headers["CivicLake-Complete"]) == (200, "true")
    if form in ("parquet", "arrow", "ndjson"):
        assert read(form, answer.content) == []


def test_a_spreadsheet_holds_the_rows(client: httpx.Client, home: Path) -> None:
    body = client.get(f"{ADDRESS}.xlsx").content
    sheet = fastexcel.read_excel(body).load_sheet(0, dtypes="string").to_arrow()
    rows = pa.table(sheet).to_pylist()
    stored = tickets(home, 1, ", ".join(VISIBLE), "ORDER BY ticket_no")
    assert [name.strip() for name in rows[0]] == VISIBLE
    for told, values in zip(rows, stored, strict=True):
        expected = dict(zip(VISIBLE, values, strict=True))
        assert told["ticket_no"] == expected["ticket_no"]
        assert (told["note"] or None) == (expected["note"] or None) or "\r" in str(expected["note"])
        assert told["total"] == str(expected["total"])  # more digits than a spreadsheet's numbers have
        assert (told["fee"] and float(told["fee"])) == (expected["fee"] and float(expected["fee"]))


def test_a_spreadsheet_is_the_same_bytes_each_time(client: httpx.Client) -> None:
    assert client.get(f"{ADDRESS}.xlsx").content == client.get(f"{ADDRESS}.xlsx").content


def test_a_spreadsheet_is_never_cut(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=1_048_577)
    with client_over(tmp_path) as client:
        answer = client.get(f"{ADDRESS}.xlsx?select=ticket_no")
        assert (answer.status_code, answer.json()["code"]) == (400, "too-many-rows")


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    home: Path = tmp_path_factory.mktemp("places")
    publish_places(home, places(40))
    with client_over(home) as found:
        yield found


@pytest.mark.parametrize("query", ["", "?limit=7", "?id=9999"])
def test_geojson_is_points_with_properties(placed: httpx.Client, query: str) -> None:
    answer = placed.get(f"/v1/datasets/places/rows.geojson{query}")
    collection = answer.json()
    assert (answer.headers["Content-Type"], collection["type"]) == ("application/geo+json", "FeatureCollection")
    by_id = {row["id"]: row for row in places(40)}
    for feature in collection["features"]:
        row = by_id[feature["properties"]["id"]]
        known = all(row[n] is not None and math.isfinite(row[n]) for n in ("lon", "lat"))
        assert list(feature["properties"]) == ["id", "name", "street"]
        assert feature["properties"]["name"] == row["name"]
        expected = {"type": "Point", "coordinates": [row["lon"], row["lat"]]} if known else None
        assert feature["geometry"] == expected
    assert len(collection["features"]) == {"": 40, "?limit=7": 7, "?id=9999": 0}[query]


@pytest.mark.parametrize("form", [name for name, form in FORMS.items() if form.placed])
def test_points_need_coordinates(client: httpx.Client, placed: httpx.Client, form: str) -> None:
    assert client.get(f"{ADDRESS}.{form}").json()["code"] == "not-acceptable"
    answer = placed.get(f"/v1/datasets/places/rows.{form}?select=id,lon")
    assert answer.json()["code"] == "not-acceptable"


@pytest.mark.parametrize("query", ["", "?limit=7", "?id=9999"])
def test_geoparquet_is_parquet_with_points(placed: httpx.Client, tmp_path: Path, query: str) -> None:
    address = f"/v1/datasets/places/rows.geo.parquet{query}"
    found = parquet.read_table(io.BytesIO(placed.get(address).content))
    said = json.loads(found.schema.metadata[b"geo"])
    column = {"encoding": "WKB", "geometry_types": ["Point"]}
    assert said == {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    file = tmp_path / "places.parquet"
    file.write_bytes(placed.get(address).content)
    with duckdb.connect() as con:  # which reads what is said of the column
        assert ("geometry", "GEOMETRY('OGC:CRS84')") in {
            row[:2] for row in con.execute(f"DESCRIBE FROM '{file}'").fetchall()
        }
    plain = parquet.read_table(io.BytesIO(placed.get(address.replace("geo.", "")).content))
    assert str(found.drop_columns("geometry").to_pylist()) == str(plain.to_pylist())
    for row in found.to_pylist():
        assert row["geometry"] == well_known(row["lon"], row["lat"])


@pytest.mark.parametrize("count", [0, 40, 20_000])
def test_flatgeobuf_is_read_by_gdal_as_it_was_stored(tmp_path: Path, count: int) -> None:
    """The last is more rows than are handed over at a time."""
    publish_places(tmp_path, places(count))
    with client_over(tmp_path) as client:
        answer = client.get("/v1/datasets/places/rows.fgb")
        first = client.get("/v1/datasets/places/rows.fgb?limit=3")
    assert answer.headers["Content-Type"] == "application/flatgeobuf"
    about, _, points, columns = read_features(answer.content)
    assert (about["geometry_type"], about["crs"], list(about["fields"])) == (
        "Point", "EPSG:4326", ["id", "name", "street"],
    )  # fmt: skip
    told = zip(*columns, points, strict=True)
    assert list(told) == [
        (row["id"], row["name"], row["street"], well_known(row["lon"], row["lat"])) for row in places(count)
    ]
    assert len(read_features(first.content)[2]) == min(count, 3)


def test_flatgeobuf_tells_every_type(tmp_path: Path) -> None:
    publish_lamps(tmp_path)
    with client_over(tmp_path) as client:
        about, _, _, columns = read_features(client.get("/v1/datasets/lamps/rows.fgb").content)
    for values, row in zip(zip(*columns, strict=True), rows_of_lamps(), strict=True):
        told = dict(zip(about["fields"], values, strict=True))
        assert all(told[name] == row[name] for name in ("lamp_no", "kind", "watts", "lit"))
        assert (told["price"], told["set_up_on"].astype(object)) == (float(row["price"]), midnight_of(row["set_up_on"]))
        assert told["checked_at"].astype(object) == row["checked_at"]


def midnight_of(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time())


def well_known(lon: float | None, lat: float | None) -> bytes | None:
    """A point as well-known binary, little-endian; none where a coordinate is missing."""
    known = lon is not None and lat is not None and math.isfinite(lon) and math.isfinite(lat)
    return struct.pack("<BIdd", 1, 1, lon, lat) if known else None


@pytest.mark.parametrize("form", [name for name in FORMS if name not in ("sheet.csv", "geo.parquet")])  # by name only
def test_the_accept_header_chooses_every_format(placed: httpx.Client, form: str) -> None:
    answer = placed.get("/v1/datasets/places/rows?limit=3", headers={"Accept": FORMS[form].essence})
    assert answer.headers["Content-Type"].partition(";")[0] == FORMS[form].essence
    named = placed.get(f"/v1/datasets/places/rows?limit=3&format={form}")
    assert named.content == answer.content or form == "json"


def test_text_is_packed_and_packed_files_are_not(client: httpx.Client) -> None:
    for form in ("ndjson", "parquet", "xlsx"):
        with client.stream("GET", f"{ADDRESS}.{form}", headers={"Accept-Encoding": "gzip"}) as answer:
            body = b"".join(answer.iter_raw())
        assert "Accept-Encoding" in answer.headers["Vary"]
        packed = answer.headers.get("Content-Encoding") == "gzip"
        assert packed is (form == "ndjson")
        assert (gzip.decompress(body) if packed else body) == client.get(f"{ADDRESS}.{form}").content


@pytest.mark.parametrize("address", [ADDRESS, f"{ADDRESS}.csv", f"{ADDRESS}.ndjson", "/openapi.json"])
def test_zstd_is_a_representation_of_its_own(client: httpx.Client, address: str) -> None:
    with client.stream("GET", address, headers={"Accept-Encoding": "gzip;q=0.5, zstd"}) as answer:
        body = b"".join(answer.iter_raw())
    assert answer.headers["Content-Encoding"] == "zstd"
    plain = client.get(address)
    assert pa.CompressedInputStream(pa.BufferReader(body), "zstd").read() == plain.content
    packed = client.get(address, headers={"Accept-Encoding": "gzip"})
    assert len({plain.headers["ETag"], packed.headers["ETag"], answer.headers["ETag"]}) == 3


@pytest.mark.parametrize(
    ("header", "coding"),
    [
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip", "gzip"),
        ("zstd;q=0, gzip;q=0.1", "gzip"),
        ("br", None),
        ("*", None),
    ],
)
def test_the_coding_is_one_that_the_caller_names(client: httpx.Client, header: str, coding: str | None) -> None:
    with client.stream("GET", ADDRESS, headers={"Accept-Encoding": header}) as answer:
        assert answer.headers.get("Content-Encoding") == coding


@pytest.mark.parametrize("form", ["csv", "ndjson", "arrow", "parquet", "xlsx"])
def test_a_reader_that_hangs_up_gives_its_place_back(large: httpx.Client, form: str) -> None:
    with large.stream("GET", f"{ADDRESS}.{form}") as answer:
        assert next(answer.iter_raw(1000))
    wait_for(lambda: large.get(f"{ADDRESS}.csv?minutes=99").status_code == 200)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server with one place for streamed answers, and more rows than any buffer holds."""
    home: Path = tmp_path_factory.mktemp("large")
    publish(home, 1, rows=400_000)
    with client_over(home, concurrent_exports=1) as found:
        yield found
