"""The naive server: FastAPI and DuckDB, put together without more thought than that."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.peers.peer import Peer, address, by_key
from benchmarks.peers.process import Served, free_port, running, wait_for
from benchmarks.peers.questions import PAGE, Call, Groups, Page, Question, Row, Search, Slice, Whole

_ROOT = Path(__file__).resolve().parents[2]


class Naive(Peer):
    """`naive_app` under uvicorn."""

    name = "FastAPI+DuckDB"

    @contextmanager
    def serve(self) -> Iterator[Served]:
        """One process."""
        port, log = free_port(), self.folder / "log"
        command = [
            sys.executable,
            "-m",
            "uvicorn",
            "--factory",
            "benchmarks.peers.naive_app:make_app",
            "--no-access-log",
        ]
        env = {"TICKETS": str(self.place.tickets)}
        with running([*command, "--port", str(port)], log, cwd=_ROOT, env=env) as process:
            wait_for(f"http://127.0.0.1:{port}/tickets/T00000001", process, log)
            yield Served(port, (process.pid,))

    def call(self, question: Question) -> Call | None:
        """One address each."""
        asked: Call | None = None
        match question:
            case Row(ticket):
                asked = Call(f"/tickets/{ticket}")
            case Page(district, until):
                asked = Call(address("/newest", district=district, until=until.isoformat(), limit=PAGE))
            case Groups(since):
                asked = Call(address("/groups", since=since.isoformat()))
            case Search(word):
                asked = Call(address("/search", word=word, limit=PAGE))
            case Slice(district):
                asked = Call(address("/csv", district=district))
            case Whole("csv"):
                asked = Call("/csv")
        return asked

    def walk(self, ask: Callable[[Call], bytes], size: int) -> Iterator[list[dict[str, object]]]:
        """By the key."""
        return by_key(ask, lambda last: Call(address("/tickets", after=last, limit=size)), self.records, size)
