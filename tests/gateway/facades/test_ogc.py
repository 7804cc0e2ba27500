"""OWSLib and GDAL, as QGIS uses it, against the server; filters in both written forms; nothing is a fault of ours."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import httpx
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from owslib.ogcapi.features import Features
from owslib.ogcapi.records import Records
from pyogrio import list_layers, read_info
from pyogrio.raw import read

from gateway.facades.reading import DEEPEST
from tests.gateway.facades.lamps import COLUMNS, COUNT, rows

LAMPS = rows()


@pytest.fixture(scope="module")
def gdal(lamps_address: str, monkeymodule: pytest.MonkeyPatch) -> str:
    monkeymodule.setenv("NO_PROXY", "127.0.0.1")
    return f"OAPIF:{lamps_address}/ogc"


@pytest.fixture(scope="module")
def monkeymodule() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def ids(found: dict[str, Any]) -> list[str]:
    return [feature["id"] for feature in found["features"]]


def numbers(client: httpx.Client, **parameters: str) -> list[int]:
    """The lamps that a request finds, all pages of it."""
    answer = client.get("/ogc/collections/lamps/items", params={"limit": "100"} | parameters)
    found: list[int] = []
    while True:
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += [int(name[1:]) for name in ids(page)]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            return found
        answer = client.get(following[0])


class TestOWSLib:
    """The client that QGIS' plugins and many scripts use."""

    def test_collections_features_and_their_description(self, lamps_address: str) -> None:
        client = Features(f"{lamps_address}/ogc")
        assert client.feature_collections() == ["lamps"]
        assert "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text" in client.conformance()["conformsTo"]
        assert "/collections/lamps/items" in client.api()["paths"]
        assert client.collection("lamps")["extent"]["spatial"]["bbox"] == [[1.0, 2.0, 3.0, 4.0]]
        assert set(client.collection_queryables("lamps")["properties"]) == {*COLUMNS, "geometry"}

    def test_items_by_box_time_filter_order_and_id(self, lamps_address: str) -> None:
        client = Features(f"{lamps_address}/ogc")
        boxed = client.collection_items("lamps", bbox=[120.1, 30.1, 120.2, 30.2], limit=1000)
        assert boxed["numberMatched"] == boxed["numberReturned"] == 90
        timed = client.collection_items("lamps", datetime_="2026-03-01T02:00:00+08:00/2026-03-01T04:00:00+08:00")
        assert ids(timed) == ["L0002", "L0003", "L0004"]
        asked = client.collection_items("lamps", filter="watts > 38 AND lit = FALSE", sortby=("lamp_no", "desc"))
        assert ids(asked) == ["L0239", "L0199", "L0159", "L0119", "L0079", "L0039"]
        lamp = client.collection_item("lamps", "L0003")
        assert lamp["geometry"] == {"type": "Point", "coordinates": [120.003, 30.003]}
        assert lamp["properties"]["checked_at"] == "2026-02-28T19:00:00Z"

    def test_records(self, lamps_address: str) -> None:
        client = Records(f"{lamps_address}/ogc")
        assert client.records() == ["dataset-records"]
        found = client.collection_items("dataset-records", q="lamps")
        assert (ids(found), found["numberMatched"]) == (["lamps"], 1)
        assert client.collection_items("dataset-records", q="sealed")["features"] == []
        assert client.collection_items("dataset-records", bbox=[10, 10, 11, 11])["features"] == []
        assert client.collection_item("dataset-records", "lamps")["properties"]["type"] == "dataset"


