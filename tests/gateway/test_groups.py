"""What aggregates, values, facets and totals give, against plain Python over the stored rows."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.query.buckets import BUCKETS
from gateway.query.measures import MEASURES
from tests.gateway.conftest import client_over
from tests.gateway.fake_release import TICKETS, publish, publish_rows, tickets
from tests.gateway.policy.city import entries

ADDRESS = "/v1/datasets/tickets/aggregate"
Row = dict[str, Any]


def _day(moment: Any) -> date:
    return moment.date() if isinstance(moment, datetime) else moment


SPANS: dict[str, Callable[[Any], Any]] = {
    "year": lambda v: _day(v).replace(month=1, day=1),
    "quarter": lambda v: _day(v).replace(month=(v.month - 1) // 3 * 3 + 1, day=1),
    "month": lambda v: _day(v).replace(day=1),
    "week": lambda v: _day(v) - timedelta(days=v.weekday()),
    "day": _day,
    "hour": lambda v: v.replace(minute=0, second=0, microsecond=0),
}
FIGURES: dict[str, Callable[[list[Any]], Any]] = {
    "count": len,
    "distinct": lambda values: len(set(values)),
    "sum": lambda values: sum(values) if values else None,
    "avg": lambda values: float(sum(values)) / len(values) if values else None,
    "median": lambda values: statistics.median(map(float, values)) if values else None,
    "min": lambda values: min(values, default=None),
    "max": lambda values: max(values, default=None),
}
KEYS = ("district", "urgent", "minutes", "opened_on", "note", "opened_on__week", "opened_on__month", "opened_at__hour")
ASKED = ("count", "fee__sum", "fee__avg", "fee__median", "minutes__sum", "minutes__avg", "minutes__min", "fee__max")
ASKED += ("note__distinct", "opened_at__max", "district__min", "urgent__count", "tags__count", "minutes__median")
FILTERS: dict[str, Callable[[Row], bool]] = {
    "": lambda row: True,
    "minutes__ge=4": lambda row: row["minutes"] is not None and row["minutes"] >= 4,
    "district__notin=区1": lambda row: row["district"] not in (None, "区1"),
    "minutes=99": lambda row: False,
}


def stored(home: Path) -> list[Row]:
    return [dict(zip(TICKETS, row, strict=True)) for row in tickets(home, 1)]


def value_of(row: Row, name: str) -> Any:
    column, _, span = name.partition("__")
    return row[column] if not span or row[column] is None else SPANS[span](row[column])


def grouped(rows: list[Row], keys: list[str], figures: list[str]) -> list[Row]:
    """The groups, ordered by their keys, those without a value last."""
    found: dict[tuple[Any, ...], list[Row]] = {} if keys else {(): []}
    for row in rows:
        found.setdefault(tuple(value_of(row, key) for key in keys), []).append(row)
    ordered = sorted(
        found, key=lambda values: [(value is None, value or 0) if value != "" else (False, "") for value in values]
    )
    return [
        dict(zip(keys, values, strict=True)) | {figure: figure_of(found[values], figure) for figure in figures}
        for values in ordered
    ]


def figure_of(rows: list[Row], name: str) -> Any:
    if name == "count":
        return len(rows)
    column, _, measure = name.partition("__")
    values = [row[column] for row in rows if row[column] is not None]
    return len(values) if measure == "count" else FIGURES[measure](values)


def plain(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return round(value, 9) if isinstance(value, float) else value


def walked(client: httpx.Client, query: str) -> list[Row]:
    """All groups, following `next`."""
    groups: list[Row] = []
    following: str | None = f"{ADDRESS}?{query}"
    while following:
        answer = client.get(following)
        assert answer.status_code == 200, answer.text
        page = json.loads(answer.text, parse_float=Decimal)
        assert page["complete"] is (page["next"] is None)
        assert (page["basis"], page["withheld"]) == ("rows", False)
        groups += page["groups"]
        following = page["next"]
    return groups


def same(told: list[Row], expected: list[Row]) -> None:
    assert len(told) == len(expected)
    for one, other in zip(told, expected, strict=True):
        assert list(one) == list(other)
        for name, value in other.items():
            got = one[name]
            assert (plain(float(got)) if isinstance(value, float) else got) == plain(value), name


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    keys=st.lists(st.sampled_from(KEYS), unique=True, max_size=3),
    figures=st.lists(st.sampled_from(ASKED), unique=True, min_size=1, max_size=4),
    condition=st.sampled_from(sorted(FILTERS)),
    limit=st.sampled_from([1, 3, 7, 100, 1000]),
)
def test_groups_are_those_of_the_rows_however_they_are_paged(
    client: httpx.Client, home: Path, keys: list[str], figures: list[str], condition: str, limit: int
) -> None:
    asked = {"measure": ",".join(figures), "limit": str(limit)} | ({"group": ",".join(keys)} if keys else {})
    told = walked(client, "&".join(filter(None, [urlencode(asked), condition])))
    same(told, grouped([row for row in stored(home) if FILTERS[condition](row)], keys, figures))


def test_every_measure_and_span_is_tried_here() -> None:
    assert {name.partition("__")[2] for name in ASKED} >= set(MEASURES)
    assert set(SPANS) == set(BUCKETS)


@pytest.mark.parametrize("span", sorted(SPANS))
def test_a_span_is_told_by_its_beginning(client: httpx.Client, home: Path, span: str) -> None:
    key = f"opened_at__{span}"
    same(walked(client, f"group={key}"), grouped(stored(home), [key], ["count"]))


@pytest.mark.parametrize("order", ["count", "-count", "-fee__sum,district", "fee__sum,-minutes", "-district"])
@pytest.mark.parametrize("limit", [2, 5, 500])
def test_groups_come_in_the_asked_order_once_each(client: httpx.Client, home: Path, order: str, limit: int) -> None:
    told = walked(client, f"group=district,minutes&measure=count,fee__sum&order={order}&limit={limit}")
    expected = grouped(stored(home), ["district", "minutes"], ["count", "fee__sum"])
    for term in reversed(order.split(",")):
        name = term.removeprefix("-")
        present = sorted((g for g in expected if g[name] is not None), key=lambda g: g[name], reverse=term != name)
        expected = present + [g for g in expected if g[name] is None]
    same(told, expected)


def test_having_chooses_among_groups(client: httpx.Client, home: Path) -> None:
    told = walked(
        client, "group=district,urgent&measure=count,fee__sum&having=count__ge=5&having=district__isnull%3Dfalse"
    )
    groups = grouped(stored(home), ["district", "urgent"], ["count", "fee__sum"])
    same(told, [g for g in groups if g["count"] >= 5 and g["district"] is not None])
    assert told


def test_floats_are_added_up_alike_every_time(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=300_000)
    with client_over(tmp_path) as client:
        texts = {client.get(f"{ADDRESS}?group=district&measure=ratio__sum&ratio__lt=1e9").text for _ in range(5)}
    assert len(texts) == 1


def test_long_texts_that_begin_alike_are_groups_of_their_own(tmp_path: Path) -> None:
    city = [entry for entry in entries() if entry.id == "open_cases"]
    rows = [
        {column.name: None for column in city[0].columns} | {"case_no": f"C{n}", "kind": "长" * 300 + str(n % 7)}
        for n in range(21)
    ]
    publish_rows(tmp_path, 1, city, {"open_cases": rows})
    _put_policy(tmp_path)
    with client_over(tmp_path) as client:
        following: str | None = "/v1/datasets/open_cases/aggregate?group=kind&limit=2"
        found = []
        while following:
            page = client.get(following).json()
            found += page["groups"]
            following = page["next"]
    assert sorted((group["kind"][-1], group["count"]) for group in found) == [(str(n), 3) for n in range(7)]


def _put_policy(home: Path) -> None:
    from tests.gateway.fake_policy import put_policy
    from tests.gateway.policy.city import policy

    put_policy(home, policy())


def test_values_of_a_column(client: httpx.Client, home: Path) -> None:
    values = client.get("/v1/datasets/tickets/distinct?column=district").json()["values"]
    assert values == [group["district"] for group in grouped(stored(home), ["district"], [])]
    text = client.get("/v1/datasets/tickets/distinct?column=district&format=csv&district__isnull=false").text
    assert text.split() == ['"district"', '"区0"', '"区1"', '"区2"', '"区3"']


@pytest.mark.parametrize("own", ["apply", "ignore"])
def test_facets_count_the_most_frequent_values(client: httpx.Client, home: Path, own: str) -> None:
    query = f"facets=district,opened_on__month,minutes&top=3&district=区1&minutes__gt=2&own={own}"
    told = client.get(f"/v1/datasets/tickets/facets?{query}").json()["facets"]
    for facet in told:
        name = facet["column"]
        rows = [
            row
            for row in stored(home)
            if (row["district"] == "区1" or (own == "ignore" and name == "district"))
            and ((row["minutes"] or 0) > 2 or (own == "ignore" and name == "minutes"))
        ]
        groups = sorted(grouped(rows, [name], ["count"]), key=lambda group: -group["count"])
        assert [(v["value"], v["count"]) for v in facet["values"]] == [
            (plain(group[name]), group["count"]) for group in groups[:3]
        ]
        assert facet["complete"] is (len(groups) <= 3)


@pytest.mark.parametrize("condition", sorted(FILTERS))
def test_totals_are_exact_where_they_are_cheap(client: httpx.Client, home: Path, condition: str) -> None:
    expected = sum(FILTERS[condition](row) for row in stored(home))
    told = client.get(f"/v1/datasets/tickets/count?{condition}").json()
    assert (told["count"], told["kind"]) == (expected, "exact")
    page = client.get(f"/v1/datasets/tickets/rows?limit=1&total=exact&{condition}")
    assert page.json()["total"] == {"count": expected, "kind": "exact"}
    assert page.headers["CivicLake-Total"] == f"{expected};kind=exact"


def test_a_total_that_takes_too_long_is_an_estimate_that_says_so(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=1_500_000)
    with client_over(tmp_path, count_timeout=0.001) as client:
        told = client.get("/v1/datasets/tickets/count?note__contains=灯&minutes__ne=3&district__prefix=区").json()
    assert told["kind"] == "estimate"
    exact = sum(1 for n in range(1_500_000) if n % 5 > 2 and n * 37 % 11 != 3 and n % 7)
    assert abs(told["count"] - exact) < exact / 3


def test_an_unchanged_aggregate_is_not_sent_again(client: httpx.Client) -> None:
    first = client.get(f"{ADDRESS}?group=district")
    again = client.get(f"{ADDRESS}?group=district", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    others = [f"{ADDRESS}?group=district,urgent", f"{ADDRESS}?group=district&limit=2", f"{ADDRESS}.csv?group=district"]
    assert first.headers["ETag"] not in [client.get(other).headers["ETag"] for other in others]


@pytest.mark.parametrize(
    ("query", "code", "parameter"),
    [
        ("aggregate?group=nothing", "unknown-column", "group"),
        ("aggregate?group=district__month", "unknown-operator", "group"),
        ("aggregate?group=tags", "bad-value", "group"),
        ("aggregate?measure=", "bad-value", "measure"),
        ("aggregate?group=district,district", "bad-value", "measure"),
        ("aggregate?measure=district__sum", "unknown-operator", "measure"),
        ("aggregate?measure=nothing__sum", "unknown-column", "measure"),
        ("aggregate?group=district&order=fee", "unknown-output", "order"),
        ("aggregate?group=district&order=count,-count", "bad-value", "order"),
        ("aggregate?having=count", "bad-value", "having"),
        ("aggregate?having=count__ge=x", "bad-value", "having"),
        ("aggregate?having=count__like=x", "unknown-operator", "having"),
        ("aggregate?having=fee__sum__ge=1", "unknown-output", "having"),
        ("aggregate?having=" + "&having=".join(["count=1"] * 51), "too-many-conditions", None),
        ("aggregate?format=geojson", "not-acceptable", None),
        ("aggregate?measure=total__sum&total__gt=1&cursor=x", "bad-cursor", None),
        ("distinct", "bad-value", "column"),
        ("facets", "bad-value", "facets"),
        ("facets?facets=district&own=x", "bad-value", "own"),
        ("facets?facets=district&top=0", "bad-value", "top"),
        ("count?total=none", "bad-value", "total"),
        ("rows?total=x", "bad-value", "total"),
    ],
)  # fmt: skip
def test_refusals_name_the_parameter(client: httpx.Client, query: str, code: str, parameter: str | None) -> None:
    document = client.get(f"/v1/datasets/tickets/{query}").json()
    assert (document["code"], document.get("parameter")) == (code, parameter)


def test_a_sum_of_too_many_digits_is_refused(tmp_path: Path) -> None:
    import duckdb

    publish(tmp_path, 1, rows=50)
    with duckdb.connect(str(tmp_path / "releases/0001/serving.duckdb")) as con:
        con.execute("UPDATE open.tickets SET total = 99999999999999999999999999999999999999")
    with client_over(tmp_path) as client:
        answer = client.get(f"{ADDRESS}?measure=total__sum")
    assert (answer.status_code, answer.json()["code"]) == (400, "number-too-large")
