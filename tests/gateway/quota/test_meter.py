"""Meters: all limits hold, for many callers at once, in one process, in several, and over PostgreSQL."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.problems import Busy
from gateway.quota.admission import fields
from gateway.quota.meter import MemoryMeter, Meter, Price, Quota
from gateway.quota.sql_meter import PostgresMeter, SqliteMeter
from tests.orchestration.postgres_server import fresh_database

NOW = 1_800_000_000.0
LIMITS = Quota(requests=10, cost=100)
DAY = 86_400.0


@pytest.fixture(scope="module")
def postgres_url(postgres_server: str) -> str:
    return fresh_database(postgres_server.replace("postgresql://", "postgresql+psycopg://", 1), "meter")


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def meter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Meter]:
    made: Meter
    if request.param == "memory":
        made = MemoryMeter()
    elif request.param == "sqlite":
        made = SqliteMeter(tmp_path / "quota.sqlite")
    else:
        made = PostgresMeter(request.getfixturevalue("postgres_url"))
    yield made
    made.close()


def take(
    meter: Meter, caller: str, price: Price, now: float = NOW, quota: Quota = LIMITS
) -> tuple[bool, list[int], int]:
    """Whether it was taken, what is left of requests and cost, and when to try again."""
    found = asyncio.run(meter.take(caller, price, quota, now))
    return not found.refused_by, [gauge.left for gauge in found.gauges], found.retry_after


def test_a_bucket_empties_and_refills(meter: Meter) -> None:
    assert [take(meter, "a", Price(requests=1))[0] for _ in range(11)] == [True] * 10 + [False]
    assert take(meter, "a", Price(requests=1)) == (False, [0, 100], 6)
    assert take(meter, "a", Price(requests=1), NOW + 5.9)[0] is False
    assert take(meter, "a", Price(requests=1), NOW + 6)[0] is True
    assert take(meter, "b", Price(requests=1)) == (True, [9, 100], 0)
    assert take(meter, "a", Price(requests=10), NOW + 66)[0] is True
    assert take(meter, "a", Price(requests=1), NOW + 66)[0] is False


def test_nothing_is_taken_from_one_bucket_when_the_other_refuses(meter: Meter) -> None:
    assert take(meter, "c", Price(requests=1, cost=90)) == (True, [9, 10], 0)
    assert take(meter, "c", Price(requests=1, cost=20)) == (False, [9, 10], 6)
    assert take(meter, "c", Price(requests=1, cost=10)) == (True, [8, 0], 0)


def test_what_is_dearer_than_the_quota_takes_all_of_it(meter: Meter) -> None:
    assert take(meter, "d", Price(cost=5000)) == (True, [10, 0], 0)
    assert take(meter, "d", Price(cost=1))[0] is False
    assert take(meter, "d", Price(cost=5000), NOW + 59)[0] is False
    assert take(meter, "d", Price(cost=5000), NOW + 60)[0] is True


def test_a_day_is_a_window_too(meter: Meter) -> None:
    daily, one = Quota(requests=3, cost=1, window=DAY), Price(requests=1)
    assert [take(meter, "g", one, NOW, daily)[0] for _ in range(4)] == [True, True, True, False]
    assert take(meter, "g", one, NOW + DAY / 3 - 10, daily) == (False, [0, 1], 10)
    assert take(meter, "g", one, NOW + DAY / 3, daily)[0] is True
    assert take(meter, "g", one, NOW + DAY / 3 - 200, daily)[0] is False  # the clock of another machine is behind


def test_a_clock_set_back_does_not_shut_anybody_out(meter: Meter) -> None:
    assert take(meter, "e", Price(requests=10), NOW + 86_400)[0] is True
    assert take(meter, "e", Price(requests=1), NOW) == (True, [9, 100], 0)
    assert take(meter, "f", Price(requests=10), NOW + 30)[0] is True
    assert take(meter, "f", Price(requests=1), NOW)[0] is False


@given(st.lists(st.tuples(st.floats(0, 30), st.integers(0, 4), st.integers(0, 60)), max_size=60))
def test_no_minute_gives_more_than_two_quotas_and_a_long_time_one_a_minute(steps: list[tuple[float, int, int]]) -> None:
    """A full bucket can be emptied while it refills: that is the most; and over any time t it is quota * (1 + t/60)."""
    meter, now, taken = MemoryMeter(), NOW, list[tuple[float, int, int]]()
    for wait, requests, cost in steps:
        now += wait
        if take(meter, "x", Price(requests, cost), now)[0]:
            taken.append((now, requests, cost))
    times = [step[0] for step in taken]
    for start in times:
        for end in times:
            within = [step for step in taken if start <= step[0] <= end]
            most = 1 + max(end - start, 0) / 60 + 1e-4
            assert sum(step[1] for step in within) <= 10 * most
            assert sum(step[2] for step in within) <= 100 * most


def test_takers_at_the_same_time_get_no_more_than_there_is(meter: Meter) -> None:
    async def scene() -> int:
        prices = [Price(requests=1, cost=3) for _ in range(60)]
        found = await asyncio.gather(*(meter.take("many", price, LIMITS, NOW) for price in prices))
        return sum(not reading.refused_by for reading in found)

    assert asyncio.run(scene()) == 10


WORKER = """
import asyncio, sys
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, {root!r})
from gateway.quota.meter import Price
from gateway.quota.sql_meter import PostgresMeter, SqliteMeter
from tests.gateway.quota.test_meter import LIMITS, NOW

async def scene():
    meter = {meter}
    limits = replace(LIMITS, requests=500)
    found = [await meter.take("shared", Price(requests=1), limits, NOW) for _ in range(300)]
    meter.close()
    print(sum(not reading.refused_by for reading in found))

asyncio.run(scene())
"""


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_processes_share_one_quota(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    maker: Callable[[], str] = (
        (lambda: f"SqliteMeter(Path({str(tmp_path / 'quota.sqlite')!r}))")
        if kind == "sqlite"
        else (lambda: f"PostgresMeter({request.getfixturevalue('postgres_url')!r})")
    )
    code = WORKER.format(root=str(Path(__file__).resolve().parents[3]), meter=maker())
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    answers = [process.communicate(timeout=120) for process in processes]
    assert [errors for _, errors in answers] == [""] * 3
    assert sum(int(out) for out, _ in answers) == 500


def test_without_its_count_nothing_is_served(tmp_path: Path) -> None:
    meter = SqliteMeter(tmp_path / "quota.sqlite")
    meter.close()
    with pytest.raises(Busy):
        take(meter, "a", Price(requests=1))


def test_the_fields_are_those_of_the_draft() -> None:
    found = asyncio.run(MemoryMeter().take("a", Price(requests=1, cost=25), LIMITS, NOW))
    assert fields(found.gauges) == {
        "RateLimit-Policy": '"requests";q=10;w=60, "cost";q=100;w=60;qu="cost-units"',
        "RateLimit": '"requests";r=9;t=6, "cost";r=75;t=15',
    }
