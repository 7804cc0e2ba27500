"""Datasette over SQLite, with the index of the page and full-text search by trigrams."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import duckdb
import orjson

from benchmarks.peers.peer import Peer, address
from benchmarks.peers.process import Served, free_port, running, wait_for
from benchmarks.peers.questions import PAGE, Call, Groups, Page, Question, Row, Search, Slice
from benchmarks.peers.tickets import COLUMNS, TABLE

_KINDS = {"INTEGER": "INTEGER", "DOUBLE": "REAL"}
_TABLE = f"/{TABLE}/{TABLE}"
_SETTINGS = {"sql_time_limit_ms": "120000", "max_returned_rows": "10000", "max_csv_mb": "0", "num_sql_threads": "2"}
_GROUPS = f"select district, status, count(*) as count from {TABLE} where opened_at >= :since group by 1, 2"


class Datasette(Peer):
    """The file is opened as immutable."""

    name = "Datasette"

    def prepare(self) -> None:
        """A SQLite file with the tickets, times as texts of ISO 8601."""
        file, done = self.folder / f"{TABLE}.db", self.folder / "ready"
        if done.exists():
            return
        file.unlink(missing_ok=True)
        columns = ", ".join(f"{name} {_KINDS.get(kind, 'TEXT')}" for name, kind in COLUMNS.items())
        texts = [
            f"strftime({name}, '%Y-%m-%dT%H:%M:%S')" if kind == "TIMESTAMP" else name for name, kind in COLUMNS.items()
        ]
        with closing(sqlite3.connect(file)) as con, duckdb.connect(str(self.place.tickets), read_only=True) as source:
            con.execute("PRAGMA journal_mode = off")
            con.execute("PRAGMA synchronous = off")
            con.execute(f"CREATE TABLE {TABLE} ({columns}, PRIMARY KEY (ticket_no))")
            rows = source.execute(f"SELECT {', '.join(texts)} FROM open.{TABLE} ORDER BY ticket_no")
            while batch := rows.fetchmany(50_000):
                con.executemany(f"INSERT INTO {TABLE} VALUES ({', '.join('?' * len(COLUMNS))})", batch)
            con.execute(f"CREATE INDEX newest ON {TABLE} (district, opened_at DESC, ticket_no)")
            con.execute(f"""CREATE VIRTUAL TABLE {TABLE}_fts USING fts5(text, content="{TABLE}", tokenize='trigram')""")
            con.execute(f"INSERT INTO {TABLE}_fts ({TABLE}_fts) VALUES ('rebuild')")
            con.execute("ANALYZE")
            con.commit()
        done.touch()

    @contextmanager
    def serve(self) -> Iterator[Served]:
        """One process, as it comes, but for its limits."""
        port, log = free_port(), self.folder / "log"
        settings = [part for name, value in _SETTINGS.items() for part in ("--setting", name, value)]
        program = self.place.programs / "python" / "bin" / "datasette"
        command: list[str | Path] = [program, "serve", "-i", self.folder / f"{TABLE}.db", "-p", str(port), *settings]
        with running(command, log) as process:
            wait_for(f"http://127.0.0.1:{port}{_TABLE}.json?_size=1", process, log)
            yield Served(port, (process.pid,))

    def call(self, question: Question) -> Call | None:
        """Tables and rows as JSON without totals, groups by SQL in the address, searches by its FTS."""
        plain = {"_shape": "array", "_nocount": "1", "_nofacet": "1"}
        match question:
            case Row(ticket):
                return Call(address(f"{_TABLE}/{ticket}.json", _shape="array"))
            case Page(district, until):
                newest = {"district__exact": district, "opened_at__lte": until.isoformat()}
                return Call(address(f"{_TABLE}.json", **newest, _sort_desc="opened_at", _size=PAGE, **plain))
            case Groups(since):
                return Call(address(f"/{TABLE}.json", sql=_GROUPS, since=since.isoformat(), _shape="array"))
            case Search(word):
                return Call(address(f"{_TABLE}.json", _search=word, _size=PAGE, **plain))
            case Slice(district):
                return Call(address(f"{_TABLE}.csv", district__exact=district, _stream="on"))
        return None

    def walk(self, ask: Callable[[Call], bytes], size: int) -> Iterator[list[dict[str, Any]]]:
        """By the token of the next page."""
        after: str | None = ""
        while after is not None:
            more = {"_next": after} if after else {}
            path = address(f"{_TABLE}.json", _size=size, _shape="objects", _nocount="1", _nofacet="1", **more)
            page = orjson.loads(ask(Call(path)))
            yield page["rows"]
            after = page["next"]
