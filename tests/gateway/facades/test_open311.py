"""The georeport client against the server, in both forms, and the checks of what a city says about its requests."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from georeport import GeoReport
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from catalog.compiled import CompiledDataset
from catalog.contract.options import Level
from catalog.service_requests import ServiceRequests, check_service_requests
from gateway.facades.open311.parse import PARAMETERS
from tests.gateway.conftest import client_over
from tests.gateway.fake_policy import policy_over, put_policy
from tests.gateway.fake_release import dataset_entry, publish_rows

COLUMNS: dict[str, tuple[str, Level]] = {
    "no": ("VARCHAR", "L1"), "part": ("VARCHAR", "L1"), "kind": ("VARCHAR", "L1"), "kind_name": ("VARCHAR", "L1"),
    "state": ("VARCHAR", "L1"), "at": ("TIMESTAMP", "L1"), "words": ("VARCHAR", "L1"),
    "lon": ("DOUBLE", "L1"), "lat": ("DOUBLE", "L1"),
}  # fmt: skip
REQUESTS = ServiceRequests(
    dataset="calls", service_code="kind", service_name="kind_name", status="state", closed=("done", "void"),
    requested="at", description="words",
)  # fmt: skip
COUNT = 120
ROOT = "/open311/v2"


def call(n: int) -> dict[str, Any]:
    return {
        "no": f"H/{n:03d}",
        "part": f"0{n % 2}",
        "kind": ("lamp", "road", None)[n % 3],
        "kind_name": ("路灯", "Roads & <paths>", None)[n % 3],
        "state": ("new", "done", "void", None)[n % 4],
        "at": datetime(2026, 3, 1) + timedelta(hours=n),
        "words": {5: "\x01gone", 7: " <a>&amp;\r\n\"]]>'\t", 8: ""}.get(n, f"call {n}"),
        "lon": 120 + n / 1000 if n % 5 else None,
        "lat": 30.0,
    }


@pytest.fixture(scope="module")
def calls(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    home = tmp_path_factory.mktemp("calls")
    entry = dataset_entry("calls", COLUMNS, ("no", "part"))
    publish_rows(home, 1, [entry], {"calls": [call(n) for n in range(COUNT)]}, REQUESTS)
    put_policy(home, policy_over([entry]))
    with client_over(home) as client:
        yield client


@pytest.fixture(params=["json", "xml"])
def app(calls: httpx.Client, request: pytest.FixtureRequest) -> GeoReport:
    return GeoReport(str(calls.base_url).rstrip("/") + ROOT, output_format=request.param)


def ids(found: list[dict[str, Any]]) -> list[str]:
    return [request["service_request_id"] for request in found]


def test_services_are_told(app: GeoReport) -> None:
    found = app.get_service_list()
    assert [(service["service_code"], service["service_name"]) for service in found] == [
        ("lamp", "路灯"), ("road", "Roads & <paths>"),
    ]  # fmt: skip
    assert app.get_service_definition("lamp")["service_code"] == "lamp"


def test_requests_are_told_and_found(app: GeoReport) -> None:
    newest = app.get_service_requests()
    assert len(newest) == 100
    assert newest[0]["service_request_id"] == "H~1119~.01"
    one = app.get_service_request("H~1119~.01")
    assert one["requested_datetime"] == "2026-03-05T23:00:00+08:00"
    assert (one["status"], one["description"]) == ("open", "call 119")
    assert float(one["long"]) == 120.119
    assert len(app.get_service_requests(service_code="road")) == 40
    assert {request["status"] for request in app.get_service_requests(status="closed")} == {"closed"}
    assert len(app.get_service_requests(status="open")) == sum(call(n)["state"] in ("new", None) for n in range(COUNT))
    both = app.get_service_requests(service_request_id="H~1003~.01,H~1004~.00", status="open")
    assert ids(both) == ["H~1004~.00", "H~1003~.01"]
    some = app.get_service_requests(start_date="2026-02-28T17:00:00Z", end_date="2026-02-28T19:00:00Z")
    assert ids(some) == ["H~1003~.01", "H~1002~.00", "H~1001~.01"]
    assert app.get_service_request("H~1005~.01")["description"].endswith("gone")
    assert app.get_service_request("H~1008~.00")["service_name"] is None  # it has no service


def test_a_request_says_the_same_in_both_forms(calls: httpx.Client) -> None:
    """To the letter: signs that XML escapes, texts that are empty and none, numbers, offsets from UTC."""
    told = calls.get(f"{ROOT}/requests.json?page_size=200").json()
    tree = etree.fromstring(calls.get(f"{ROOT}/requests.xml?page_size=200").content)
    assert len(told) == len(tree) == COUNT
    for one, element in zip(told, tree, strict=True):
        assert [part.tag for part in element] == list(one)
        for part, (name, value) in zip(element, one.items(), strict=True):
            text = (part.text or "").replace("\ufffd", "\x01")
            assert text == ("" if value is None else str(value)), (name, one)
    (odd,) = (one for one in told if one["service_request_id"] == "H~1007~.01")
    assert odd["description"] == call(7)["words"]
    assert [odd[name] for name in ("status", "agency_responsible", "lat", "long")] == ["open", None, 30.0, 120.007]
    assert odd["requested_datetime"] == "2026-03-01T07:00:00+08:00"


def test_every_request_comes_page_by_page_once(calls: httpx.Client) -> None:
    answer = calls.get(f"{ROOT}/requests.json?page_size=7&status=open,closed")
    found = ids(answer.json())
    while answer.headers["CivicLake-Complete"] == "false":
        answer = calls.get(answer.headers["Link"][1:].partition(">")[0])
        found += ids(answer.json())
    assert len(found) == len(set(found)) == COUNT
    assert ids(calls.get(f"{ROOT}/requests.json?page_size=7&page=3").json()) == found[14:21]
    near = calls.get(f"{ROOT}/requests.json?lat=30.0&long=120.003&radius=150")
    assert sorted(ids(near.json())) == ["H~1002~.00", "H~1003~.01", "H~1004~.00"]


def test_refusals_have_georeports_form(calls: httpx.Client) -> None:
    for wrong in ("status=new", "start_date=x", "page=0", "lat=1", "colour=red", "page_size=999999999", "status="):
        told = calls.get(f"{ROOT}/requests.json?{wrong}")
        assert (told.status_code, told.json()[0]["code"]) == (400, 400), wrong
    missing = calls.get(f"{ROOT}/requests/none.xml")
    assert (missing.status_code, missing.headers["Content-Type"]) == (404, "application/xml")
    assert etree.fromstring(missing.content).findtext("error/code") == "404"
    assert calls.get(f"{ROOT}/services/none.json").status_code == 404
    assert calls.get(f"{ROOT}/requests.html").status_code == 404
    assert calls.get(f"{ROOT}/discovery.json").json()["endpoints"][0]["formats"] == [
        "application/json", "application/xml",
    ]  # fmt: skip


def test_a_city_without_requests_has_no_such_door(lamps: httpx.Client) -> None:
    nothing = lamps.get(f"{ROOT}/nothing.json").json()[0]["description"].partition("(")[0]
    for address in ("services", "requests", "discovery", "requests/1", "services/1"):
        told = lamps.get(f"{ROOT}/{address}.json")
        assert told.status_code == 404
        assert told.json()[0]["description"].partition("(")[0] == nothing


@settings(max_examples=60, derandomize=True, deadline=None)
@given(
    name=st.sampled_from([name for name in PARAMETERS if name not in ("radius", "release")]),
    text=st.text(max_size=12) | st.sampled_from(["H~1003~.01", "open", "2026-03-01", "~", ",", "9999-12-31"]),
)
def test_no_request_is_a_fault_of_ours(calls: httpx.Client, name: str, text: str) -> None:
    for suffix in ("json", "xml"):
        answer = calls.get(f"{ROOT}/requests.{suffix}", params={name: text, "page_size": "2"})
        assert answer.status_code in (200, 400), answer.text


@pytest.mark.parametrize(
    ("change", "key", "hint"),
    [
        ({}, None, ""),
        ({"dataset": "call"}, "open311.dataset", "did you mean `calls`?"),
        ({"status": "stat"}, "open311.status", "did you mean `state`?"),
        ({"requested": "no"}, "open311.requested", "DATE or TIMESTAMP"),
        ({"group": "at"}, "open311.group", "VARCHAR or TEXT"),
    ],
)
def test_what_a_city_says_is_checked(change: dict[str, str], key: str | None, hint: str) -> None:
    entry: CompiledDataset = dataset_entry("calls", COLUMNS, ("no", "part"))

    class Place:
        root = Path("city")
        open311 = REQUESTS.model_copy(update=change)

    found = check_service_requests(Place(), [entry])  # type: ignore[arg-type]  -- of a city no more is read
    assert [problem.key for problem in found] == ([key] if key else [])
    assert all(hint in problem.mend for problem in found)