class TestGDAL:
    """The driver behind ogr2ogr, pyogrio and geopandas."""

    def test_it_opens_counts_and_reads_every_row(self, gdal: str) -> None:
        assert ["lamps", "Point"] in list_layers(gdal).tolist()
        told = read_info(gdal, layer="lamps")
        assert told["features"] == COUNT
        assert dict(zip(told["fields"], told["ogr_types"], strict=True))["checked_at"] == "OFTDateTime"
        _, _, geometry, (names, *_) = read(gdal, layer="lamps")
        assert sorted(names) == [lamp["lamp_no"] for lamp in LAMPS]
        assert sum(place is None for place in geometry) == COUNT // 10

    @pytest.mark.parametrize(
        ("where", "holds"),
        [
            ("kind = '路灯'", lambda lamp: lamp["kind"] == "路灯"),
            ("watts >= 35 AND price < 100", lambda lamp: lamp["watts"] >= 35 and lamp["price"] < 100),
            ("kind LIKE 'Spot%' OR watts = 3", lambda lamp: lamp["kind"] == "Spot's" or lamp["watts"] == 3),
            ("set_up_on = '2026/01/05'", lambda lamp: lamp["set_up_on"] == date(2026, 1, 5)),
            ("NOT (kind IS NULL)", lambda lamp: lamp["kind"] is not None),
            ("watts > 37.5", lambda lamp: lamp["watts"] > 37),
        ],
    )
    def test_it_filters(self, gdal: str, where: str, holds: Any) -> None:
        found = read(gdal, layer="lamps", where=where)[3][0]
        assert sorted(found) == [lamp["lamp_no"] for lamp in LAMPS if holds(lamp)]

    def test_it_cuts_out_a_box(self, gdal: str) -> None:
        assert len(read(gdal, layer="lamps", bbox=(120.1, 30.1, 120.2, 30.2))[3][0]) == 90


def test_a_caller_that_takes_no_json_is_told_so(lamps: httpx.Client) -> None:
    for address in ("/ogc", "/ogc/collections/lamps/items", "/ogc/collections/dataset-records/items"):
        for accept, status in (("text/html", 406), ("application/json", 200), ("text/html, */*;q=0.1", 200)):
            assert lamps.get(address, headers={"Accept": accept}).status_code == status, (address, accept)
        assert lamps.get(f"{address}?f=json", headers={"Accept": "text/html"}).status_code == 200


def kind_is(*kinds: str) -> list[int]:
    return [n for n, lamp in enumerate(LAMPS) if lamp["kind"] in kinds]


