"""The engine reads releases and nothing else, and lets go of statements that are too long or not waited for."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import sqlglot
from sqlglot import exp

from gateway.answers.text_rows import text_of
from gateway.engine import Engine
from gateway.problems import Busy, QueryTimeout, QueryTooLarge
from gateway.query.compile import Statement
from tests.gateway.fake_release import publish

ENDLESS = "SELECT count(*) FROM range(1000000000000) AS a (i) WHERE i % 7 = 9"  # long, and holds nothing


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("engine")
    publish(home, 1)
    return home / "releases"


@pytest.fixture
def engine(releases: Path) -> Iterator[Engine]:
    engine = Engine(releases, memory_limit="200MB", threads=2, places=1, exports=1)
    engine.attach("release_0001", releases / "0001" / "serving.duckdb")
    yield engine
    engine.close()


def statement(sql: str) -> Statement:
    select = sqlglot.parse_one(sql, dialect="duckdb")
    assert isinstance(select, exp.Select)
    return Statement(select, {}, 1)


ESCAPES = {
    "read a file": "SELECT * FROM read_text('/etc/passwd')",
    "read a file by its name": "SELECT * FROM '/etc/passwd.csv'",
    "read beside the releases": "SELECT * FROM read_text('{home}/landing.txt')",
    "climb out of the releases": "SELECT * FROM read_text('{home}/releases/../landing.txt')",
    "list files": "SELECT * FROM glob('/etc/*')",
    "fetch from the network": "SELECT * FROM read_csv('http://127.0.0.1:9/x.csv')",
    "attach another file": "ATTACH '{home}/other.duckdb' AS other",
    "write a file": "COPY (SELECT 1) TO '{home}/out.csv'",
    "export everything": "EXPORT DATABASE '{home}/out'",
    "load an extension": "LOAD httpfs",
    "install an extension": "INSTALL httpfs",
    "unlock": "SET enable_external_access = true",
    "unlock the lock": "SET lock_configuration = false",
    "widen the folders": "SET allowed_directories = ['/']",
    "take more memory": "SET memory_limit = '100GB'",
    "write into a release": "INSERT INTO release_0001.open.tickets SELECT * FROM release_0001.open.tickets",
    "drop from a release": "DROP TABLE release_0001.open.tickets",
    "create in a release": "CREATE TABLE release_0001.open.mine (i INTEGER)",
    "getenv": "SELECT getenv('HOME')",
}


@pytest.mark.parametrize("what", sorted(ESCAPES))
def test_the_database_lets_nothing_out(engine: Engine, releases: Path, what: str) -> None:
    """To be run again whenever the engine's version changes."""
    (releases.parent / "landing.txt").write_text("not for anybody", encoding="utf-8")
    with pytest.raises(duckdb.Error), engine._root.cursor() as cursor:
        cursor.execute(ESCAPES[what].format(home=releases.parent)).fetchall()


def test_a_statement_is_stopped_when_its_time_is_over(engine: Engine) -> None:
    async def scene() -> None:
        began = time.monotonic()
        with pytest.raises(QueryTimeout):
            await engine.fetch(statement(ENDLESS), 0.2)
        assert time.monotonic() - began < 5
        assert await engine.fetch(statement("SELECT 42"), 5) == [(42,)]

    asyncio.run(scene())


def test_a_statement_nobody_waits_for_is_stopped(engine: Engine) -> None:
    async def scene() -> None:
        task = asyncio.create_task(engine.fetch(statement(ENDLESS), 60))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await engine.fetch(statement("SELECT 42"), 5) == [(42,)]  # the only place is free again

    asyncio.run(scene())


def test_waiting_for_a_place_ends_too(engine: Engine) -> None:
    async def scene() -> None:
        running = asyncio.create_task(engine.fetch(statement(ENDLESS), 60))
        await asyncio.sleep(0.1)
        with pytest.raises(Busy):
            await engine.fetch(statement("SELECT 42"), 0.1)
        running.cancel()
        await asyncio.wait({running})

    asyncio.run(scene())


def test_a_statement_that_needs_too_much_memory_is_refused(engine: Engine) -> None:
    async def scene() -> None:
        with pytest.raises(QueryTooLarge):
            await engine.fetch(statement("SELECT list(i::VARCHAR) FROM range(30000000) AS r(i)"), 60)
        assert await engine.fetch(statement("SELECT 42"), 5) == [(42,)]

    asyncio.run(scene())


def test_a_stream_comes_in_pieces_and_may_be_left(engine: Engine) -> None:
    async def scene() -> None:
        lines = statement("SELECT concat(i, chr(10)) FROM range(100000) AS r(i)")
        chunks = [text_of(rows) async for rows in engine.stream(lines, first=10, total=60)]
        assert len(chunks) > 3
        assert b"".join(chunks) == b"".join(b"%d\n" % number for number in range(100_000))
        left = engine.stream(lines, first=10, total=60)
        await anext(left)
        with pytest.raises(Busy):
            await anext(engine.stream(lines, first=10, total=60))
        await left.aclose()
        assert [text_of(rows) async for rows in engine.stream(lines, first=10, total=60)] == chunks

    asyncio.run(scene())


def test_a_stream_without_rows_is_empty(engine: Engine) -> None:
    async def scene() -> list[bytes]:
        nothing = statement("SELECT 'x' AS line FROM range(3) AS r(i) WHERE i > 5")
        return [text_of(rows) async for rows in engine.stream(nothing, first=10, total=60)]

    assert b"".join(asyncio.run(scene())) == b""
