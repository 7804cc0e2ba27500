"""A sandbox that is asked anything at all, past every check: there is nothing in it, and no way out of it."""

from __future__ import annotations

import asyncio
import ctypes
import os
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import orjson
import pyarrow as pa
import pytest

from gateway.answers.arrow_rows import StreamWriter
from gateway.problems import SandboxLost
from gateway.sandbox.frames import Kind
from gateway.sandbox.pool import FailedError, Sandbox, SandboxPool
from tests.gateway.conftest import ROOT

Told = dict[str, object]
Asked = Callable[[Sandbox], Awaitable[None]]
LIMITS = {"megabytes": 64, "seconds": 5, "sql": "SELECT 1"}


@pytest.fixture(scope="module")
def runner() -> Iterator[tuple[asyncio.Runner, SandboxPool]]:
    """An event loop, and a pool that belongs to it."""
    with asyncio.Runner() as runner:
        pool = SandboxPool(2)
        yield runner, pool
        runner.run(pool.stop())


With = Callable[..., None]


@pytest.fixture
def with_sandboxes(runner: tuple[asyncio.Runner, SandboxPool]) -> With:
    """Gives each question a sandbox of its own."""
    loop, pool = runner

    async def run(questions: tuple[Asked, ...]) -> None:
        for question in questions:
            sandbox = await pool.take()
            try:
                async with asyncio.timeout(60):
                    await question(sandbox)
            finally:
                sandbox.kill()

    return lambda *questions: loop.run(run(questions))


async def load(sandbox: Sandbox, table: str, rows: pa.RecordBatch) -> None:
    writer = StreamWriter()
    await sandbox.send(Kind.TABLE, orjson.dumps({"table": table}))
    await sandbox.send(Kind.ROWS, writer.write(rows) + writer.close())
    await sandbox.send(Kind.END)
    await sandbox.told()


async def values(sandbox: Sandbox, sql: str) -> bytes:
    """The first column of an answer, as text."""
    await sandbox.ask(Kind.RUN, {"sql": sql, "rows": 1000})
    asked = {"sql": 'SELECT c0::VARCHAR FROM "#answer"', "columns": False, "between": "", "bytes": 1 << 20}
    await sandbox.send(Kind.WRITE, orjson.dumps(asked))
    body = b""
    while True:
        kind, piece = await sandbox.take()
        if kind is Kind.TELL:
            return body
        body += piece


OUTSIDE = {
    "files": "SELECT * FROM read_text('{file}')",
    "files by another name": "SELECT * FROM \"read_blob\"('{file}')",
    "tables of files": "SELECT * FROM read_csv('{file}')",
    "files as tables": "SELECT * FROM '{file}'",
    "folders": "SELECT * FROM glob('{folder}/*')",
    "the network": "SELECT * FROM read_text('http://127.0.0.1:1/')",
    "sockets": "SELECT * FROM read_parquet('s3://bucket/x')",
    "variables of Python": "SELECT * FROM LIMITS",
    "the environment": "SELECT getenv('PATH')",
}


def test_nothing_outside_can_be_reached(with_sandboxes: With, tmp_path: Path) -> None:
    file = tmp_path / "secret.csv"
    file.write_text("word\nsecret\n")

    def ask(sql: str) -> Asked:
        async def question(sandbox: Sandbox) -> None:
            await sandbox.ask(Kind.ASK, LIMITS)
            with pytest.raises(FailedError):
                await sandbox.ask(Kind.RUN, {"sql": sql.format(file=file, folder=tmp_path), "rows": 10})

        return question

    with_sandboxes(*(ask(sql) for sql in OUTSIDE.values()))


TOLD_ELSEWHERE = """
    SELECT sql FROM duckdb_views() WHERE NOT internal
    UNION ALL SELECT table_name FROM duckdb_tables()
    UNION ALL SELECT column_name FROM duckdb_columns() WHERE NOT internal
    UNION ALL SELECT database_name FROM duckdb_databases() WHERE NOT internal
    UNION ALL SELECT path FROM duckdb_databases() WHERE path IS NOT NULL
    UNION ALL SELECT a FROM query_table('t')
"""


def test_what_a_locked_database_tells_is_its_caller_s_own(with_sandboxes: With) -> None:
    """The doors that the engine leaves open lead to the relation that was handed over, and to nothing else."""

    async def question(sandbox: Sandbox) -> None:
        await sandbox.ask(Kind.ASK, LIMITS)
        await load(sandbox, "t", pa.record_batch({"a": ["mine"]}))
        told = await values(sandbox, f"SELECT string_agg(c, ' ' ORDER BY c) FROM ({TOLD_ELSEWHERE}) x(c)")
        assert told == b"#answer a c0 memory mine t"

    with_sandboxes(question)