FILTERS: list[tuple[str, Any, list[int]]] = [
    ("kind = 'Spot''s'", {"op": "=", "args": [{"property": "kind"}, "Spot's"]}, kind_is("Spot's")),
    ("'路灯' = \"kind\"", {"op": "=", "args": ["路灯", {"property": "kind"}]}, kind_is("路灯")),
    ("CASEI(kind) = CASEI('SPOT''S')",
     {"op": "=", "args": [{"op": "casei", "args": [{"property": "kind"}]}, {"op": "casei", "args": ["SPOT'S"]}]},
     kind_is("Spot's")),
    ("CASEI(kind) = '50%'",
     {"op": "=", "args": [{"op": "casei", "args": [{"property": "kind"}]}, "50%"]}, kind_is("50%")),
    ("kind LIKE 'Sp_t%'", {"op": "like", "args": [{"property": "kind"}, "Sp_t%"]}, kind_is("Spot's")),
    ("kind IS NULL", {"op": "isNull", "args": [{"property": "kind"}]}, list(range(0, COUNT, 7))),
    ("NOT kind IN ('50%', '路灯')",
     {"op": "not", "args": [{"op": "in", "args": [{"property": "kind"}, ["50%", "路灯"]]}]}, kind_is("Spot's")),
    ("watts BETWEEN 38 AND 39 AND price <= 79.10",
     {"op": "and", "args": [{"op": "between", "args": [{"property": "watts"}, 38, 39]},
                            {"op": "<=", "args": [{"property": "price"}, 79.1]}]}, [38, 39, 78, 79]),
    ("lit AND watts = 2 OR price = 7.10",
     {"op": "or", "args": [{"op": "and", "args": [{"property": "lit"},
                                                  {"op": "=", "args": [{"property": "watts"}, 2]}]},
                           {"op": "=", "args": [{"property": "price"}, 7.10]}]},
     [2, 7, 42, 82, 122, 162, 202, 242]),
    ("checked_at < TIMESTAMP('2026-02-28T18:00:00Z')",
     {"op": "<", "args": [{"property": "checked_at"}, {"timestamp": "2026-02-28T18:00:00Z"}]}, [1]),
    ("set_up_on >= DATE('2026-03-31') AND watts > 0",
     {"op": "and", "args": [{"op": ">=", "args": [{"property": "set_up_on"}, {"date": "2026-03-31"}]},
                            {"op": ">", "args": [{"property": "watts"}, 0]}]}, [89, 179]),
    ("S_INTERSECTS(geometry, POINT(120.003 30.003))",
     {"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "Point", "coordinates": [120.003, 30.003]}]},
     [3]),
    ("S_INTERSECTS(geometry, BBOX(120, 30, 120.0035, 31))",
     {"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": [120, 30, 120.0035, 31]}]}, [1, 2, 3]),
    ("S_WITHIN(geometry, POLYGON((119.9 29.9, 120.0045 29.9, 120.0045 30.1, 119.9 30.1, 119.9 29.9)))",
     {"op": "s_within", "args": [{"property": "geometry"}, {"type": "Polygon", "coordinates": [
         [[119.9, 29.9], [120.0045, 29.9], [120.0045, 30.1], [119.9, 30.1], [119.9, 29.9]]]}]}, [1, 2, 3, 4]),
    ("S_DISJOINT(geometry, BBOX(120.004, 30, 121, 31))",
     {"op": "s_disjoint", "args": [{"property": "geometry"}, {"bbox": [120.004, 30, 121, 31]}]}, [1, 2, 3]),
    ("watts IN (38.0) AND price < 79",
     {"op": "and", "args": [{"op": "in", "args": [{"property": "watts"}, [38.0]]},
                            {"op": "<", "args": [{"property": "price"}, 79]}]}, [38, 78]),
    ("FALSE OR watts = 39 AND TRUE",
     {"op": "or", "args": [False, {"op": "=", "args": [{"property": "watts"}, 39]}]}, [39, 79, 119, 159, 199, 239]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "tree", "expected"), FILTERS, ids=[text for text, _, _ in FILTERS])
def test_a_filter_means_the_same_in_both_forms(lamps: httpx.Client, text: str, tree: Any, expected: list[int]) -> None:
    assert numbers(lamps, filter=text) == expected
    assert numbers(lamps, **{"filter": json.dumps(tree), "filter-lang": "cql2-json"}) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "bad-value"), ("kind =", "bad-value"), ("kind = 'x", "bad-value"), ("kind = 'x' watts", "bad-value"),
        ("watts = 'many'", "bad-value"), ("watts + 1 = 2", "bad-value"), ("secret = 1", "unknown-column"),
        ("f(kind)", "unknown-operator"), ("lit LIKE 'x'", "unknown-operator"), ("kind = TRUE", "bad-value"),
        ("S_INTERSECTS(kind, POINT(1 2))", "bad-value"), ("S_INTERSECTS(geometry, POINT(900 2))", "bad-value"),
        ("kind = watts", "bad-value"), ("casei() = 'x'", "bad-value"), ("(" * 5000, "bad-value"),
        ("not " * (DEEPEST + 1) + "lit", "bad-value"), (" OR ".join(["lit"] * 60), "too-many-conditions"),
    ],
)  # fmt: skip
def test_what_cannot_be_asked_is_refused_in_words(lamps: httpx.Client, text: str, code: str) -> None:
    answer = lamps.get("/ogc/collections/lamps/items", params={"filter": text})
    assert (answer.status_code, answer.json()["code"]) == (400, code), answer.text


