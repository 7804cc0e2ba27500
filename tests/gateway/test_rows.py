"""What filters, columns and formats give, against plain Python over the stored rows."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.query.operators import OPERATORS
from tests.gateway.conftest import client_over
from tests.gateway.fake_release import TICKETS, publish, tickets

ADDRESS = "/v1/datasets/tickets/rows"
VISIBLE = [name for name, (_, level) in TICKETS.items() if level == "L1"]

Test = Callable[[Any], bool]
CASES: dict[str, tuple[str, Test]] = {
    "minutes=4": ("minutes", lambda v: v == 4),
    "minutes__eq=4": ("minutes", lambda v: v == 4),
    "minutes__eq=-9223372036854775808": ("minutes", lambda v: False),
    "minutes__ne=4": ("minutes", lambda v: v != 4),
    "fee__lt=0.60": ("fee", lambda v: v < Decimal("0.6")),
    "fee__le=0.60": ("fee", lambda v: v <= Decimal("0.6")),
    "fee__in=0.60,.35,+1": ("fee", lambda v: v in {Decimal("0.6"), Decimal("0.35")}),
    "minutes__notin=4,7": ("minutes", lambda v: v not in {4, 7}),
    "district__notin=区1,区9": ("district", lambda v: v not in {"区1", "区9"}),
    "ticket_no__icontains=t00000": ("ticket_no", lambda v: "t00000" in v.lower()),
    "note__like=路_3": ("note", lambda v: v == "路灯3"),
    'note__like=a%"__c': ("note", lambda v: v == 'a,"b"\r\nc'),
    "note__like=%": ("note", lambda v: True),
    "note__like=\\%": ("note", lambda v: False),
    "note__like=路.*": ("note", lambda v: False),
    "ticket_no__ilike=t%05\\": ("ticket_no", lambda v: False),
    "ticket_no__ilike=t%0_5": ("ticket_no", lambda v: v[-3] == "0" and v[-1] == "5"),
    "opened_on__gt=2024-01-05": ("opened_on", lambda v: v > date(2024, 1, 5)),
    "opened_on__between=2024-01-05,2024-01-07": ("opened_on", lambda v: date(2024, 1, 5) <= v <= date(2024, 1, 7)),
    "opened_at__ge=2024-01-01T08:30": ("opened_at", lambda v: v >= datetime(2024, 1, 1, 8, 30)),
    "opened_at__lt=2024-01-01 08:10:30.001": ("opened_at", lambda v: v < datetime(2024, 1, 1, 8, 10, 30, 1000)),
    "urgent=true": ("urgent", lambda v: v),
    "urgent__ne=true": ("urgent", lambda v: not v),
    "urgent__in=true,false": ("urgent", lambda v: True),
    "district=区1": ("district", lambda v: v == "区1"),
    "district__in=区1,区3": ("district", lambda v: v in {"区1", "区3"}),
    "district__gt=区1": ("district", lambda v: v > "区1"),
    "note__prefix=路": ("note", lambda v: v.startswith("路")),
    "note__contains=灯3": ("note", lambda v: "灯3" in v),
    "note__contains=%": ("note", lambda v: "%" in v),
    "note=": ("note", lambda v: v == ""),
    'note__in="a,""b""\r\nc",路灯4': ("note", lambda v: v in {'a,"b"\r\nc', "路灯4"}),
    "ratio__ge=20": ("ratio", lambda v: v != v or v >= 20),
    "total__gt=170141183460469231731687303750": ("total", lambda v: v > 170141183460469231731687303750),
}


def asked(client: httpx.Client, query: str, **more: str) -> list[dict[str, Any]]:
    name, _, value = query.partition("=")
    answer = client.get(ADDRESS, params={name: value, "limit": "1000", **more})
    assert answer.status_code == 200, answer.text
    rows: list[dict[str, Any]] = answer.json()["rows"]
    return rows


@pytest.mark.parametrize("query", sorted(CASES))
def test_a_filter_gives_the_rows_that_pass_it(client: httpx.Client, home: Path, query: str) -> None:
    column, passes = CASES[query]
    stored = tickets(home, 1, f"ticket_no, {column}", "ORDER BY ticket_no")
    expected = [key for key, value in stored if value is not None and passes(value)]
    assert [row["ticket_no"] for row in asked(client, query, select="ticket_no")] == expected


@pytest.mark.parametrize("column", VISIBLE)
def test_missing_values_are_asked_for_by_name(client: httpx.Client, home: Path, column: str) -> None:
    stored = dict(tickets(home, 1, f"ticket_no, {column} IS NULL"))
    for flag, missing in (("true", True), ("false", False)):
        found = {row["ticket_no"] for row in asked(client, f"{column}__isnull={flag}")}
        assert found == {key for key, is_missing in stored.items() if is_missing is missing}


def test_every_operator_is_tried_here() -> None:
    tried = {query.partition("=")[0].partition("__")[2] for query in CASES} | {"isnull"}
    assert tried >= set(OPERATORS)


def test_all_conditions_must_hold(client: httpx.Client) -> None:
    rows = client.get(ADDRESS + "?minutes__gt=2&minutes__lt=8&minutes__ne=5&district=区1").json()["rows"]
    assert rows
    assert all(2 < row["minutes"] < 8 and row["minutes"] != 5 and row["district"] == "区1" for row in rows)


def test_values_arrive_as_they_are_stored(client: httpx.Client, home: Path) -> None:
    """Numbers keep every digit in the JSON text; dates and times are ISO; lists are lists."""
    text = client.get(ADDRESS + "?limit=1000").text
    rows = json.loads(text, parse_float=Decimal)["rows"]
    for row, stored in zip(rows, tickets(home, 1, ", ".join(VISIBLE), "ORDER BY ticket_no"), strict=True):
        expected = dict(zip(VISIBLE, stored, strict=True))
        assert list(row) == VISIBLE
        for name in ("ticket_no", "district", "minutes", "fee", "urgent", "tags", "note", "total"):
            assert row[name] == expected[name]
        assert row["fee"] is None or str(row["fee"]) == str(expected["fee"])
        assert row["opened_at"] == expected["opened_at"].isoformat()
        assert row["opened_on"] == (expected["opened_on"] and expected["opened_on"].isoformat())
    assert '"fee":0.60,' in text


@pytest.mark.parametrize("query", ["", "?limit=1000", "?order=-minutes,fee", "?district__isnull=false&order=-ratio"])
def test_csv_says_the_same_as_json(client: httpx.Client, query: str) -> None:
    answer = client.get(f"{ADDRESS}.csv{query}")
    header, *lines = csv.reader(io.StringIO(answer.text, newline=""), strict=True)
    pages = client.get(
        f"{ADDRESS}.json{query}{'&' if query else '?'}limit=1000".replace("limit=1000&limit=1000", "limit=1000")
    )
    rows = json.loads(pages.text, parse_float=str, parse_int=str)["rows"]
    assert header == VISIBLE
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["CivicLake-Complete"] == "true"
    for line, row in zip(lines, rows, strict=True):
        for name, field in zip(header, line, strict=True):
            assert field == _csv_text(row[name], name, field)


def _csv_text(value: Any, name: str, field: str) -> str:
    if value is None:
        return field if name == "ratio" and field in {"nan", "inf"} else ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if name == "opened_at":
        return str(value).rstrip("0") if "." in value else str(value)
    return str(value)


def test_csv_keeps_missing_and_empty_apart(client: httpx.Client) -> None:
    lines = client.get(f"{ADDRESS}.csv?select=note,district&limit=3").content.split(b"\r\n")
    assert lines[0] == b'"note","district"'
    assert lines[1] == b","  # both are missing
    assert lines[2] == '"","区1"'.encode()
    only = client.get(f"{ADDRESS}.csv?select=note&limit=3").content.split(b"\r\n")
    assert only[1:3] == [b'""', b'""']  # a line with nothing on it would be skipped by many readers


def test_csv_for_spreadsheets_begins_with_a_mark(client: httpx.Client) -> None:
    plain, marked = client.get(f"{ADDRESS}.csv"), client.get(f"{ADDRESS}.csv?bom=true")
    assert marked.content == b"\xef\xbb\xbf" + plain.content
    assert (
        client.get(f"{ADDRESS}.csv?minutes=99").content
        == client.get(f"{ADDRESS}.csv?limit=1").content.split(b"\n")[0] + b"\n"
    )


def test_csv_pages_put_together_are_the_whole(client: httpx.Client) -> None:
    whole = client.get(f"{ADDRESS}.csv?order=-minutes").content
    answer = client.get(f"{ADDRESS}.csv?order=-minutes&limit=9")
    header, pages = answer.content.split(b"\r\n", 1)
    while "next" in answer.links:
        assert answer.headers["CivicLake-Complete"] == "false"
        answer = client.get(answer.links["next"]["url"])
        pages += answer.content.split(b"\r\n", 1)[1]
    assert header + b"\r\n" + pages == whole


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/csv", "text/csv"),
        ("text/*", "text/csv"),
        ("text/csv;q=0.5, application/json;q=0.4", "text/csv"),
        ("text/html,application/xhtml+xml,*/*;q=0.8", "application/json"),
        ("application/json;q=0, */*", "text/csv"),
        (";;;", "application/json"),
    ],
)
def test_the_accept_header_chooses(client: httpx.Client, accept: str | None, media: str) -> None:
    answer = client.get(ADDRESS, headers={"Accept": accept} if accept else {"Accept": ""})
    assert answer.headers["Content-Type"].partition(";")[0] == media
    assert "Accept" in answer.headers["Vary"]


def test_an_unchanged_answer_is_not_sent_again(client: httpx.Client) -> None:
    address = f"{ADDRESS}?minutes__gt=2&order=-fee"
    first = client.get(address)
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    swapped = client.get(f"{ADDRESS}?order=-fee&minutes__gt=2")
    assert swapped.headers["ETag"] == first.headers["ETag"]
    others = [
        f"{ADDRESS}.csv?minutes__gt=2&order=-fee",
        f"{address}&limit=7",
        f"{address}&select=fee",
        f"{ADDRESS}?order=-fee",
    ]
    assert first.headers["ETag"] not in [client.get(other).headers["ETag"] for other in others]


def test_gzip_is_another_representation(client: httpx.Client) -> None:
    for address in (ADDRESS, f"{ADDRESS}.csv"):
        plain = client.get(address)
        with client.stream("GET", address, headers={"Accept-Encoding": "gzip"}) as packed:
            body = b"".join(packed.iter_raw())
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(body) == plain.content
        assert packed.headers["ETag"] != plain.headers["ETag"]
        assert "Accept-Encoding" in packed.headers["Vary"]


def test_a_new_release_with_other_content_has_other_tags(client: httpx.Client, tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=81)
    with client_over(tmp_path) as other:
        assert client.get(ADDRESS).headers["ETag"] != other.get(ADDRESS).headers["ETag"]