def test_limits_cannot_be_lifted(with_sandboxes: With) -> None:
    async def question(sandbox: Sandbox) -> None:
        await sandbox.ask(Kind.ASK, LIMITS)
        for sql in ("SELECT * FROM (SET memory_limit = '1TB')", "SELECT 1); SET threads = 8; SELECT (1"):
            with pytest.raises(FailedError):
                await sandbox.ask(Kind.RUN, {"sql": sql, "rows": 1})
        with pytest.raises(FailedError) as again:
            await sandbox.ask(Kind.ASK, {**LIMITS, "megabytes": 10_000})
        assert again.value.code == "value"

    with_sandboxes(question)


BOMBS = {
    "text": "SELECT repeat('x', 3000000000)",
    "a list": "SELECT range(1000000000)",
    "rows": "SELECT i FROM range(10000000000) r(i) ORDER BY hash(i)",
    "padding": "SELECT lpad('x', 2000000000, 'y')",
}


def test_memory_is_bounded(with_sandboxes: With) -> None:
    def ask(sql: str) -> Asked:
        async def question(sandbox: Sandbox) -> None:
            await sandbox.ask(Kind.ASK, LIMITS)
            with pytest.raises((FailedError, SandboxLost)) as stopped:
                await sandbox.ask(Kind.RUN, {"sql": sql, "rows": 10})
            assert getattr(stopped.value, "code", "memory") == "memory"

        return question

    with_sandboxes(*(ask(sql) for sql in BOMBS.values()))


def test_processor_time_ends_a_sandbox_that_nobody_kills(with_sandboxes: With) -> None:
    async def question(sandbox: Sandbox) -> None:
        await sandbox.ask(Kind.ASK, {**LIMITS, "seconds": 0})
        endless = (
            "SELECT count(*) FROM range(100000) a, range(100000) b, range(100000) c WHERE a.range + b.range < c.range"
        )
        with pytest.raises(SandboxLost):
            await sandbox.ask(Kind.RUN, {"sql": endless, "rows": 1})

    with_sandboxes(question)


def test_a_sandbox_has_no_open_file_no_name_and_no_privilege(with_sandboxes: With) -> None:
    def status(process: int) -> dict[str, str]:
        lines = Path(f"/proc/{process}/status").read_text().splitlines()
        return {name: rest.strip() for name, _, rest in (line.partition(":") for line in lines)}

    async def question(sandbox: Sandbox) -> None:
        await sandbox.ask(Kind.ASK, LIMITS)
        process = int(Path(f"/proc/self/fdinfo/{sandbox._handle}").read_text().split("Pid:")[1].split()[0])
        told = status(process)
        assert told["NoNewPrivs"] == "1"
        assert int(told["CapEff"], 16) == 0 or os.geteuid() != 0
        limits = Path(f"/proc/{process}/limits").read_text()
        for name in ("Max open files", "Max processes", "Max file size", "Max core file size"):
            assert limits.split(name)[1].split()[:2] == ["0", "0"], name

    with_sandboxes(question)


_LOOKED_AT = """
import os, sys
from gateway.sandbox.guard import close_to_others, control_process
if os.geteuid() == 0:
    os.setuid(65534)
control_process(4, 1)  # as every process begins that its user may look into
if sys.argv[1] == "closed":
    close_to_others()
looked_at = os.getpid()
if os.fork() == 0:
    try:
        open(f"/proc/{looked_at}/environ", "rb").close()
        print("open")
    except PermissionError:
        print("closed")
    sys.stdout.flush()
    os._exit(0)
os.wait()
"""


@pytest.mark.parametrize("state", ["open", "closed"])
def test_a_process_that_is_closed_cannot_be_looked_into_by_its_own_user(state: str) -> None:
    command = [sys.executable, "-c", _LOOKED_AT, state]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=30)
    assert told.stdout.strip() == state


def test_the_gateway_is_closed_when_it_has_sandboxes(with_sandboxes: With) -> None:
    async def question(_sandbox: Sandbox) -> None:
        assert ctypes.CDLL(None).prctl(3, 0, 0, 0, 0) == 0

    with_sandboxes(question)


def test_a_nursery_that_ended_is_started_again(runner: tuple[asyncio.Runner, SandboxPool]) -> None:
    loop, pool = runner

    async def run() -> None:
        (await pool.take()).kill()
        nursery = pool._nursery
        assert nursery is not None
        nursery.kill()
        nursery.wait()
        for _ in range(2):
            sandbox = await pool.take()
            assert "worked" in await sandbox.ask(Kind.ASK, LIMITS)
            sandbox.kill()

    loop.run(run())
