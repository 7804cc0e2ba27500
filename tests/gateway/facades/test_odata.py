"""python-odata against the server; options in a table; a walk gives every row; nothing is a fault of ours."""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import httpx
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from odata import ODataService

from tests.gateway.conftest import client_over
from tests.gateway.facades.lamps import COLUMNS, COUNT, rows
from tests.gateway.fake_release import publish
from tests.gateway.key_holders import issue_keys

LAMPS = rows()


@pytest.fixture(scope="module")
def http(home: Path) -> Iterator[httpx.Client]:
    with client_over(home) as client:
        yield client


SET = "/odata/lamps"
TYPES = {"lamp_no": "Edm.String", "watts": "Edm.Int64", "price": "Edm.Decimal", "lit": "Edm.Boolean",
         "set_up_on": "Edm.Date", "checked_at": "Edm.DateTimeOffset", "lon": "Edm.Double"}  # fmt: skip


@pytest.fixture(scope="module")
def service(lamps_address: str) -> Iterator[ODataService]:
    logging.getLogger("odata").setLevel(logging.WARNING)
    with requests.Session() as session:
        session.trust_env = False
        yield ODataService(f"{lamps_address}/odata/", reflect_entities=True, session=session, quiet_progress=True)


def numbers(client: httpx.Client, headers: dict[str, str] | None = None, **parameters: str) -> list[int]:
    """The lamps that options find, all pages of them."""
    options = {f"${name}": text for name, text in parameters.items()}
    answer = client.get(SET, params=options, headers=headers)
    found: list[int] = []
    while True:
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [int(lamp["lamp_no"][1:]) for lamp in page["value"]]
        if "@odata.nextLink" not in page:
            return found
        answer = client.get(page["@odata.nextLink"], headers=headers)


def which(holds: Any) -> list[int]:
    return [n for n, lamp in enumerate(LAMPS) if holds(lamp)]


class TestClient:
    """python-odata, which reads the entity model and makes classes of it."""

    def test_it_reads_the_model_and_every_row(self, service: ODataService) -> None:
        assert list(service.entities) == ["lamps"]
        lamp = service.entities["lamps"]
        assert {name for name in COLUMNS if hasattr(lamp, name)} == set(COLUMNS)
        found = service.query(lamp).all()
        assert [one.lamp_no for one in found] == [row["lamp_no"] for row in LAMPS]
        assert [one.watts for one in found] == [row["watts"] for row in LAMPS]
        assert found[3].checked_at.isoformat() == "2026-02-28T19:00:00+00:00"

    def test_it_filters_orders_selects_and_counts(self, service: ODataService) -> None:
        lamp = service.entities["lamps"]
        query = service.query(lamp)
        bright = query.filter((lamp.watts > 37) & (lamp.lit == True)).order_by(lamp.lamp_no.desc())  # noqa: E712  -- the client's own way to say so
        assert [one.lamp_no for one in bright.limit(2)] == ["L0238", "L0198"]
        assert {one["lamp_no"] for one in query.filter(lamp.kind.startswith("Spot")).select(lamp.lamp_no)} == {
            row["lamp_no"] for row in LAMPS if row["kind"] == "Spot's"
        }
        assert query.filter(lamp.kind == "Spot's").count() == sum(row["kind"] == "Spot's" for row in LAMPS)
        assert query.get("L0007").watts == 7
        grouped = query.apply("groupby((kind),aggregate($count as lamps))").raw({"$apply": "groupby((kind))"})
        assert {group["kind"] for group in grouped} == {None, "路灯", "Spot's", "50%"}


