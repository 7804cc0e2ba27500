"""CKAN's own client, and what others that speak its language send, against the server."""

from __future__ import annotations

import csv
import io
import json
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import ckanapi
import httpx
import pytest
from ckanapi.errors import CKANAPIError
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.facades.ckan import search
from gateway.problems import BadValue
from tests.gateway.conftest import client_over, wait_for
from tests.gateway.fake_release import TICKETS, make_current, publish, tickets
from tests.gateway.key_holders import issue_keys

VISIBLE = [name for name, (_, level) in TICKETS.items() if level == "L1"]
ACTION = "/api/3/action/"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, str]]]:
    """A home and its callers."""
    home = tmp_path_factory.mktemp("ckan")
    publish(home, 1, rows=80)
    return home, issue_keys(home)


@pytest.fixture(scope="module")
def http(place: tuple[Path, dict[str, dict[str, str]]]) -> Iterator[httpx.Client]:
    with client_over(place[0]) as client:
        yield client


@pytest.fixture(params=["by POST", "by GET"])
def ckan(http: httpx.Client, request: pytest.FixtureRequest) -> Iterator[ckanapi.RemoteCKAN]:
    with ckanapi.RemoteCKAN(str(http.base_url), get_only=request.param == "by GET") as found:
        yield found


def rows_of(ckan: ckanapi.RemoteCKAN) -> str:
    found: str = ckan.action.package_show(id="tickets")["resources"][0]["id"]
    return found


def test_the_catalogue_is_read(ckan: ckanapi.RemoteCKAN) -> None:
    assert ckan.action.site_read() is True
    assert ckan.action.status_show()["extensions"] == ["datastore"]
    assert ckan.action.package_list() == ["sealed_key", "tickets"]
    package = ckan.action.package_show(id="tickets")
    assert package["license_id"] == "CC-BY-4.0"
    assert [part["format"] for part in package["resources"]] == ["CSV", "PARQUET", "CSV"]
    for resource in package["resources"]:
        assert ckan.action.resource_show(id=resource["id"]) == resource
    (organisation,) = ckan.action.organization_list(all_fields=True)
    assert organisation["package_count"] == 2
    shown = ckan.action.organization_show(id=organisation["id"], include_datasets=True)
    assert [found["name"] for found in shown["packages"]] == ["sealed_key", "tickets"]
    assert ckan.action.group_list(sort="package_count desc") == ckan.action.tag_list() == ["城市管理"]
    assert (
        ckan.action.tag_show(id="城市管理")["package_count"] == ckan.action.group_show(id="城市管理")["package_count"]
    )
    assert "Parameters: id" in ckan.action.help_show(name="package_show")


def test_datasets_are_searched_and_counted(ckan: ckanapi.RemoteCKAN) -> None:
    fields = {"facet.field": '["res_format", "tags"]', "facet.limit": 5}
    found = ckan.action.package_search(
        q="row per", fq="tags:城市管理 -name:nothing", rows=1, sort="name desc", **fields
    )
    assert (found["count"], [one["name"] for one in found["results"]]) == (2, ["tickets"])
    assert found["facets"] == {"res_format": {"CSV": 2, "PARQUET": 1}, "tags": {"城市管理": 2}}
    assert found["search_facets"]["tags"]["items"][0]["display_name"] == "城市管理"
    for words, count in (
        ("tick*", 1),
        ("TICK?TS", 1),
        ("name:t*k*s", 1),
        ("dataset", 0),
        ("active", 0),
        ("state:active", 2),
    ):
        assert ckan.action.package_search(q=words)["count"] == count, words
    for span, count in (("2024-05-01T00:00:00Z TO *", 2), ("* TO 2024-05-01", 0), ("2024-05-02T00:00:00 TO NOW", None)):
        changed = {"fq": f"+type:dataset metadata_modified:[{span}]", "sort": "id asc", "rows": 0}
        if count is None:
            with pytest.raises(ckanapi.ValidationError):
                ckan.action.package_search(**changed)
        else:
            assert ckan.action.package_search(**changed)["count"] == count
    assert ckan.action.package_search(fq_list='["name:tickets", "res_format:XLSX"]')["count"] == 0


