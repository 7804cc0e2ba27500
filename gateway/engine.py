"""The engine: one locked-down, read-only DuckDB per process. The only module that knows DuckDB in the
gateway's own processes.

It runs compiled SELECT trees, never text from outside. Statements run in threads of their own, each on its own
cursor, and are interrupted when their time is over or their caller is gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb

from gateway.problems import Busy, NumberTooLarge, QueryTimeout, QueryTooLarge
from gateway.query.compile import Statement
from gateway.quota.places import FairPlaces

if TYPE_CHECKING:
    import pyarrow as pa

STREAM_ROWS = 16_384  # rows handed over at a time: a few MB, so memory stays flat however long the answer
_LATE_ROWS = 20_000  # a page that large still fetches its columns for the rows of the page only
_INTERRUPT_AGAIN = 0.05

Result = TypeVar("Result")


class Engine:
    """Holds the attached releases and runs statements over them."""

    def __init__(
        self,
        releases: Path,
        *,
        memory_limit: str,
        threads: int,
        places: int,
        exports: int,
        cache: Path | None = None,
    ) -> None:
        self._root = duckdb.connect(":memory:")
        for setting in _lockdown((releases, *([cache] if cache else [])), memory_limit, threads):
            self._root.execute(setting)
        self._threads = ThreadPoolExecutor(max_workers=places, thread_name_prefix="statement")
        self._places = FairPlaces(places)
        self._exports = asyncio.Semaphore(exports)

    def close(self) -> None:
        """Let go of every file; no statement may be running."""
        self._threads.shutdown(wait=True, cancel_futures=True)
        self._root.close()

    def attach(self, name: str, file: Path) -> None:
        """Open a serving file read-only under `name`. Blocks; call it from a thread."""
        with self._root.cursor() as cursor:
            cursor.execute(f"ATTACH {literal(file)} AS {identifier(name)} (READ_ONLY)")

    def detach(self, name: str) -> None:
        """Close a serving file; a name that is not attached is no error. Blocks; call it from a thread."""
        with self._root.cursor() as cursor:
            cursor.execute(f"DETACH DATABASE IF EXISTS {identifier(name)}")

    def tables(self, name: str, schema: str) -> dict[str, dict[str, str]]:
        """Stored types by column, by table, of one schema of an attached file."""
        found: dict[str, dict[str, str]] = {}
        with self._root.cursor() as cursor:
            columns = cursor.execute(
                "SELECT table_name, column_name, data_type FROM duckdb_columns() "
                "WHERE database_name = ? AND schema_name = ? ORDER BY table_name, column_index",
                [name, schema],
            ).fetchall()
        for table, column, kind in columns:
            found.setdefault(table, {})[column] = kind
        return found

    def lies_in_order(self, table: tuple[str, str, str], key: Sequence[str]) -> bool:
        """Whether a table's rows are stored in strictly ascending order of the key: one pass over the key columns."""
        pairs = [(identifier(name), f"lag({identifier(name)}) OVER ()") for name in key]
        higher = [
            " AND ".join([*(f"{own} = {before}" for own, before in pairs[:place]), "{} > {}".format(*pairs[place])])
            for place in range(len(pairs))
        ]
        rising = f"SELECT {' OR '.join(higher)} AS rises FROM {'.'.join(map(identifier, table))}"
        with self._root.cursor() as cursor:
            found = cursor.execute(f"SELECT coalesce(bool_and(rises), true) FROM ({rising})").fetchone()
        return bool(found and found[0])

    def parquet_columns(self, file: Path) -> tuple[str, ...]:
        """Names of the columns a Parquet file really holds."""
        with self._root.cursor() as cursor:
            cursor.execute(f"SELECT * FROM read_parquet({literal(file)}, hive_partitioning = false) LIMIT 0")
            return tuple(str(column[0]) for column in cursor.description or ())

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """All rows of a statement the gateway keeps its own books with, never of one that a caller asked for.

        Blocks; call it from a thread. It may make tables in memory and write below the cache folder.
        """
        with self._root.cursor() as cursor:
            return cursor.execute(statement, list(values)).fetchall()

    async def fetch(self, statement: Statement, timeout: float, *, caller: str = "") -> list[tuple[Any, ...]]:
        """All rows of a statement, for a caller that takes turns with others.

        Raises QueryTimeout, QueryTooLarge or Busy; being cancelled interrupts it.
        """
        return await self._fetch(statement, lambda cursor: cursor.fetchall(), timeout, caller)

    async def fetch_table(self, statement: Statement, timeout: float, *, caller: str = "") -> pa.Table:
        """All rows of a statement as an Arrow table; everything else is as with `fetch`."""
        return await self._fetch(statement, lambda cursor: cursor.to_arrow_table(), timeout, caller)

    async def _fetch(
        self,
        statement: Statement,
        take: Callable[[duckdb.DuckDBPyConnection], Result],
        timeout: float,
        caller: str,
    ) -> Result:
        text, deadline = statement.text, asyncio.get_running_loop().time() + timeout
        async with self._places.place(caller, timeout):
            with self._root.cursor() as cursor:
                left = max(deadline - asyncio.get_running_loop().time(), 0.001)
                return await self._run(cursor, lambda: take(cursor.execute(text, statement.binds)), left)

    async def stream(
        self,
        statement: Statement,
        *,
        first: float,
        total: float,
        caller: str = "",
        handed: Callable[[int], None] | None = None,
    ) -> AsyncGenerator[pa.RecordBatch, None]:
        """The rows of a statement in batches, at least one, as the engine laid them out in memory.

        The first batch must come within `first` seconds, the last within `total`. A slow reader holds no place:
        places are taken batch by batch, after look-ups, and the engine computes only a little ahead. `handed` is
        told the number of rows of each batch.
        """
        if self._exports.locked():
            raise Busy("All places for streamed answers are taken.", headers={"Retry-After": "10"})
        text, deadline = statement.text, asyncio.get_running_loop().time() + total
        async with self._exports:
            with self._root.cursor() as cursor:
                async with self._places.place(caller, first, export=True):
                    reader = await self._run(
                        cursor, lambda: cursor.execute(text, statement.binds).to_arrow_reader(STREAM_ROWS), first
                    )
                came = False
                while True:
                    left = max(deadline - asyncio.get_running_loop().time(), 0.001)
                    async with self._places.place(caller, left, export=True):
                        batch = await self._run(cursor, lambda: next(iter(reader), None), left)
                    if batch is None:
                        break
                    if handed is not None:
                        handed(batch.num_rows)
                    came = True
                    yield batch
                if not came:
                    yield _no_rows(reader.schema)

    async def _run(self, cursor: duckdb.DuckDBPyConnection, work: Callable[[], Result], timeout: float) -> Result:
        running = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.wait_for(asyncio.shield(running), timeout)
        except TimeoutError:
            await _stop(cursor, running)
            raise QueryTimeout("The query was stopped: its time was over.") from None
        except asyncio.CancelledError:
            await _stop(cursor, running)
            raise
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
            raise NumberTooLarge("A number of the answer has more than 38 digits.") from error
        except duckdb.OutOfMemoryException as error:
            raise QueryTooLarge("The query needs more memory than one request may use.") from error