_WORDS = st.sampled_from(
    ["kind", "watts", "lit", '"', "'x'", "'", "1", "-1.5e3", "(", ")", ",", "AND", "OR", "NOT", "=", "<>", ">=", "LIKE",
     "BETWEEN", "IN", "IS", "NULL", "TRUE", "DATE(", "BBOX(1,2,3,4)", "POINT(1 2)", "POLYGON((", "CASEI(",
     "S_INTERSECTS(", "geometry", "路", "\x00", "é", ";", "--"]
)  # fmt: skip
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.sampled_from(
        [{"property": "kind"}, {"property": "watts"}, {"date": "2026-01-01"}, {"bbox": [1, 2, 3, 4]}]
    ),
    lambda inner: st.lists(inner, max_size=3)
    | st.builds(
        lambda name, arguments: {"op": name, "args": arguments},
        st.sampled_from(["and", "or", "not", "=", "<", "like", "in", "between", "isNull", "casei", "x"]),
        st.lists(inner, max_size=3),
    ),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=150, derandomize=True, deadline=None)
@given(text=st.lists(_WORDS, max_size=12).map(" ".join), tree=_VALUES)
def test_no_filter_is_a_fault_of_ours(lamps: httpx.Client, text: str, tree: Any) -> None:
    for language, written in (("cql2-text", text), ("cql2-json", json.dumps(tree))):
        parameters = {"filter": written, "filter-lang": language, "limit": "1"}
        answer = lamps.get("/ogc/collections/lamps/items", params=parameters)
        assert answer.status_code in (200, 400), (written, answer.text)


@pytest.mark.parametrize("written", ['{"op":"=","args":[{"property":"kind"},"\\ud800"]}', "[" * 9_999, "{", "NaN"])
def test_a_filter_that_is_no_json_is_refused(lamps: httpx.Client, written: str) -> None:
    parameters = {"filter": written, "filter-lang": "cql2-json"}
    assert lamps.get("/ogc/collections/lamps/items", params=parameters).json()["code"] == "bad-value"


def test_the_address_keeps_to_the_standard(lamps: httpx.Client) -> None:
    items = "/ogc/collections/lamps/items"
    assert lamps.get(f"{items}?limit=99999999").json()["numberReturned"] == COUNT
    for wrong in ("limit=0", "limit=x", "colour=1", "bbox=1,2,3", "datetime=x", "datetime=../..", "crs=EPSG:4326",
                  "filter-lang=cql2-text", "filter=lit&filter-lang=ecql", "f=json&f=json"):  # fmt: skip
        assert lamps.get(f"{items}?{wrong}").status_code == 400, wrong
    assert lamps.get(f"{items}?f=html").status_code == 406
    named = {"Host": "city.example"}  # and the address we go by where it is not the one that was asked
    one = lamps.get(f"{items}/L0003?release=1", headers=named).json()
    assert [link["href"] for link in one["links"]] == [
        "http://city.example/ogc/collections/lamps/items/L0003?release=1",
        "http://city.example/ogc/collections/lamps?release=1",
    ]
    assert lamps.get(f"{items}/L9999").status_code == lamps.get("/ogc/collections/sealed").status_code == 404
    for last in ("9999-12-31", "../9999-12-31", "0001-01-01/9999-12-31T23:59:59.999999Z"):
        assert lamps.get(f"{items}?datetime={last}").status_code in (200, 400), last
        assert lamps.get(f"/ogc/collections/dataset-records/items?datetime={last}").status_code in (200, 400), last
    assert numbers(lamps, checked_at="2026-02-28T17:00:00Z") == [1]
    assert numbers(lamps, limit="7") == list(range(COUNT))
    described = lamps.get("/ogc/collections/lamps/queryables").json()
    jsonschema.Draft202012Validator.check_schema(described)
    page = lamps.get(items, headers={"If-None-Match": lamps.get(items).headers["ETag"]})
    assert page.status_code == 304
