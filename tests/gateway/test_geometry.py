"""Where rows are, against plain Python; searching their texts."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.query.shapes import parse_area
from tests.gateway.conftest import client_over
from tests.gateway.places import places, publish_places

ROWS = places()
RING = [[120.05, 30.05], [120.35, 30.1], [120.3, 30.35], [120.1, 30.3], [120.05, 30.05]]
HOLE = [[120.15, 30.15], [120.25, 30.15], [120.25, 30.25], [120.15, 30.25], [120.15, 30.15]]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    home: Path = tmp_path_factory.mktemp("places")
    publish_places(home, ROWS)
    with client_over(home) as found:
        yield found


def asked(client: httpx.Client, **parameters: str) -> list[int]:
    query = urlencode({"select": "id", "limit": "1000", **parameters})
    answer = client.get(f"/v1/datasets/places/rows?{query}")
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["rows"]]


def there(passes: Callable[[float, float], bool]) -> list[int]:
    return [
        row["id"]
        for row in ROWS
        if all(row[n] is not None and math.isfinite(row[n]) and abs(row[n]) <= 180 for n in ("lon", "lat"))
        and passes(row["lon"], row["lat"])
    ]


def inside(ring: list[list[float]], lon: float, lat: float) -> bool:
    """By the angles under which the ring is seen: another way than the gateway's."""
    turned = 0.0
    for (x1, y1), (x2, y2) in pairwise(ring):
        step = math.atan2(y2 - lat, x2 - lon) - math.atan2(y1 - lat, x1 - lon)
        turned += (step + math.pi) % (2 * math.pi) - math.pi
    return abs(turned) > math.pi


def metres(lon1: float, lat1: float, lon2: float, lat2: float) -> float:
    """By the chord through the earth."""
    points = [(math.radians(lon), math.radians(lat)) for lon, lat in ((lon1, lat1), (lon2, lat2))]
    ends = [(math.cos(y) * math.cos(x), math.cos(y) * math.sin(x), math.sin(y)) for x, y in points]
    return 2 * 6_371_008.8 * math.asin(math.dist(*ends) / 2)


def test_a_box_holds_the_places_in_it(client: httpx.Client) -> None:
    expected = there(lambda lon, lat: 120.1 <= lon <= 120.2 and 30.1 <= lat <= 30.3)
    assert asked(client, bbox="120.1,30.1,120.2,30.3") == expected
    beyond = there(lambda lon, lat: (lon >= 120.2 or lon <= -170) and lat >= 30)
    assert asked(client, bbox="120.2,30,-170,90") == beyond
    assert expected
    assert beyond


@pytest.mark.parametrize("name", ["within", "intersects"])
@pytest.mark.parametrize("form", ["wkt", "geojson", "multi"])
def test_a_polygon_holds_the_places_in_it_but_not_those_in_its_hole(client: httpx.Client, name: str, form: str) -> None:
    rings = ", ".join("(" + ", ".join(f"{x} {y}" for x, y in ring) + ")" for ring in (RING, HOLE))
    shape = {
        "wkt": f"POLYGON({rings})",
        "geojson": json.dumps({"type": "Polygon", "coordinates": [RING, HOLE]}),
        "multi": f"MULTIPOLYGON(({rings}))",
    }[form]
    expected = there(lambda lon, lat: inside(RING, lon, lat) and not inside(HOLE, lon, lat))
    assert asked(client, **{name: shape}) == expected
    assert 20 < len(expected) < 280


@settings(max_examples=60, deadline=None)
@given(
    lon=st.sampled_from((120.2, 0.0, -179.99, 180.0)),
    lat=st.sampled_from((30.2, 90.0, -90.0)),
    reach=st.sampled_from((0.0, 800.0, 5_000.0, 12_345.6, 9e6, 3e7)),
)
def test_places_near_another_are_those_within_the_distance(
    client: httpx.Client, lon: float, lat: float, reach: float
) -> None:
    told = asked(client, near=f"{lon},{lat},{reach}")
    assert told == there(lambda x, y: metres(lon, lat, x, y) <= reach)


def test_shapes_go_with_groups_and_totals(client: httpx.Client) -> None:
    expected = there(lambda lon, lat: 120.1 <= lon <= 120.2 and 30.1 <= lat <= 30.3)
    query = "bbox=120.1,30.1,120.2,30.3"
    assert client.get(f"/v1/datasets/places/count?{query}").json()["count"] == len(expected)
    groups = client.get(f"/v1/datasets/places/aggregate?group=street&{query}").json()["groups"]
    assert sum(group["count"] for group in groups) == len(expected)


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"bbox": "1,2,3"}, "bad-value"),
        ({"bbox": "1,2,3,nan"}, "bad-value"),
        ({"bbox": "1,5,3,4"}, "bad-value"),
        ({"bbox": "1,5,300,6"}, "bad-value"),
        ({"near": "1,2,-3"}, "bad-value"),
        ({"near": "1,2"}, "bad-value"),
        ({"within": "POINT(1 2)"}, "bad-value"),
        ({"within": "POLYGON((1 2, 3 4, 5 6))"}, "bad-value"),
        ({"within": "POLYGON((1 2, 3 4, 5 6, 1 2)"}, "bad-value"),
        ({"within": '{"type":"Polygon"}'}, "bad-value"),
        ({"within": '{"type":"Polygon","coordinates":[[[1,"x"]]]}'}, "bad-value"),
        ({"within": '{"type":"Polygon","coordinates":7}'}, "bad-value"),
        ({"within": "{"}, "bad-value"),
        ({"within": "POLYGON((" + ",".join(["1 2"] * 2001) + "))"}, "too-many-conditions"),
        ({"q": " "}, "bad-value"),
        ({"q": "a " * 17}, "bad-value"),
    ],
)
def test_a_shape_that_cannot_be_read_is_refused(client: httpx.Client, parameters: dict[str, str], code: str) -> None:
    answer = client.get("/v1/datasets/places/rows", params=parameters)
    assert answer.status_code == 400
    assert (answer.json()["code"], answer.json()["parameter"]) == (code, next(iter(parameters)))


def test_where_no_coordinates_are_seen_no_place_is_asked(client: httpx.Client, home: Path) -> None:
    with client_over(home) as other:
        answer = other.get("/v1/datasets/tickets/rows?bbox=1,2,3,4")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad-value")


@given(st.text(max_size=60))
def test_any_text_is_a_shape_or_refused(text: str) -> None:
    with suppress(ValueError, OverflowError):
        assert parse_area(text).rings


@pytest.mark.parametrize("words", ["公园", "park", "harbour 长江", "PARK 人民", "%", "quoted", "图书馆1"])
def test_every_word_stands_in_some_text(client: httpx.Client, words: str) -> None:
    def holds(row: dict[str, Any]) -> bool:
        texts = [(row[name] or "").lower() for name in ("name", "street")]  # the secret is not searched
        return all(any(word.lower() in text for text in texts) for word in words.split())

    assert asked(client, q=words) == [row["id"] for row in ROWS if holds(row)]


def test_search_goes_with_groups_and_looks_at_visible_texts_only(client: httpx.Client) -> None:
    told = client.get("/v1/datasets/places/aggregate?q=图书馆&group=name").json()
    assert (told["basis"], [group["name"] for group in told["groups"]]) == ("rows", ["图书馆"])
