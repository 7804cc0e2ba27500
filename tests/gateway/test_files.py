"""Files: every byte, any range, resumable, never sent twice to who holds them."""

from __future__ import annotations

import hashlib
import importlib.util
import re
from pathlib import Path

import duckdb
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.ranges import parse_ranges
from tests.gateway.conftest import client_over
from tests.gateway.fake_release import make_current, publish

ADDRESS = "/v1/datasets/tickets/files/tickets.csv"


@pytest.fixture(scope="module")
def content(home: Path) -> bytes:
    return (home / "releases/0001/files/tickets.csv").read_bytes()


def test_the_whole_file_with_its_hash(client: httpx.Client, content: bytes) -> None:
    answer = client.get(ADDRESS)
    assert answer.content == content
    assert answer.headers["ETag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Length"] == str(len(content))
    assert answer.headers["Accept-Ranges"] == "bytes"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="tickets.csv"'
    head = client.head(ADDRESS)
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Length"] == str(len(content))


@pytest.mark.parametrize(
    ("asked", "span"),
    [
        ("bytes=0-9", (0, 10)),
        ("bytes=10-", (10, None)),
        ("bytes=-7", (-7, None)),
        ("bytes=5-5", (5, 6)),
        ("bytes=100-99999999", (100, None)),
        ("bytes=-99999999", (0, None)),
        ("bytes=0-4,3-9", (0, 10)),
        ("BYTES=0-9", (0, 10)),
    ],
)
def test_one_range(client: httpx.Client, content: bytes, asked: str, span: tuple[int, int | None]) -> None:
    answer = client.get(ADDRESS, headers={"Range": asked})
    expected = content[span[0] : span[1]]
    first = span[0] % len(content) if span[0] < 0 else span[0]
    assert (answer.status_code, answer.content) == (206, expected)
    assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/{len(content)}"
    assert answer.headers["Content-Length"] == str(len(expected))


def test_several_ranges_come_as_parts(client: httpx.Client, content: bytes) -> None:
    answer = client.get(ADDRESS, headers={"Range": "bytes=-3,0-3,10-19"})
    assert answer.status_code == 206
    boundary = re.fullmatch(r"multipart/byteranges; boundary=(\S+)", answer.headers["Content-Type"])
    assert boundary is not None
    parts = answer.content.split(b"--" + boundary.group(1).encode())
    assert [part.split(b"\r\n\r\n", 1)[1][:-2] for part in parts[1:-1]] == [content[:4], content[10:20], content[-3:]]
    assert b"Content-Range: bytes 10-19/%d" % len(content) in parts[2]
    assert parts[-1] == b"--\r\n"


@pytest.mark.parametrize(
    "asked", ["items=0-1", "bytes=", "bytes=-", "bytes=9-1", "bytes=a-b", "bytes=1-2;3", "bytes= -"]
)
def test_a_range_that_cannot_be_read_is_ignored(client: httpx.Client, content: bytes, asked: str) -> None:
    answer = client.get(ADDRESS, headers={"Range": asked})
    assert (answer.status_code, answer.content) == (200, content)


def test_a_range_beyond_the_end_is_refused(client: httpx.Client, content: bytes) -> None:
    for asked in (f"bytes={len(content)}-", "bytes=-0"):
        answer = client.get(ADDRESS, headers={"Range": asked})
        assert (answer.status_code, answer.json()["code"]) == (416, "range-not-satisfiable")
        assert answer.headers["Content-Range"] == f"bytes */{len(content)}"


def test_if_range_guards_the_rest_of_a_download(client: httpx.Client, content: bytes) -> None:
    etag = client.head(ADDRESS).headers["ETag"]
    same = client.get(ADDRESS, headers={"Range": "bytes=100-", "If-Range": etag})
    assert (same.status_code, same.content) == (206, content[100:])
    for other in ('"0123"', f"W/{etag}", "Wed, 01 May 2024 00:00:00 GMT"):
        whole = client.get(ADDRESS, headers={"Range": "bytes=100-", "If-Range": other})
        assert (whole.status_code, whole.content) == (200, content)


def test_who_holds_the_file_is_told_so(client: httpx.Client) -> None:
    etag = client.head(ADDRESS).headers["ETag"]
    for given_tag in (etag, f'"x", {etag}', f"W/{etag}", "*"):
        answer = client.get(ADDRESS, headers={"If-None-Match": given_tag, "Range": "bytes=0-1"})
        assert (answer.status_code, answer.content, answer.headers["ETag"]) == (304, b"", etag)
    assert client.get(ADDRESS, headers={"If-None-Match": '"other"'}).status_code == 200


def test_a_download_is_resumed_after_a_release_that_left_the_file_alone(tmp_path: Path) -> None:
    publish(tmp_path, 1)
    publish(tmp_path, 2, switch=False)
    with client_over(tmp_path) as client:
        begun = client.get(ADDRESS, headers={"Range": "bytes=0-99"})
        make_current(tmp_path, 2)
        while client.get("/healthz").json()["release"] != 2:
            pass
        rest = client.get(ADDRESS, headers={"Range": "bytes=100-", "If-Range": begun.headers["ETag"]})
    assert (rest.status_code, rest.headers["CivicLake-Release"]) == (206, "2")
    assert f'"{hashlib.sha256(begun.content + rest.content).hexdigest()}"' == begun.headers["ETag"]


@pytest.mark.parametrize(
    "name", ["nothing.csv", "..%2Frelease.json", "%2e%2e/catalog.json", "serving.duckdb", "sealed_key.csv", "%00", "."]
)
def test_only_the_files_of_the_dataset_are_reached(client: httpx.Client, name: str) -> None:
    """CKAN CVE-2023-32321: a name was taken for a path."""
    answer = client.get(f"/v1/datasets/tickets/files/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_duckdb_reads_the_parts_of_a_file_that_it_needs(tmp_path: Path) -> None:
    """By the line that the dataset's page has, with the extension that reads over HTTP."""
    publish(tmp_path, 1, rows=300_000)
    size = (tmp_path / "releases/0001/files/tickets.parquet").stat().st_size
    with client_over(tmp_path) as client, duckdb.connect() as con:
        line = client.get("/v1/datasets/tickets").json()["howto"]["duckdb"]
        con.execute(f"LOAD '{httpfs()}'")
        asked = line.replace("*", "count(*), min(ticket_no), max(ticket_no)") + " WHERE ticket_no >= 'T0299990'"
        (_, told), *_ = con.execute(f"EXPLAIN ANALYZE {asked}").fetchall()  # before anything is kept
        assert con.sql(asked).fetchall() == [(10, "T0299990", "T0299999")]
        assert con.sql(line).count("*").fetchall() == [(300_000,)]
    amount, unit = re.search(r"in: ([\d.]+) (bytes|KiB|MiB)", told).groups()
    assert 0 < float(amount) * {"bytes": 1, "KiB": 2**10, "MiB": 2**20}[unit] < size / 2


def httpfs() -> Path:
    """The extension file of its package."""
    found = importlib.util.find_spec("duckdb_extension_httpfs")
    assert found is not None
    assert found.origin is not None
    return next(Path(found.origin).parent.rglob("httpfs.duckdb_extension"))


@given(header=st.text("bytes=0123456789-, ", max_size=40), size=st.integers(0, 500))
def test_spans_lie_in_the_file_and_do_not_overlap(header: str, size: int) -> None:
    spans = parse_ranges("bytes=" + header, size)
    assert all(0 <= first < end <= size for first, end in spans or [])
    assert all(end < first for (_, end), (first, _) in zip(spans or [], (spans or [])[1:], strict=False))