FILTERS: list[tuple[str, Any]] = [
    ("kind eq 'Spot''s'", lambda lamp: lamp["kind"] == "Spot's"),
    ("'路灯' ne kind", lambda lamp: lamp["kind"] != "路灯"),
    ("not (kind eq '路灯')", lambda lamp: lamp["kind"] != "路灯"),
    ("kind eq null or watts eq 1", lambda lamp: lamp["kind"] is None or lamp["watts"] == 1),
    ("kind ne null and not (watts gt 1)", lambda lamp: lamp["kind"] is not None and lamp["watts"] <= 1),
    ("not (checked_at gt 2026-03-01T00:00:00Z)",
     lambda lamp: lamp["checked_at"] is None or lamp["checked_at"].isoformat() <= "2026-03-01T08:00:00"),
    ("checked_at lt 2026-03-01T02:00:00%2B08:00".replace("%2B", "+"),
     lambda lamp: lamp["checked_at"] is not None and lamp["checked_at"].isoformat() < "2026-03-01T02:00:00"),
    ("watts in (1.0,39) and price lt 100.5",
     lambda lamp: lamp["watts"] in (1, 39) and lamp["price"] < Decimal("100.5")),
    ("not (kind in ('路灯','50%'))", lambda lamp: lamp["kind"] not in ("路灯", "50%")),
    ("contains(kind,'pot')", lambda lamp: lamp["kind"] == "Spot's"),
    ("not contains(kind,'pot')", lambda lamp: lamp["kind"] in ("路灯", "50%")),
    ("startswith(kind,'50%')", lambda lamp: lamp["kind"] == "50%"),
    ("endswith(kind,'%')", lambda lamp: lamp["kind"] == "50%"),
    ("tolower(kind) eq 'spot''s' or contains(tolower(kind),'0%')", lambda lamp: lamp["kind"] in ("Spot's", "50%")),
    ("tolower(kind) eq 'SPOT''S' or contains(tolower(kind),'POT')", lambda _: False),
    ("not (tolower(kind) eq 'SPOT''S')", lambda _: True),
    ("not startswith(tolower(kind),'S')", lambda lamp: lamp["kind"] is not None),
    ("contains(kind,tolower('POT'))", lambda lamp: lamp["kind"] == "Spot's"),
    ("lit and watts gt 37", lambda lamp: lamp["lit"] and lamp["watts"] > 37),
    ("lit eq false and watts ge 39", lambda lamp: not lamp["lit"] and lamp["watts"] == 39),
    ("set_up_on ge 2026-03-30", lambda lamp: lamp["set_up_on"].isoformat() >= "2026-03-30"),
    ("year(set_up_on) eq 2026 and watts eq 0", lambda lamp: lamp["watts"] == 0),
    ("date(checked_at) eq 2026-03-02",
     lambda lamp: lamp["checked_at"] is not None and lamp["checked_at"].day == 2 and lamp["checked_at"].month == 3),
    ("date(checked_at) ne 2026-03-02",
     lambda lamp: not (lamp["checked_at"] and lamp["checked_at"].day == 2 and lamp["checked_at"].month == 3)),
    ("true and not false and watts eq 5", lambda lamp: lamp["watts"] == 5),
    ("watts gt null", lambda _: False),
    ("year(set_up_on) eq 9999 or date(checked_at) eq 9999-12-31", lambda _: False),
    ("watts gt 37.5 and watts lt 1e2", lambda lamp: lamp["watts"] > 37),
    ("watts eq 2.5 or price eq 3.105 or watts eq 4.0", lambda lamp: lamp["watts"] == 4),
    ("watts ne 2.5 and watts le 0.5", lambda lamp: lamp["watts"] == 0),
]  # fmt: skip


@pytest.mark.parametrize(("text", "holds"), FILTERS, ids=[text for text, _ in FILTERS])
def test_filters_find_what_they_say(lamps: httpx.Client, text: str, holds: Any) -> None:
    assert numbers(lamps, filter=text) == which(holds)


def test_every_row_comes_page_by_page_once(lamps: httpx.Client) -> None:
    small = {"Prefer": "odata.maxpagesize=40"}
    first = lamps.get(SET, headers=small, params={"$count": "true"})
    assert (len(first.json()["value"]), first.json()["@odata.count"]) == (40, COUNT)
    assert first.headers["Preference-Applied"] == "odata.maxpagesize=40"
    assert numbers(lamps, small) == list(range(COUNT))
    assert numbers(lamps, small, skip="10", top="100") == list(range(10, 110))
    assert numbers(lamps, small, orderby="watts desc,lamp_no", top="90")[:3] == [39, 79, 119]
    assert numbers(lamps, top="0") == []
    assert numbers(lamps, search="L0003") == numbers(lamps, search='L0003 AND "0003"') == [3]


