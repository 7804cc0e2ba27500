"""The real engine under load: exports and greedy callers slow look-ups down, but never keep them out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import aclosing

import pytest
import sqlglot
from sqlglot import exp

from gateway.engine import Engine
from gateway.query.compile import Statement
from tests.gateway.fake_release import publish

ENDLESS = "SELECT count(*) FROM range(1000000000000) AS a (i) WHERE i % 7 = 9"
BIG = "SELECT repeat('x', 100) FROM range(20000000) AS r(i)"


def statement(sql: str) -> Statement:
    select = sqlglot.parse_one(sql, dialect="duckdb")
    assert isinstance(select, exp.Select)
    return Statement(select, {}, 1)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    home = tmp_path_factory.mktemp("fair")
    publish(home, 1)
    engine = Engine(home / "releases", memory_limit="200MB", threads=1, places=2, exports=8)
    yield engine
    engine.close()


def test_a_caller_with_endless_queries_leaves_a_place_to_others(engine: Engine) -> None:
    async def scene() -> None:
        greedy = [asyncio.create_task(engine.fetch(statement(ENDLESS), 60, caller="greedy")) for _ in range(10)]
        await asyncio.sleep(0)
        for number in range(20):
            assert await engine.fetch(statement(f"SELECT {number}"), 30, caller="modest") == [(number,)]
        assert not any(task.done() for task in greedy)
        for task in greedy:
            task.cancel()
        await asyncio.gather(*greedy, return_exceptions=True)

    asyncio.run(scene())


def test_exports_of_many_callers_leave_a_place_to_lookups_and_all_go_on(engine: Engine) -> None:
    async def export(caller: str, taken: dict[str, int], over: asyncio.Event) -> None:
        lines = engine.stream(statement(BIG), first=60, total=60, caller=caller)
        async with aclosing(lines):
            async for _ in lines:
                taken[caller] = taken.get(caller, 0) + 1
                if over.is_set():
                    return

    async def scene() -> None:
        taken: dict[str, int] = {}
        over = asyncio.Event()
        running = [asyncio.create_task(export(f"export {number}", taken, over)) for number in range(6)]
        while len(taken) < 6:  # every export gets its first chunk
            await asyncio.sleep(0)
        for number in range(30):
            assert await engine.fetch(statement(f"SELECT {number}"), 30, caller="modest") == [(number,)]
        over.set()
        await asyncio.gather(*running)
        assert min(taken.values()) >= 2

    asyncio.run(scene())
