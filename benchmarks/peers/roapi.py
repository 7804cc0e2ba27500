"""ROAPI over the released Parquet file, in memory as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from benchmarks.peers.peer import Peer, by_key
from benchmarks.peers.process import Served, free_port, running, wait_for
from benchmarks.peers.questions import PAGE, Call, Groups, Page, Question, Row, Search, Slice, Whole
from benchmarks.peers.tickets import TABLE

_FORMATS = {"csv": "application/csv", "parquet": "application/parquet"}


class Roapi(Peer):
    """Asked in SQL, which it takes as the body of a POST."""

    name = "ROAPI"

    @contextmanager
    def serve(self) -> Iterator[Served]:
        """One process."""
        port, log = free_port(), self.folder / "log"
        program = self.place.programs / "python" / "bin" / "roapi"
        table = f"{TABLE}={self.place.files / f'{TABLE}.parquet'}"
        others = ["-p", f"127.0.0.1:{free_port()}", "--addr-flight-sql", f"127.0.0.1:{free_port()}"]
        command: list[str | Path] = [program, "-a", f"127.0.0.1:{port}", *others, "-t", table]
        with running(command, log, cwd=self.folder) as process:
            wait_for(f"http://127.0.0.1:{port}/api/tables/{TABLE}?limit=1", process, log)
            yield Served(port, (process.pid,))

    def call(self, question: Question) -> Call | None:
        """The question in SQL."""
        asked: Call | None = None
        match question:
            case Row(ticket):
                asked = _sql(f"SELECT * FROM {TABLE} WHERE ticket_no = '{ticket}'")
            case Page(district, until):
                rows = f"SELECT * FROM {TABLE} WHERE district = '{district}' AND opened_at <= {_moment(until)}"
                asked = _sql(f"{rows} ORDER BY opened_at DESC, ticket_no LIMIT {PAGE}")
            case Groups(since):
                groups = "SELECT district, status, count(*) AS count"
                asked = _sql(f"{groups} FROM {TABLE} WHERE opened_at >= {_moment(since)} GROUP BY district, status")
            case Search(word):
                asked = _sql(f"SELECT * FROM {TABLE} WHERE text LIKE '%{word}%' ORDER BY ticket_no LIMIT {PAGE}")
            case Slice(district):
                asked = _sql(f"SELECT * FROM {TABLE} WHERE district = '{district}'", "csv")
            case Whole(kind):
                asked = _sql(f"SELECT * FROM {TABLE}", kind)
        return asked

    def walk(self, ask: Callable[[Call], bytes], size: int) -> Iterator[list[dict[str, object]]]:
        """By the key."""
        rows = f"SELECT * FROM {TABLE} WHERE ticket_no"
        return by_key(ask, lambda last: _sql(f"{rows} > '{last}' ORDER BY ticket_no LIMIT {size}"), self.records, size)


def _sql(text: str, kind: str | None = None) -> Call:
    return Call("/api/sql", body=text, headers={"Accept": _FORMATS[kind]} if kind else {})


def _moment(at: datetime) -> str:
    return f"TIMESTAMP '{at.isoformat(sep=' ')}'"
