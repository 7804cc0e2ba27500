"""What the benchmark knows of a server: how it is loaded, started and asked, and where the rows of an answer are."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson

from benchmarks.peers.process import Served
from benchmarks.peers.questions import Call, Question


@dataclass(frozen=True)
class Place:
    """Where things are: the tickets (a DuckDB file), the released files, the workspace, programs, a folder to write."""

    tickets: Path
    files: Path
    home: Path
    programs: Path
    work: Path
    rows: int


class Peer(ABC):
    """One server. What it cannot do it is not asked."""

    name: str

    def __init__(self, place: Place) -> None:
        self.place = place
        self.folder = place.work / self.name
        self.folder.mkdir(parents=True, exist_ok=True)

    def prepare(self) -> None:
        """Load the tickets, unless that was done before. Those that read files need nothing."""
        return

    @abstractmethod
    def serve(self) -> AbstractContextManager[Served]:
        """The server for the time of a block, answering when it begins."""

    @abstractmethod
    def call(self, question: Question) -> Call | None:
        """A question in the server's words; None where it has none for it."""

    def records(self, body: bytes) -> list[dict[str, Any]]:
        """The records in an answer of JSON."""
        found = orjson.loads(body)
        return found if isinstance(found, list) else [found]

    def walk(self, ask: Callable[[Call], bytes], size: int) -> Iterator[list[dict[str, Any]]] | None:
        """Every ticket, page after page; None where there is no way."""
        return None


def by_key(
    ask: Callable[[Call], bytes], page: Callable[[str], Call], read: Callable[[bytes], list[dict[str, Any]]], size: int
) -> Iterator[list[dict[str, Any]]]:
    """A walk by the key: each page asks for what comes after the last number of the page before."""
    last = ""
    while True:
        records = read(ask(page(last)))
        yield records
        if len(records) < size:
            return
        last = str(records[-1]["ticket_no"])


def address(path: str, **parameters: object) -> str:
    """A path with parameters."""
    return f"{path}?{urlencode(parameters)}"