CASES: dict[str, tuple[dict[str, Any], str]] = {
    "a value": ({"filters": {"district": "区1"}}, "WHERE district = '区1'"),
    "one of several": ({"filters": {"minutes": [1, "4"], "urgent": True}}, "WHERE minutes IN (1, 4) AND urgent"),
    "a number of other places": ({"filters": {"minutes": 4.0}}, "WHERE minutes = 4"),
    "a long number": (
        {"filters": {"total": 170141183460469231731687303720}},
        "WHERE total = 170141183460469231731687303720",
    ),
    "no value": ({"filters": {"fee": None}}, "WHERE fee IS NULL"),
    "words": ({"q": "路灯 区1"}, "WHERE note LIKE '路灯%' AND district = '区1'"),
    "words of a column": ({"q": {"note": "路灯3"}}, "WHERE note = '路灯3'"),
    "an order": ({"sort": 'minutes desc, "fee"'}, "ORDER BY minutes DESC NULLS FIRST, fee NULLS LAST, ticket_no"),
    "an order that says where missing values stand": (
        {"sort": "minutes desc nulls last, fee nulls first"},
        "ORDER BY minutes DESC NULLS LAST, fee NULLS FIRST, ticket_no",
    ),
    "rows by number": ({"sort": ["_id"], "limit": 5, "offset": 7}, "ORDER BY ticket_no LIMIT 5 OFFSET 7"),
}


@pytest.mark.parametrize("case", CASES)
def test_rows_are_those_asked_for(http: httpx.Client, place: tuple[Path, Any], case: str) -> None:
    asked, clause = CASES[case]
    stored = tickets(place[0], 1, "ticket_no", clause if "ORDER" in clause else f"{clause} ORDER BY ticket_no")
    assert stored
    answer = http.post(ACTION + "datastore_search", json={"resource_id": "tickets", "fields": "ticket_no", **asked})
    told = answer.json()["result"]
    assert [record["ticket_no"] for record in told["records"]] == [row[0] for row in stored]
    assert told["total"] == (80 if "WHERE" not in clause else len(stored))
    assert told["total_was_estimated"] is False


def test_what_was_asked_is_told_again_as_it_was_read(http: httpx.Client) -> None:
    asked = {"filters": {"district": ["区1"]}, "q": {"note": "路"}, "distinct": True, "sort": "note desc"}
    texts = {name: value if isinstance(value, str) else json.dumps(value) for name, value in asked.items()}
    given = {"resource_id": "tickets", "fields": "district,note"}
    for answer in (
        http.post(ACTION + "datastore_search", json=given | asked),
        http.get(ACTION + "datastore_search", params=given | texts),
    ):
        told = answer.json()["result"]
        assert {name: told[name] for name in asked} == asked


def test_columns_are_told_with_their_types(ckan: ckanapi.RemoteCKAN) -> None:
    told = ckan.action.datastore_search(resource_id=rows_of(ckan), limit=0)
    types = {field["id"]: field["type"] for field in told["fields"]}
    assert list(types) == VISIBLE
    assert (types["fee"], types["opened_at"], types["tags"], told["records"]) == ("numeric", "timestamp", "json", [])
    assert len(ckan.action.datastore_search(resource_id=rows_of(ckan), limit=32_000)["records"]) == 80
    assert told["total"] == ckan.action.datastore_info(id=rows_of(ckan))["meta"]["count"] == 80


def test_records_come_in_every_format(ckan: ckanapi.RemoteCKAN) -> None:
    asked = {"resource_id": rows_of(ckan), "fields": ["ticket_no", "fee", "tags"], "limit": 9}
    if ckan.get_only:
        asked["fields"] = "ticket_no,fee,tags"
    found = {form: ckan.action.datastore_search(**asked, records_format=form)["records"] for form in
             ("objects", "lists", "csv", "tsv")}  # fmt: skip
    assert found["lists"] == [list(record.values()) for record in found["objects"]]
    for form, sign in (("csv", ","), ("tsv", "\t")):
        lines = list(csv.reader(io.StringIO(found[form], newline=""), delimiter=sign, strict=True))
        assert [line[0] for line in lines] == [record["ticket_no"] for record in found["objects"]]