@pytest.mark.parametrize("descending", [False, True])
def test_nothing_is_below_every_value(lamps: httpx.Client, descending: bool) -> None:
    """OData 4.01, Protocol, 11.2.6.2; through all pages, and of groups."""
    word = "desc" if descending else "asc"
    expected = sorted(
        range(COUNT),
        key=lambda n: ((LAMPS[n]["kind"] is not None, LAMPS[n]["kind"] or ""), n if not descending else -n),
        reverse=descending,
    )
    small = {"Prefer": "odata.maxpagesize=17"}
    assert numbers(lamps, small, orderby=f"kind {word}") == expected
    asked = {"$apply": "groupby((kind),aggregate(checked_at with min as first))", "$orderby": f"kind {word}"}
    page = lamps.get(SET, params=asked, headers={"Prefer": "odata.maxpagesize=1"}).json()
    kinds = [group["kind"] for group in page["value"]]
    while "@odata.nextLink" in page:
        page = lamps.get(page["@odata.nextLink"], headers={"Prefer": "odata.maxpagesize=1"}).json()
        kinds += [group["kind"] for group in page["value"]]
    assert kinds == sorted(kinds, key=lambda kind: (kind is not None, kind or ""), reverse=descending)
    assert len(kinds) == 4


def test_an_entity_by_its_key(lamps: httpx.Client) -> None:
    one = lamps.get(f"{SET}('L0003')").json()
    assert one["@odata.context"].endswith("/odata/$metadata#lamps/$entity")
    assert (one["watts"], one["price"], one["checked_at"]) == (3, 3.10, "2026-02-28T19:00:00Z")
    assert one == lamps.get(f"{SET}(lamp_no='L0003')").json()
    assert lamps.get(f"{SET}('L9999')").status_code == 404
    some = lamps.get(f"{SET}('L0003')?$select=watts,lit").json()
    assert some.pop("@odata.context").endswith("/odata/$metadata#lamps(watts,lit)/$entity")
    assert some == {"watts": 3, "lit": False}
    for wrong in ("(3,4)", "(no='x')", "()", "(null)", "('x"):
        assert lamps.get(f"{SET}{wrong}").status_code in (400, 404), wrong


def test_groups_are_named_by_the_caller(lamps: httpx.Client) -> None:
    apply = (
        "filter(watts gt 0)/groupby((kind,lit),aggregate($count as n,watts with average as mean,price with sum as all))"
    )
    answer = lamps.get(SET, params={"$apply": apply, "$orderby": "n desc", "$filter": "n gt 30.5"})
    assert answer.status_code == 200, answer.text
    truth = Counter((lamp["kind"], lamp["lit"]) for lamp in LAMPS if lamp["watts"])
    told = answer.json()
    assert {(group["kind"], group["lit"]): group["n"] for group in told["value"]} == {
        key: count for key, count in truth.items() if count > 30
    }
    assert list(told["value"][0]) == ["kind", "lit", "n", "mean", "all"]
    assert told["@CivicLake.withheld"] is False
    every = lamps.get(SET, params={"$apply": "aggregate(price with max as most,kind with countdistinct as kinds)"})
    assert every.json()["value"] == [{"most": 249.10, "kinds": 3}]


