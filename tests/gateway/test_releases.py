"""Earlier releases are read under today's policy, without what is withdrawn today; what changed is told row by row."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.switches import LOG_FILE
from tests.gateway.conftest import client_over, wait_for
from tests.gateway.fake_policy import policy_over, put_policy
from tests.gateway.fake_release import dataset_entry, make_current, publish, publish_rows
from tests.gateway.test_withdrawal import GONE, City, entry, seal

Rows = dict[int, tuple[str | None, int | None, str]]
ENTRY = dataset_entry(
    "things",
    {"id": ("INTEGER", "L1"), "name": ("VARCHAR", "L1"), "size": ("INTEGER", "L1"), "secret": ("VARCHAR", "L3")},
    ("id",),
)
TICKETS = "/v1/datasets/tickets"


def put(home: Path, number: int, rows: Rows) -> None:
    named = [dict(zip(("id", "name", "size", "secret"), (key, *values), strict=True)) for key, values in rows.items()]
    publish_rows(home, number, [ENTRY], {"things": named})
    put_policy(home, policy_over([ENTRY]))


def log(home: Path, *switches: tuple[str, int, int | None]) -> None:
    lines = [
        json.dumps({"at": "2026-11-22T08:00:00+08:00", "action": a, "number": n, "previous": p}) for a, n, p in switches
    ]
    (home / "releases" / LOG_FILE).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    home = tmp_path_factory.mktemp("three")
    for number in (1, 2, 3):
        publish(home, number, rows=40 + 10 * number)
    with client_over(home, earlier_releases=1) as client:
        yield client


@pytest.mark.parametrize("number", [1, 2, 3])
def test_every_read_page_count_and_export_is_of_the_release_asked_for(three: httpx.Client, number: int) -> None:
    rows, query = 40 + 10 * number, f"release={number}"
    assert three.get(f"{TICKETS}/count?{query}").json()["count"] == rows
    assert three.get(f"{TICKETS}/rows?limit=1000&{query}").json()["release"] == number
    assert len(three.get(f"{TICKETS}/rows.csv?select=ticket_no&{query}").text.split()) == rows + 1
    assert three.get(f"{TICKETS}/aggregate?{query}").json()["groups"] == [{"count": rows}]
    assert len(three.get(f"{TICKETS}/distinct?column=ticket_no&limit=1000&{query}").json()["values"]) == rows
    facets = three.get(f"{TICKETS}/facets?facets=district&{query}").json()["facets"]
    assert sum(value["count"] for value in facets[0]["values"]) == rows
    assert three.get(f"{TICKETS}?{query}").json()["row_count"] == rows
    assert three.get(f"/v1/datasets?{query}").json()["release"]["number"] == number
    file = three.get(f"{TICKETS}/files/tickets.csv?{query}")
    assert (file.headers["CivicLake-Release"], len(file.text.split("T0")) - 1) == (str(number), rows)


def test_pages_of_an_earlier_release_lead_to_its_next_ones(three: httpx.Client) -> None:
    following: str | None = f"{TICKETS}/rows?release=2&limit=7&order=-minutes"
    found = []
    while following:
        page = three.get(following).json()
        found += [row["ticket_no"] for row in page["rows"]]
        following = page["next"]
    assert sorted(found) == [f"T{number:07d}" for number in range(60)]


@pytest.mark.parametrize(
    ("release", "status", "code"),
    [("4", 404, "not-found"), ("0", 404, "not-found"), ("x", 400, "bad-value"), ("-1", 400, "bad-value")],
)
def test_a_release_that_there_is_not_is_not_found(three: httpx.Client, release: str, status: int, code: str) -> None:
    for address in (f"{TICKETS}/rows", f"{TICKETS}/aggregate", f"{TICKETS}/count", TICKETS):
        answer = three.get(f"{address}?release={release}")
        assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_cursor_is_of_one_release(three: httpx.Client) -> None:
    following = three.get(f"{TICKETS}/rows?limit=5&release=1").json()["next"]
    answer = three.get(following.replace("release=1", "release=2"))
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-cursor")


def test_releases_are_listed(three: httpx.Client) -> None:
    found = three.get("/v1/releases").json()["releases"]
    assert [(entry["number"], entry["current"]) for entry in found] == [(3, True), (2, False), (1, False)]
    assert three.get(found[1]["links"]["datasets"]).json()["release"]["number"] == 2


def test_what_was_taken_back_is_not_read_any_more(tmp_path: Path) -> None:
    for number in (1, 2, 3, 4):
        publish(tmp_path, number, rows=10, switch=number == 4)
    log(tmp_path, ("publish", 1, None), ("publish", 3, 1), ("rollback", 1, 3), ("publish", 4, 1))
    with client_over(tmp_path) as client:
        assert [entry["number"] for entry in client.get("/v1/releases").json()["releases"]] == [4, 1]
        statuses = [client.get(f"{TICKETS}/count?release={number}").status_code for number in (1, 2, 3, 4)]
    assert statuses == [200, 404, 404, 200]


def test_the_policy_of_today_holds_for_yesterday(tmp_path: Path) -> None:
    put(tmp_path, 1, {1: ("a", 1, "x")})
    put(tmp_path, 2, {1: ("b", 2, "x")})
    stricter = ENTRY.model_copy(
        update={
            "columns": tuple(c.model_copy(update={"level": "L3"}) if c.name == "name" else c for c in ENTRY.columns)
        }
    )
    with client_over(tmp_path) as client:
        address = "/v1/datasets/things/rows?release=1"
        assert client.get(address).json()["rows"] == [{"id": 1, "name": "a", "size": 1}]
        put_policy(tmp_path, policy_over([stricter]))
        wait_for(lambda: client.get(address).json()["rows"] == [{"id": 1, "size": 1}])
        changes = client.get("/v1/datasets/things/changes?since=1").json()
    assert changes["changes"] == [{"change": "update", "before": {"id": 1, "size": 1}, "after": {"id": 1, "size": 2}}]


def test_a_withdrawn_row_is_gone_from_earlier_releases_and_from_changes(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    city = City(tmp_path / "city", httpx.Client(verify=False))
    publish(city.home, 1, rows=30)
    now = datetime(2026, 11, 22, 4, tzinfo=UTC)
    seal(city, 2, [entry(GONE, "repaired")], rows=29)
    make_current(city.home, 2)
    with client_over(city.home, clock=lambda: now, withdrawal_poll=0.05) as client:
        for query in ("release=1", "release=2"):
            rows = client.get(f"{TICKETS}/rows?limit=100&{query}").json()["rows"]
            assert GONE not in [row["ticket_no"] for row in rows]
        assert client.get(f"{TICKETS}/count?release=1&ticket_no={GONE}").json()["count"] == 0
        changes = client.get(f"{TICKETS}/changes?since=1").json()
        assert [(c["change"], c["before"]["ticket_no"]) for c in changes["changes"]] == [("delete", "T0000029")]
        tombstones = client.get(changes["withdrawals"]).json()
    assert tombstones["total"] == 1


keys = st.dictionaries(
    st.integers(1, 12),
    st.tuples(st.sampled_from(("a", 'b"\n', "", None)), st.sampled_from((1, 2, None)), st.sampled_from(("x", "y"))),
    max_size=10,
)


@settings(max_examples=15, deadline=None)
@given(before=keys, after=keys, limit=st.sampled_from([1, 3, 100]))
def test_changes_lead_from_one_release_to_the_other(
    tmp_path_factory: pytest.TempPathFactory, before: Rows, after: Rows, limit: int
) -> None:
    home = tmp_path_factory.mktemp("pair")
    put(home, 1, before)
    put(home, 2, after)
    copy: dict[int, Any] = {key: {"id": key, "name": row[0], "size": row[1]} for key, row in before.items()}
    told: list[int] = []
    with client_over(home) as client:
        following: str | None = f"/v1/datasets/things/changes?since=1&limit={limit}"
        while following:
            page = client.get(following).json()
            assert page["complete"] is (page["next"] is None)
            for change in page["changes"]:
                key = (change["after"] or change["before"])["id"]
                told.append(key)
                assert change["before"] == copy.pop(key, None)
                assert (
                    change["change"]
                    == {(False, True): "insert", (True, False): "delete", (True, True): "update"}[
                        (change["before"] is not None, change["after"] is not None)
                    ]
                )
                if change["after"] is not None:
                    copy[key] = change["after"]
            following = page["next"]
    assert copy == {key: {"id": key, "name": row[0], "size": row[1]} for key, row in after.items()}
    hidden_only = {key for key in before.keys() & after.keys() if before[key][:2] == after[key][:2]}
    assert told == sorted(set(told))
    assert not hidden_only & set(told)  # what the caller does not see has not changed for it


def test_columns_of_one_release_only_are_named(tmp_path: Path) -> None:
    put(tmp_path, 1, {1: ("a", 1, "x")})
    wider = dataset_entry(
        "things", {"id": ("INTEGER", "L1"), "size": ("BIGINT", "L1"), "colour": ("VARCHAR", "L1")}, ("id",)
    )
    publish_rows(tmp_path, 2, [wider], {"things": [{"id": 1, "size": 1, "colour": "red"}]})
    everything = wider.model_copy(update={"columns": (*wider.columns, ENTRY.column("name"))})
    put_policy(tmp_path, policy_over([everything]))
    with client_over(tmp_path) as client:
        told = client.get("/v1/datasets/things/changes?since=1").json()
    assert (told["columns_added"], told["columns_removed"], told["changes"]) == (["colour"], ["name"], [])


@pytest.mark.parametrize("query", ["", "since=x", "since=9", "since=1&x=1", "since=0"])
def test_since_names_a_release(three: httpx.Client, query: str) -> None:
    answer = three.get(f"{TICKETS}/changes?{query}")
    assert answer.status_code in (400, 404)


def test_changes_are_told_by_a_key_that_is_seen(three: httpx.Client) -> None:
    answer = three.get("/v1/datasets/sealed_key/changes?since=1")
    assert (answer.status_code, answer.json()["code"]) == (403, "not-permitted")


def test_unchanged_changes_are_not_sent_again(three: httpx.Client) -> None:
    first = three.get(f"{TICKETS}/changes?since=1&limit=5")
    again = three.get(f"{TICKETS}/changes?since=1&limit=5", headers={"If-None-Match": first.headers["ETag"]})
    assert (first.status_code, again.status_code) == (200, 304)
