"""Socrata's client in Python, and what others that speak SoQL send, against the server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import ckanapi
import duckdb
import httpx
import pytest
import requests
from requests.adapters import HTTPAdapter
from sodapy import Socrata

from catalog.release import release_folder
from catalog.workspace import Workspace
from gateway.facades.soda.ids import four_by_four
from tests.gateway.conftest import Serve, client_over
from tests.gateway.fake_release import TICKETS, publish, tickets
from tests.gateway.key_holders import issue_keys
from tests.gateway.places import places, publish_places

VISIBLE = [name for name, (_, level) in TICKETS.items() if level == "L1"]
ID = four_by_four("tickets")
RESOURCE = f"/resource/{ID}.json"
Keys = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Keys]:
    """A home and its callers."""
    home = tmp_path_factory.mktemp("soda")
    publish(home, 1, rows=80)
    return home, issue_keys(home)


@pytest.fixture(scope="module")
def http(place: tuple[Path, Keys]) -> Iterator[httpx.Client]:
    with client_over(place[0], max_page_rows=100) as client:
        yield client


def socrata(address: str, token: str | None = "an application", **more: Any) -> Socrata:
    """The client, which takes plain HTTP where it is given an adapter for it."""
    adapter = {"prefix": "http://", "adapter": HTTPAdapter()}
    return Socrata(address.removeprefix("http://").strip("/"), token, session_adapter=adapter, **more)


@pytest.fixture
def soda(http: httpx.Client) -> Iterator[Socrata]:
    with socrata(str(http.base_url)) as client:
        yield client


def test_the_clients_read_from_a_server_process(place: tuple[Path, Keys], serve: Serve) -> None:
    address = serve(place[0]).address
    stored = [row[0] for row in tickets(place[0], 1, "ticket_no", "ORDER BY ticket_no")]
    with socrata(address) as soda, ckanapi.RemoteCKAN(address) as ckan:
        assert [row["ticket_no"] for row in soda.get_all(ID, limit=13, order=":id")] == stored
        found = [ckan.action.datastore_search(resource_id="tickets", limit=13, offset=n) for n in range(0, 80, 13)]
    assert [record["ticket_no"] for page in found for record in page["records"]] == stored


def test_the_catalogue_is_read(soda: Socrata, http: httpx.Client) -> None:
    assert {entry["resource"]["id"] for entry in soda.datasets()} == {ID, four_by_four("sealed_key")}
    (found,) = soda.datasets(limit=5, q="tickets", only=["dataset"], public=True, tags=["城市管理"], order="name DESC")
    assert found["resource"]["columns_field_name"] == VISIBLE
    assert found["permalink"].endswith(f"/resource/{ID}")
    for nothing in ({"domains": "elsewhere.org"}, {"public": "false"}, {"shared_to": "x"}, {"column_names": "phone"}):
        assert http.get("/api/catalog/v1", params=nothing).json() == {"results": [], "resultSetSize": 0}
    columns = soda.get_metadata(ID)["columns"]
    types = {column["fieldName"]: column["dataTypeName"] for column in columns}
    assert (types["opened_at"], types["urgent"], types["fee"]) == ("calendar_date", "checkbox", "number")
    listed = http.get("/api/views/metadata/v1").json()
    assert http.get(f"/api/views/metadata/v1/{ID}").json() in listed
    assert http.get("/api/views/metadata/v1?limit=1&page=2").json() == listed[1:2]


def test_rows_are_written_as_socrata_writes_them(soda: Socrata, http: httpx.Client) -> None:
    first, second = soda.get(ID, limit=2)
    assert first == {
        "ticket_no": "T0000000",
        "opened_at": "2024-01-01T08:00:00.000",
        "total": "170141183460469231731687303715",
    }
    assert (second["fee"], second["urgent"], second["opened_on"]) == ("0.35", False, "2024-01-02T00:00:00.000")
    assert "ratio" not in second  # not a number
    answer = http.get(RESOURCE, params={"$select": "fee as 费用, opened_on, urgent, tags"})
    assert json.loads(answer.headers["X-SODA2-Fields"]) == ["费用", "opened_on", "urgent", "tags"]
    assert json.loads(answer.headers["X-SODA2-Types"]) == ["number", "floating_timestamp", "boolean", "json"]
    assert soda.get(ID, content_type="csv", select="ticket_no, minutes as m", limit=2) == [
        ["ticket_no", "m"], ["T0000000", ""], ["T0000001", "4"],
    ]  # fmt: skip
    assert http.get(f"/resource/{ID}", headers={"Accept": "text/csv"}).text.startswith('"ticket_no"')


CASES = {
    "minutes = 4 OR minutes=7": "minutes IN (4, 7)",
    "minutes > 2.5 and minutes <= '7.9'": "minutes BETWEEN 3 AND 7",
    "4 < minutes": "minutes > 4",
    "minutes = 4.5": "false",
    "minutes != 4.5": "minutes IS NOT NULL",
    "not (minutes in (1, 2.5, '3') or urgent)": "minutes NOT IN (1, 3) AND NOT urgent",
    "fee not between 0.355 and 0.85": "NOT (fee > 0.35 AND fee <= 0.85)",
    "district is null or note is not null": "district IS NULL OR note IS NOT NULL",
    "DISTRICT like '%1' and `district` not like '区_0'": "district = '区1'",
    "upper(ticket_no) like 'T%05' or lower(ticket_no) = 't0000007'": "ticket_no LIKE 'T%05' OR ticket_no = 'T0000007'",
    "upper(ticket_no) = 't0000007'": "false",
    "upper(ticket_no) in ('T0000007', 'x')": "ticket_no = 'T0000007'",
    "starts_with(note, '路灯') and contains(note, '3')": "note = '路灯3'",
    "starts_with(lower(ticket_no), 't00000')": "ticket_no LIKE 'T00000%'",
    "note = 'a,\"b\"' or note = 'it''s'": "false",
    "urgent": "urgent",
    "urgent = false and 1 = 1": "NOT urgent",
    "opened_on = '2024-01-05T00:00:00.000'": "opened_on = DATE '2024-01-05'",
    "opened_on <= '2024-01-05T23:59:59'": "opened_on <= DATE '2024-01-05'",
    "opened_on between '2024-01-03T12:00:00' and '2024-01-05'":
        "opened_on BETWEEN DATE '2024-01-04' AND DATE '2024-01-05'",
    "opened_at > '2024-01-01T08:30:00.001'": "opened_at > TIMESTAMP '2024-01-01 08:30:00.001'",
    "date_trunc_ymd(opened_at) = '2024-01-01'": "true",
    "date_trunc_ym(opened_on) < '2024-01-15'": "opened_on IS NOT NULL",
    "date_trunc_ymd(opened_on) > '2024-01-05T10:00:00'": "opened_on > DATE '2024-01-05'",
    "date_trunc_ym(opened_on) != '2024-01-01'": "false",
    "date_extract_y(opened_on) = 2024": "opened_on IS NOT NULL",
    "date_extract_y(opened_on) > 2024 or date_trunc_y(opened_on) > '9999-12-31'": "false",
    "not (minutes = 4.5)": "minutes IS NOT NULL",
    "not (minutes in (2.5, 3.5))": "minutes IS NOT NULL",
    "minutes not in (4, 2.5)": "minutes <> 4",
    "not (opened_on = '2024-01-05T10:00:00')": "opened_on IS NOT NULL",
    "opened_on != '2024-01-05T10:00:00'": "opened_on IS NOT NULL",
    "date_trunc_ym(opened_on) != '2024-01-15'": "opened_on IS NOT NULL",
    "not date_trunc_ymd(opened_on) = '2024-01-05T01:00:00'": "opened_on IS NOT NULL",
    "date_trunc_y(opened_on) <= '9999-01-01'": "opened_on IS NOT NULL",
    "not (date_trunc_y(opened_on) > '9999-01-01')": "opened_on IS NOT NULL",
    "not (upper(note) = 'abc')": "note IS NOT NULL",
    "upper(note) != 'abc'": "note IS NOT NULL",
    "total > 170141183460469231731687303750": "total > 170141183460469231731687303750",
    "ratio >= 20 and ratio < 1e3": "ratio >= 20 AND ratio < 1000",
}  # fmt: skip


@pytest.mark.parametrize("soql", CASES)
def test_conditions_give_the_rows_that_meet_them(http: httpx.Client, place: tuple[Path, Keys], soql: str) -> None:
    stored = [row[0] for row in tickets(place[0], 1, "ticket_no", f"WHERE {CASES[soql]} ORDER BY ticket_no")]
    answer = http.get(RESOURCE, params={"$where": soql, "$select": "ticket_no"})
    assert answer.status_code == 200, answer.text
    assert [row["ticket_no"] for row in answer.json()] == stored


def test_columns_are_filtered_by_their_names(soda: Socrata) -> None:
    assert {row["district"] for row in soda.get(ID, district="区1", urgent="false")} == {"区1"}
    assert {(row["note"], row["district"]) for row in soda.get(ID, q="路灯3 区1")} == {("路灯3", "区1")}


def test_parts_and_spans_of_times_are_columns_of_rows(http: httpx.Client, place: tuple[Path, Keys]) -> None:
    words = {
        "date_extract_y": "year", "date_extract_m": "month", "date_extract_d": "day", "date_extract_hh": "hour",
        "date_extract_mm": "minute", "date_extract_ss": "second", "date_extract_dow": "dow", "date_extract_woy": "week",
    }  # fmt: skip
    for column in ("opened_at", "opened_on"):
        select = ", ".join(f"{word}({column}) as {part}" for word, part in words.items())
        told = http.get(RESOURCE, params={"$select": select, "$order": "ticket_no"})
        parts = ", ".join(f"date_part('{part}', {column})" for part in words.values())
        stored = tickets(place[0], 1, parts, "ORDER BY ticket_no")
        expected = [{p: str(v) for p, v in zip(words.values(), row, strict=True) if v is not None} for row in stored]
        assert told.json() == expected
        assert json.loads(told.headers["X-SODA2-Types"]) == ["number"] * len(words)
    row = http.get(RESOURCE, params={"$select": "date_trunc_ym(opened_at), *", "$limit": "1"}).json()[0]
    assert row["date_trunc_ym_opened_at"] == "2024-01-01T00:00:00.000"
    tags = [
        http.get(RESOURCE, params={"$select": f"{part}(opened_on) as x", "$limit": "5"}).headers["ETag"]
        for part in words
    ]
    assert len(set(tags)) == len(words)


GROUPS = {
    "$select=date_extract_y(opened_on) as year,count(*)&$group=year&$order=year"
    "&$where=date_extract_y(opened_on) > 2000":
        "SELECT date_part('year', opened_on) AS year, count(*) AS count FROM t WHERE opened_on IS NOT NULL GROUP BY 1",
    "$select=district,count(*) as n,sum(fee)&$group=district&$order=n desc,district desc"
    "&$having=n > 5 and district is not null":
        "SELECT district, count(*) n, sum(fee) sum_fee FROM t WHERE district IS NOT NULL GROUP BY 1 HAVING n > 5 "
        "ORDER BY 2 DESC, 1 DESC",
    "$select=date_trunc_ym(opened_on) as month,max(minutes),count(distinct district)&$group=month"
    "&$where=minutes is not null":
        "SELECT date_trunc('month', opened_on) AS month, max(minutes) max_minutes, "
        "count(DISTINCT district) count_district FROM t WHERE minutes IS NOT NULL GROUP BY 1 ORDER BY 1 NULLS LAST",
    "$query=select distinct district, urgent order by urgent desc, district limit 3 offset 2":
        "SELECT DISTINCT district, urgent FROM t ORDER BY urgent DESC NULLS LAST, district NULLS LAST LIMIT 3 OFFSET 2",
    "$select=avg(minutes),min(opened_at)": "SELECT avg(minutes) avg_minutes, min(opened_at) min_opened_at FROM t",
    "$query=SELECT district WHERE minutes > 3 GROUP BY district ORDER BY count(*) DESC, district LIMIT 2":
        "SELECT district FROM t WHERE minutes > 3 GROUP BY 1 ORDER BY count(*) DESC, 1 NULLS LAST LIMIT 2",
}  # fmt: skip


@pytest.mark.parametrize("query", GROUPS)
def test_groups_are_those_asked_for(http: httpx.Client, place: tuple[Path, Keys], query: str) -> None:
    file = release_folder(Workspace(place[0]), 1) / "serving.duckdb"
    with duckdb.connect(str(file), read_only=True) as con:
        found = con.execute(GROUPS[query].replace("FROM t", "FROM open.tickets"))
        names = [part[0] for part in found.description or ()]
        expected = [{n: _text(v) for n, v in zip(names, row, strict=True) if v is not None} for row in found.fetchall()]
    answer = http.get(RESOURCE, params=dict(part.partition("=")[::2] for part in query.split("&")))
    assert answer.json() == expected


def _text(value: Any) -> Any:
    if hasattr(value, "isoformat"):
        text = value.isoformat()
        return f"{text}.000" if "T" in text else f"{text}T00:00:00.000"
    return value if isinstance(value, (bool, str)) else str(value)


def test_places_are_asked_for(tmp_path: Path) -> None:
    publish_places(tmp_path, places(120))
    native = {
        "bbox": "120.1,30.1,120.3,30.3",
        "near": "120.2,30.2,9000",
        "within": "POLYGON((120 30,120.3 30,120.3 30.3,120 30))",
    }
    with client_over(tmp_path) as http:
        expected = {
            name: [row["id"] for row in http.get(f"/v1/datasets/places/rows?{name}={value}").json()["rows"]]
            for name, value in native.items()
        }
        for name, soql in {
            "bbox": "within_box(location, 30.3, 120.1, 30.1, 120.3)",
            "near": "within_circle(location, 30.2, 120.2, 9000) and not within_circle(location, 1, 1, 1)",
            "within": f"within_polygon(location, '{native['within']}')",
        }.items():
            found = http.get("/resource/places.geojson", params={"$where": soql})
            assert [str(f["properties"]["id"]) for f in found.json()["features"]] == list(map(str, expected[name]))
            assert found.headers["Content-Type"].startswith("application/vnd.geo+json")
        near = {"$where": "distance_in_meters(location, 'POINT (120.2 30.2)') < 9000", "$select": "count(*)"}
        assert http.get("/resource/places.json", params=near).json() == [{"count": str(len(expected["near"]))}]


def test_more_than_a_page_comes_at_once_and_says_whether_it_is_all(http: httpx.Client, soda: Socrata) -> None:
    assert len(soda.get(ID, limit=50_000)) == 80
    for limit, where, complete in (
        (10**6, "", "true"),
        (0, "", "false"),
        (101, "minutes > 3", "true"),
        (9, "", "false"),
    ):
        parameters = {"$limit": str(limit)} | ({"$where": where} if where else {})
        assert http.get(RESOURCE, params=parameters).headers["CivicLake-Complete"] == complete
    walked, address = [], f"{RESOURCE}?$limit=33&$select=ticket_no&$order=minutes desc"
    while address:
        answer = http.get(address)
        walked += [row["ticket_no"] for row in answer.json()]
        address = answer.links.get("next", {}).get("url", "")
    assert walked == [row["ticket_no"] for row in soda.get(ID, order="minutes desc", limit=1000)]
    same = http.get(RESOURCE, headers={"If-None-Match": http.get(RESOURCE).headers["ETag"]})
    assert same.status_code == 304


def test_keys_are_taken_as_its_clients_send_them(http: httpx.Client, place: tuple[Path, Keys]) -> None:
    key, address = place[1]["owner"]["X-API-Key"], str(http.base_url)
    name, _, password = key.rpartition("_")
    mine = four_by_four("conditional")
    for client in (
        socrata(address, key),
        socrata(address, "x", username=name, password=password),
        socrata(address, access_token=key),
    ):
        with client:
            assert len(client.get(mine)) == 5
    for client in (socrata(address), socrata(address, None)):
        with client, pytest.raises(requests.HTTPError, match="404"):
            client.get(mine)
    with socrata(address, username=name, password="wrong") as wrong, pytest.raises(requests.HTTPError, match="401"):
        wrong.get(mine)
    refused = http.get(RESOURCE, params={"$$app_token": key})
    assert (refused.status_code, refused.json()["code"]) == (400, "credential-in-address")
    assert http.get(RESOURCE, params={"$$app_token": "an application", "$limit": "1"}).status_code == 200
    assert "X-App-Token" in http.get(RESOURCE).headers["Vary"]


@pytest.mark.parametrize(
    ("parameters", "status", "code"),
    [
        ({"$where": "phone = '1'"}, 400, "query.soql.no-such-column"),
        ({"$select": "rank"}, 400, "query.soql.no-such-column"),
        ({"phone": "1"}, 400, "query.soql.no-such-column"),
        ({"$where": "note > 5"}, 400, "query.soql.type-mismatch"),
        ({"$where": "minutes > 'x'"}, 400, "query.soql.type-mismatch"),
        ({"$where": "minutes like '1%'"}, 400, "query.soql.no-such-function"),
        ({"$where": "minutes + 1 = 2"}, 400, "query.soql.type-mismatch"),
        ({"$select": "minutes * 2"}, 400, "query.soql.type-mismatch"),
        ({"$select": "date_extract_m(note)"}, 400, "query.soql.no-such-function"),
        ({"$select": "date_extract_m(phone)"}, 400, "query.soql.no-such-column"),
        ({"$select": "date_extract_m(opened_on), count(*)"}, 400, "query.soql.type-mismatch"),
        ({"$where": "date_extract_m(opened_on) = 3"}, 400, "query.soql.type-mismatch"),
        ({"$where": "minutes = fee"}, 400, "query.soql.type-mismatch"),
        ({"$where": "foo(minutes)"}, 400, "query.soql.type-mismatch"),
        ({"$where": "(" * 100 + "urgent" + ")" * 100}, 400, "query.soql.type-mismatch"),
        ({"$where": " or ".join(["minutes = 1"] * 60)}, 400, "too-many-conditions"),
        ({"$where": "within_circle(location, 1, 2, 3)"}, 400, "query.soql.type-mismatch"),
        ({"$select": "ticket_no, count(*)"}, 400, "query.soql.type-mismatch"),
        ({"$select": "sum(note)"}, 400, "query.soql.no-such-function"),
        ({"$having": "count(*) > 1"}, 400, "query.soql.type-mismatch"),
        ({"$query": "select * from other"}, 400, "query.soql.type-mismatch"),
        ({"$poney": "1"}, 400, "unknown-parameter"),
        ({"$offset": "99999999999"}, 400, "query.soql.type-mismatch"),
    ],
)
def test_refusals_are_in_its_form(http: httpx.Client, parameters: dict[str, str], status: int, code: str) -> None:
    answer = http.get(RESOURCE, params=parameters)
    told = answer.json()
    assert (answer.status_code, told["error"], told["code"]) == (status, True, code), told
    assert told["message"]


def test_what_is_no_number_is_no_coordinate(http: httpx.Client) -> None:
    for column, status in (("note", 406), ("fee", 200)):
        select = {"$select": f"{column} as lon, minutes as lat"}
        answer = http.get(f"/resource/{ID}.geojson", params=select)
        assert answer.status_code == status
    assert "parquet" not in http.get(f"/resource/{ID}.geojson").json()["message"]  # which is not offered here


def test_searches_of_catalogues_have_few_words(http: httpx.Client) -> None:
    for address in ("/api/catalog/v1", "/ogc/collections/dataset-records/items"):
        for words, status in ((64, 200), (65, 400)):
            assert http.get(address, params={"q": "a " * words}).status_code == status


def test_what_is_hidden_is_as_if_it_were_not_there(http: httpx.Client) -> None:
    asked = ("", "?$where=(", "?$limit=x", "?$select=poney", "?$limit=999999999", "?$select=count(*)", "?cursor=x")
    for dataset, query in product(("all_secret", "conditional"), asked):
        hidden, nothing = (http.get(f"/resource/{four_by_four(n)}.json{query}").json() for n in (dataset, "poney"))
        assert {k: hidden[k] for k in ("code", "message")} == {k: nothing[k] for k in ("code", "message")}