def test_the_model_in_both_forms(lamps: httpx.Client) -> None:
    assert lamps.get("/odata").json()["value"][0]["name"] == "lamps"
    answer = lamps.get("/odata/$metadata")
    assert (answer.headers["Content-Type"], answer.headers["OData-Version"]) == ("application/xml", "4.0")
    space = {"e": "http://docs.oasis-open.org/odata/ns/edm"}
    tree = ElementTree.fromstring(answer.content)
    told = {found.attrib["Name"]: found.attrib["Type"] for found in tree.iterfind(".//e:Property", space)}
    assert told.items() >= TYPES.items()
    assert [found.attrib["Name"] for found in tree.iterfind(".//e:Key/e:PropertyRef", space)] == ["lamp_no"]
    plain = lamps.get("/odata/$metadata", headers={"Accept": "application/json"}).json()["CivicLake"]["lamps"]
    assert lamps.get(SET, headers={"Accept": "application/atom+xml"}).json()["error"]["code"] == "not-acceptable"
    assert lamps.get(f"{SET}?$format=json&$top=1", headers={"Accept": "application/atom+xml"}).status_code == 200
    for form, status in (("xml", 200), ("application/json", 200), ("poney", 400)):
        assert lamps.get(f"/odata/$metadata?$format={form}").status_code == status
    assert {name: plain[name]["$Type"] for name in TYPES} == TYPES
    assert b"sealed" not in answer.content


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ("$filter=", "bad-value"), ("$filter=watts eq", "bad-value"), ("$filter=secret eq 1", "unknown-column"),
        ("$filter=length(kind) gt 2", "unknown-operator"), ("$filter=watts eq 'x'", "bad-value"),
        ("$filter=eq(watts)", "bad-value"), ("$filter=kind in ()", "bad-value"), ("$filter=kind eq watts", "bad-value"),
        ("$filter=watts eq true", "bad-value"), ("$filter=year(kind) eq x", "bad-value"),
        ("$select=x", "unknown-column"),
        ("$orderby=watts down", "bad-value"), ("$top=-1", "bad-value"), ("$skip=x", "bad-value"),
        ("$expand=x", "unknown-parameter"), ("top=1", "unknown-parameter"), ("$format=xml", "bad-value"),
        ("$count=yes", "bad-value"), ("$search=a OR b", "bad-value"), ('$search="a b"', "bad-value"),
        ("$search=NOT a", "bad-value"), ('$search="a', "bad-value"),
        ("$apply=" + "filter(lit)/" * 60 + "groupby((kind))", "too-many-conditions"),
        ("$skiptoken=x", "bad-cursor"), ("$apply=topcount(1,watts)", "bad-value"),
        ("$apply=groupby((x))", "unknown-column"), ("$apply=aggregate(kind with sum as s)", "unknown-operator"),
        ("$apply=groupby((kind))&$orderby=watts", "unknown-output"),
        ("$apply=groupby((kind))&$select=kind", "bad-value"),
        ("$filter=" + "(" * 2000, "bad-value"), ("$filter=" + "not " * 2000 + "lit", "bad-value"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_in_odatas_form(lamps: httpx.Client, options: str, code: str) -> None:
    answer = lamps.get(f"{SET}?{options}")
    told = answer.json()["error"]
    assert (answer.status_code, told["code"]) == (400, code), answer.text
    assert told["message"]
    assert told["innererror"]["request_id"]


_WORDS = st.sampled_from(
    ["kind", "watts", "lit", "'x'", "'", "1", "-1.5e3", "2026-01-01", "2026-01-01T00:00:00Z", "(", ")", ",", "/", "=",
     "and", "or", "not", "eq", "ne", "ge", "in", "null", "true", "contains(", "year(", "tolower(", "filter(",
     "groupby((", "aggregate(", "with", "as", "sum", "$count", "n", "路", "\x00", ";"]
)  # fmt: skip


@settings(max_examples=150, derandomize=True, deadline=None)
@given(words=st.lists(_WORDS, max_size=12))
def test_no_option_is_a_fault_of_ours(lamps: httpx.Client, words: list[str]) -> None:
    text = " ".join(words)
    for name in ("$filter", "$apply", "$orderby"):
        answer = lamps.get(SET, params={name: text, "$top": "1"})
        assert answer.status_code in (200, 400), (name, text, answer.text)
    assert lamps.get(f"{SET}({quote(text.replace('/', ''))})").status_code in (200, 400, 404)


def test_long_numbers_are_texts_for_those_whose_numbers_are_floats(http: httpx.Client) -> None:
    asked = "application/json;odata.metadata=minimal;IEEE754Compatible=true"
    address = "/odata/tickets?$top=2&$count=true&$select=minutes,fee,ratio,total"
    told = http.get(address, headers={"Accept": asked})
    assert told.headers["Content-Type"].endswith(";IEEE754Compatible=true")
    assert told.json()["@odata.count"] == "80"
    plain = http.get(address)
    pairs = zip(told.json()["value"], json.loads(plain.text, parse_int=str, parse_float=str)["value"], strict=True)
    for quoted, written in pairs:
        assert quoted == written | {"ratio": quoted["ratio"]}
        assert isinstance(quoted["ratio"], float | None)
    assert told.json()["value"][1]["total"] == "170141183460469231731687303716"
    assert plain.headers["ETag"] != told.headers["ETag"]
    grouped = http.get(f"/odata/tickets?$apply=aggregate($count as n)&$format={quote(asked)}").json()
    assert grouped["value"] == [{"n": "80"}]


def test_a_key_is_taken_as_name_and_password(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=5)
    key = issue_keys(tmp_path)["owner"]["X-API-Key"]
    name, _, password = key.rpartition("_")
    with client_over(tmp_path) as client:
        assert client.get("/odata/tickets", auth=(name, password)).status_code == 200
        wrong = client.get("/odata/tickets", auth=(name, "wrong"))
        assert (wrong.status_code, wrong.json()["error"]["code"]) == (401, "unauthenticated")
        assert client.get("/ogc/collections", auth=(name, password)).status_code == 401