def _lockdown(folders: Sequence[Path], memory_limit: str, threads: int) -> list[str]:
    """Settings that leave no files but those below the folders; the last one bars any further change."""
    return [
        f"SET memory_limit = '{memory_limit}'",
        f"SET threads = {int(threads)}",
        "SET default_null_order = 'nulls_last'",
        "SET preserve_insertion_order = true",
        f"SET GLOBAL late_materialization_max_rows = {_LATE_ROWS}",  # else of this connection only, not of its cursors
        "SET temp_directory = ''",
        "SET autoinstall_known_extensions = false",
        "SET autoload_known_extensions = false",
        "SET allow_community_extensions = false",
        f"SET allowed_directories = [{', '.join(map(literal, folders))}]",
        "SET enable_external_access = false",
        "SET lock_configuration = true",
    ]


async def _stop(cursor: duckdb.DuckDBPyConnection, running: asyncio.Future[Any]) -> None:
    """Interrupt until the thread lets go: an interrupt that comes before the statement begins is lost."""
    while not running.done():
        cursor.interrupt()
        await asyncio.wait({running}, timeout=_INTERRUPT_AGAIN)
    running.exception()  # looked at, so that asyncio does not report it as lost


def _no_rows(schema: pa.Schema) -> pa.RecordBatch:
    import pyarrow as pa

    return pa.RecordBatch.from_pylist([], schema=schema)


def literal(text: str | Path) -> str:
    """A text or a path as an SQL string."""
    return "'" + str(text).replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'
