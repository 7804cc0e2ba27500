"""CivicLake itself: `python -m gateway` with everything on that is on anywhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson

from benchmarks.peers.peer import Peer, address
from benchmarks.peers.process import Served, free_port, running, wait_for
from benchmarks.peers.questions import PAGE, Call, Groups, Page, Question, Row, Search, Slice
from benchmarks.peers.tickets import TABLE

_ROOT = Path(__file__).resolve().parents[2]
_DATASET = f"/v1/datasets/{TABLE}"


class CivicLake(Peer):
    """The gateway over the release."""

    name = "CivicLake"
    workers = 2

    @contextmanager
    def serve(self) -> Iterator[Served]:
        """One server, by default of two processes, as there are two cores."""
        port, log = free_port(), self.folder / "log"
        command: list[str | Path] = [sys.executable, "-m", "gateway", "--home", self.place.home, "--port", str(port)]
        with running([*command, "--workers", str(self.workers)], log, cwd=_ROOT) as process:
            wait_for(f"http://127.0.0.1:{port}{_DATASET}", process, log)
            yield Served(port, (process.pid,))

    def call(self, question: Question) -> Call | None:
        """Rows, groups and files of the native door."""
        match question:
            case Row(ticket):
                return Call(address(f"{_DATASET}/rows", ticket_no=ticket, limit=1))
            case Page(district, until):
                newest = {"district": district, "opened_at__le": until.isoformat(), "order": "-opened_at"}
                return Call(address(f"{_DATASET}/rows", **newest, limit=PAGE))
            case Groups(since):
                asked = {"group": "district,status", "measure": "count", "opened_at__ge": since.isoformat()}
                return Call(address(f"{_DATASET}/aggregate", **asked))
            case Search(word):
                return Call(address(f"{_DATASET}/rows", text__contains=word, limit=PAGE))
            case Slice(district):
                return Call(address(f"{_DATASET}/rows.csv", district=district))
        return Call(f"{_DATASET}/files/{TABLE}.{question.format}")

    def records(self, body: bytes) -> list[dict[str, Any]]:
        """The rows or groups of a page."""
        page = orjson.loads(body)
        return list(page["rows"] if "rows" in page else page["groups"])

    def walk(self, ask: Callable[[Call], bytes], size: int) -> Iterator[list[dict[str, Any]]]:
        """Along the links to the next page."""
        path = address(f"{_DATASET}/rows", limit=size)
        while path:
            page = orjson.loads(ask(Call(path)))
            yield page["rows"]
            path = page["next"]