def test_different_rows_are_counted_and_walked(ckan: ckanapi.RemoteCKAN) -> None:
    asked = {"resource_id": rows_of(ckan), "fields": "district,urgent", "distinct": True, "sort": "district desc"}
    whole = ckan.action.datastore_search(**asked)
    records = whole["records"]
    assert whole["total"] == len(records) == len({tuple(record.values()) for record in records}) > 5
    offsets = range(0, len(records), 4)
    parts = [ckan.action.datastore_search(**asked, limit=4, offset=offset)["records"] for offset in offsets]
    assert [record for part in parts for record in part] == records


def test_a_walk_by_links_stays_on_its_release(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=80)
    publish(tmp_path, 2, rows=50, switch=False)
    stored = [row[0] for row in tickets(tmp_path, 1, "ticket_no", "ORDER BY minutes NULLS LAST, ticket_no")]
    address = ACTION + "datastore_search?resource_id=tickets&limit=7&sort=minutes&fields=ticket_no"
    walked: list[str] = []
    with client_over(tmp_path, release_poll=0.02, max_offset=20) as http:
        while records := (page := http.get(address).json()["result"])["records"]:
            walked += [record["ticket_no"] for record in records]
            make_current(tmp_path, 2)  # lands in the middle of the walk
            address = page["_links"]["next"]
        wait_for(lambda: http.get(page["_links"]["start"].replace("release=1", "release=2")).status_code == 200)
    assert walked == stored


def test_a_dump_is_everything(http: httpx.Client) -> None:
    resource = http.get(ACTION + "package_show?id=tickets").json()["result"]["resources"][0]
    assert http.get(resource["url"]).content == http.get("/v1/datasets/tickets/rows.csv").content
    told = http.get(f"{resource['url']}?format=json&fields=ticket_no,fee&sort=fee&limit=3").json()
    assert [field["type"] for field in told["fields"]] == ["text", "numeric"]
    assert len(told["records"]) == 3
    tabs = http.get(f"{resource['url']}?format=tsv&bom=true&distinct=true&fields=district")
    assert tabs.text.splitlines()[:2] == ['\ufeff"district"', '"区0"']


def test_keys_are_taken_as_its_clients_send_them(
    place: tuple[Path, dict[str, dict[str, str]]], http: httpx.Client
) -> None:
    key = place[1]["owner"]["X-API-Key"]
    with ckanapi.RemoteCKAN(str(http.base_url), apikey=key) as mine:
        assert "all_secret" in mine.action.package_list()
    for headers in ({"Authorization": key}, {"X-CKAN-API-Key": key}, {"Authorization": f"Bearer {key}"}):
        answer = http.get(ACTION + "package_list", headers=headers)
        assert "all_secret" in answer.json()["result"]
        assert "X-CKAN-API-Key" in answer.headers["Vary"]
    assert http.get("/v1/datasets", headers={"X-CKAN-API-Key": key}).json() == http.get("/v1/datasets").json()
    for wrong in ("0000", f"Bearer {key}", "x" * 9_000):
        assert http.get(ACTION + "package_list", headers={"X-CKAN-API-Key": wrong}).status_code == 401
    twice = {"Authorization": key, "X-CKAN-API-Key": place[1]["other"]["X-API-Key"]}
    assert http.get(ACTION + "package_list", headers=twice).status_code == 401
    assert http.get(ACTION + "package_list", headers={"X-CKAN-API-Key": ""}).status_code == 200
    with ckanapi.RemoteCKAN(str(http.base_url), apikey="0000-wrong") as wrong, pytest.raises(ckanapi.NotAuthorized):
        wrong.action.package_list()
    refused = http.get(f"{ACTION}package_list?api_key={key}")
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "credential-in-address")


