"""Limits at the server: they hold for each caller under real concurrency and are told; the cost is known first."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from http_sf import parse

from catalog.policy.model import CompiledPolicy, TierLimits
from catalog.workspace import Workspace
from gateway.query.operators import OPERATORS
from gateway.query.tree import Condition, Query, Sort
from gateway.quota.cost import estimate
from gateway.view.types import ValueType
from gateway.view.view import Column, Facts, Text, View
from tests.gateway.conftest import Serve, client_over
from tests.gateway.fake_policy import TIERS, put_policy
from tests.gateway.fake_release import publish
from tests.gateway.key_holders import issue_keys

ROWS = "/v1/datasets/tickets/rows"
MOMENT = datetime.now(UTC)


def limit(home: Path, **changes: int) -> TierLimits:
    """Give every tier the same limits."""
    limits = TierLimits(**({"requests_per_minute": 1000, "cost_per_minute": 1000, "concurrent_exports": 2,
                            "page_rows": 1000} | changes))  # fmt: skip
    policy = CompiledPolicy.model_validate_json(Workspace(home).policy.read_bytes())
    put_policy(home, policy.model_copy(update={"limits": dict.fromkeys(TIERS, limits)}))
    return limits


@contextmanager
def standing(home: Path, **settings: object) -> Iterator[httpx.Client]:
    """A server for which no time passes: nothing refills."""
    with client_over(home, clock=lambda: MOMENT, **settings) as client:
        yield client


def told(answer: httpx.Response, field: str) -> dict[str, dict[str, int]]:
    """A field of the draft, read by a parser of structured fields: parameters by policy."""
    return {name: dict(parameters) for name, parameters in parse(answer.headers[field].encode(), tltype="list")}


def test_requests_beyond_the_limit_are_refused_and_told_so(tmp_path: Path) -> None:
    publish(tmp_path, 1)
    limit(tmp_path, requests_per_minute=3)
    with standing(tmp_path) as client:
        answers = [client.get("/v1/datasets") for _ in range(4)]
        assert client.get("/healthz").status_code == 200
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert [told(answer, "RateLimit")["requests"]["r"] for answer in answers] == [2, 1, 0, 0]
    assert told(answers[0], "RateLimit-Policy") == {
        "requests": {"q": 3, "w": 60},
        "cost": {"q": 1000, "w": 60, "qu": "cost-units"},
    }
    problem = answers[3].json()
    assert (problem["code"], problem["violated-policies"]) == ("quota-exceeded", ["requests"])
    assert answers[3].headers["Retry-After"] == "20"


def test_many_at_once_get_no_more_than_the_limit(tmp_path: Path, serve: Serve) -> None:
    """In several workers of a real server; what refills meanwhile is the only surplus."""
    publish(tmp_path, 1)
    limit(tmp_path, requests_per_minute=60)
    server = serve(tmp_path, "--workers", "2")
    began = datetime.now(UTC)

    def ask(_: int) -> int:
        return httpx.get(f"{server.address}{ROWS}?limit=1", verify=False).status_code

    with ThreadPoolExecutor(16) as pool:
        found = Counter(pool.map(ask, range(150)))
    seconds = (datetime.now(UTC) - began).total_seconds()
    assert set(found) == {200, 429}
    assert 60 <= found[200] <= 60 + seconds + 1


def test_each_caller_has_its_own_quota_and_the_public_one_for_each_address(tmp_path: Path) -> None:
    publish(tmp_path, 1)
    keys = issue_keys(tmp_path, lambda: MOMENT)
    limit(tmp_path, requests_per_minute=2)

    def statuses(client: httpx.Client, headers: dict[str, str]) -> list[int]:
        return [client.get("/v1/datasets", headers=headers).status_code for _ in range(3)]

    with standing(tmp_path, trusted_proxies=("127.0.0.0/8",)) as client:
        for headers in (keys["owner"], keys["other"], {}, {"X-Forwarded-For": "198.51.100.1"}):
            assert statuses(client, headers) == [200, 200, 429]
        assert statuses(client, {"X-Forwarded-For": "6.6.6.6, 198.51.100.1"}) == [429] * 3
        assert statuses(client, keys["owner"] | {"X-Forwarded-For": "198.51.100.9"}) == [429] * 3
    with standing(tmp_path) as client:  # without trusted proxies the header is nothing but a claim
        assert statuses(client, {"X-Forwarded-For": "198.51.100.1"}) == [200, 200, 429]
        assert statuses(client, {"X-Forwarded-For": "198.51.100.2"}) == [429] * 3


def test_the_cost_told_is_the_cost_taken(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=100_000)
    limit(tmp_path)
    with standing(tmp_path) as client:
        left = told(client.get("/v1/datasets"), "RateLimit")["cost"]["r"]
        for query in ("limit=5", "order=-fee&limit=5", "note__contains=x", "format=csv&select=ticket_no&minutes=1"):
            estimated = client.get(f"{ROWS}/cost?{query}").json()
            answer = client.get(f"{ROWS}?{query}")
            assert answer.status_code == 200
            before, left = left, told(answer, "RateLimit")["cost"]["r"]
            assert before - left == estimated["units"], query
        held = client.get(f"{ROWS}?limit=5")
        before = told(held, "RateLimit")["cost"]["r"]
        again = client.get(f"{ROWS}?limit=5", headers={"If-None-Match": held.headers["ETag"]})
        assert (again.status_code, told(again, "RateLimit")["cost"]["r"]) == (304, before)
        assert client.get(f"{ROWS}/cost?phone=1").json()["code"] == "unknown-column"
        assert client.get("/v1/datasets/conditional/rows/cost").status_code == 404


def test_cost_is_refused_before_the_work(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=100_000)
    limit(tmp_path, cost_per_minute=50)
    with standing(tmp_path) as client:
        units = client.get(f"{ROWS}/cost?format=csv").json()["units"]
        assert units > 50
        whole = client.get(f"{ROWS}.csv")  # dearer than the quota: allowed when the bucket is full, and takes it all
        assert (whole.status_code, len(whole.text) > 1_000_000) == (200, True)
        refused = client.get(f"{ROWS}?limit=1")
        assert (refused.status_code, refused.json()["violated-policies"]) == (429, ["cost"])
        assert told(refused, "RateLimit")["cost"]["r"] == 0
        assert client.get("/v1/datasets").status_code == 200  # requests are left


def test_a_page_is_no_longer_than_the_tier_may_have(tmp_path: Path) -> None:
    publish(tmp_path, 1)
    limit(tmp_path, page_rows=120)
    with standing(tmp_path) as client:
        assert len(client.get(f"{ROWS}?limit=120").json()["rows"]) == 120
        assert client.get(f"{ROWS}?limit=121").json()["code"] == "bad-value"


def test_streamed_answers_at_a_time_are_limited(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=300_000)
    keys = issue_keys(tmp_path, lambda: MOMENT)
    limit(tmp_path, cost_per_minute=1_000_000)
    with standing(tmp_path) as client:
        with client.stream("GET", f"{ROWS}.csv") as first, client.stream("GET", f"{ROWS}.csv") as second:
            assert (first.status_code, second.status_code) == (200, 200)
            third = client.get(f"{ROWS}.csv")
            assert (third.status_code, third.json()["violated-policies"]) == (429, ["exports"])
            with client.stream("GET", f"{ROWS}.csv", headers=keys["owner"]) as other:
                assert other.status_code == 200
            assert client.get(f"{ROWS}?limit=1").status_code == 200
            for stream in (first, second):
                assert stream.read().count(b"T0") >= 300_000
        assert client.get(f"{ROWS}.csv").status_code == 200


def test_lookups_are_answered_while_one_caller_exports_and_another_scans(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=300_000)
    keys = issue_keys(tmp_path)
    limit(tmp_path, cost_per_minute=10_000_000, requests_per_minute=100_000, concurrent_exports=4)
    over = threading.Event()

    def export(client: httpx.Client) -> int:
        count = 0
        while not over.is_set():
            count += len(client.get(f"{ROWS}.csv", headers=keys["owner"], timeout=60).content)
        return count

    def scan(client: httpx.Client) -> int:
        count = 0
        while not over.is_set():
            found = client.get(f"{ROWS}?order=-fee,-note&note__contains=x&limit=9", headers=keys["other"], timeout=60)
            count += found.status_code == 200
        return count

    with client_over(tmp_path, concurrent_statements=2, engine_threads=1) as client, ThreadPoolExecutor(8) as pool:
        exports = [pool.submit(export, client) for _ in range(3)]
        scans = [pool.submit(scan, client) for _ in range(4)]
        answers = [client.get(f"{ROWS}?limit=1", timeout=60).status_code for _ in range(30)]
        over.set()
        assert answers == [200] * 30
        assert min(done.result() for done in (*exports, *scans)) > 0


def test_a_quota_refills_with_time(tmp_path: Path) -> None:
    publish(tmp_path, 1)
    limit(tmp_path, requests_per_minute=6)
    now = [MOMENT]
    with client_over(tmp_path, clock=lambda: now[0]) as client:
        assert [client.get("/v1/datasets").status_code for _ in range(7)] == [200] * 6 + [429]
        now[0] += timedelta(seconds=10)
        assert [client.get("/v1/datasets").status_code for _ in range(2)] == [200, 429]


KEY, NOTE, FEE = (
    Column(name, ValueType.of(kind), Text("", ""))
    for name, kind in (("id", "INTEGER"), ("note", "VARCHAR"), ("fee", "DOUBLE"))
)


def query(rows: int | None = 1_000_000, *, in_order: bool = True, **parts: object) -> Query:
    facts = Facts(Text("", ""), "", "", "", Text("", ""), "", (), rows)
    view = View("d", (KEY, NOTE, FEE), (KEY,), (KEY,), facts, (), ("a", "b", "c"), in_order, "", "")
    fields: dict[str, object] = {"view": view, "select": (KEY, NOTE), "order": (Sort(KEY),), "limit": 100}
    return Query(**(fields | parts))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("cheaper", "dearer"),
    [
        (query(), query(limit=10_000)),
        (query(limit=10_000, select=(KEY,)), query(limit=10_000)),
        (query(), query(in_order=False)),
        (query(), query(order=(Sort(FEE),))),
        (
            query(where=(Condition(KEY, OPERATORS["eq"], (1,)),)),
            query(where=(Condition(NOTE, OPERATORS["eq"], ("x",)),)),
        ),
        (query(10_000, order=(Sort(FEE),)), query(order=(Sort(FEE),))),
        (query(limit=10_000), query(limit=None)),
    ],
)
def test_what_is_more_work_costs_more(cheaper: Query, dearer: Query) -> None:
    assert 1 <= estimate(cheaper).units < estimate(dearer).units


def test_a_number_of_rows_that_is_not_told_is_not_told_by_the_cost() -> None:
    unknown = estimate(query(None, limit=None))
    assert (unknown.rows_known, unknown.rows_answered) == (False, 1_000_000)