@pytest.mark.parametrize(
    ("action", "asked", "kind"),
    [
        ("package_show", {"id": "conditional"}, ckanapi.NotFound),
        ("package_show", {"id": "nothing"}, ckanapi.NotFound),
        ("package_show", {}, ckanapi.ValidationError),
        ("datastore_search", {"resource_id": "all_secret"}, ckanapi.NotFound),
        ("datastore_search", {"resource_id": "tickets", "fields": "phone"}, ckanapi.ValidationError),
        ("datastore_search", {"resource_id": "tickets", "filters": '{"minutes": "x"}'}, ckanapi.ValidationError),
        ("datastore_search", {"resource_id": "tickets", "filters": "[1"}, ckanapi.ValidationError),
        ("datastore_search", {"resource_id": "tickets", "sort": "a; drop"}, ckanapi.ValidationError),
        ("datastore_search", {"resource_id": "tickets", "limit": 32_001}, ckanapi.ValidationError),
        ("datastore_search", {"resource_id": "tickets", "offset": 10**10}, ckanapi.ValidationError),
        ("datastore_search", {"resource_id": "tickets", "poney": 1}, ckanapi.ValidationError),
        ("package_search", {"fq": "phone:1"}, ckanapi.ValidationError),
        ("organization_list", {"sort": "phone"}, ckanapi.ValidationError),
        ("tag_list", {"vocabulary_id": "x"}, ckanapi.ValidationError),
        ("package_create", {"name": "x"}, CKANAPIError),
    ],
)
def test_refusals_are_those_its_clients_know(
    ckan: ckanapi.RemoteCKAN, action: str, asked: dict[str, Any], kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        ckan.call_action(action, asked)


_PIECES = [
    "AND",
    "OR",
    "NOT",
    "(",
    ")",
    "tags:x",
    "name:",
    '"a',
    'b"',
    "-",
    "a*",
    "[a,TO,b]",
    "metadata_modified:[*,TO,2024]",
]


@settings(max_examples=300, derandomize=True, deadline=None)
@given(
    st.text(alphabet='ab:*"()+-? \t灯,|&!', max_size=24)
    | st.lists(st.sampled_from(_PIECES), max_size=12).map(lambda found: " ".join(found).replace(",", " "))
)
def test_every_search_is_read_or_refused(text: str) -> None:
    with suppress(BadValue):
        search.parse(text, "q")


@pytest.mark.parametrize(
    "text", [" " * 9_999 + "}", "[" * 9_999, "a " * 9_999, "*a" * 9_999, '"' * 9_999, "a" * 99_999]
)
def test_no_search_takes_long_to_read(text: str) -> None:
    began = time.process_time()
    with suppress(BadValue):
        search.parse(text, "q")
    assert time.process_time() - began < 0.5


_NAMES = [
    "resource_id",
    "filters",
    "q",
    "fields",
    "sort",
    "limit",
    "offset",
    "minutes",
    "note",
    "distinct",
    "records_format",
    "cursor",
    "release",
]


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_NAMES), inner, max_size=4),
        max_leaves=8,
    )
)
def test_no_body_is_a_fault_of_ours(http: httpx.Client, body: Any) -> None:
    asked = {"resource_id": "tickets"} | (body if isinstance(body, dict) else {"filters": body})
    answer = http.post(ACTION + "datastore_search", content=json.dumps(asked))
    assert answer.status_code in (200, 404, 409), answer.text
    assert answer.json()["success"] is (answer.status_code == 200)


@pytest.mark.parametrize(
    "body", ["[" * 99_999, '{"limit": NaN}', '{"q": "\\ud800"}', "{", "limit=1&limit=2", "id=1&id=2"]
)
def test_a_body_that_cannot_be_read_is_refused(http: httpx.Client, body: str) -> None:
    assert http.post(f"{ACTION}datastore_search?resource_id=tickets&limit=1", content=body).status_code == 409


def test_a_question_put_in_a_body_is_logged_as_reading(place: tuple[Path, dict[str, dict[str, str]]]) -> None:
    with client_over(place[0]) as http:
        headers = place[1]["other"]
        asked = {"resource_id": "tickets", "fields": ["fee"], "limit": 3}
        assert http.post(ACTION + "datastore_search", json=asked, headers=headers).status_code == 200
        wait_for(lambda: bool(http.get("/v1/me/usage", headers=headers).json()["newest"]))
        access = http.get("/v1/me/usage", headers=headers).json()["newest"][-1]
    assert (access["action"], access["dataset"], access["rows"]) == ("read", "tickets", 3)
