"""One round: every workload, every server in turn, under one load after the other."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks.peers.peer import Peer, Place
from benchmarks.peers.process import Memory, Served, settle, worked
from benchmarks.peers.questions import Call, Groups, Page, Question, Row, Search, Slice, Whole, draw
from benchmarks.peers.report import Figures, Goal, goals, rates
from benchmarks.peers.transfer import Asking, Transfer, download, walk
from benchmarks.peers.wrk import load

CONNECTIONS = (1, 16, 64)
PAGE_OF_WALK = 10_000
_READ_AT_ONCE = 1 << 23
_QUESTIONS = 5_000  # a second: more than any server answers
_KINDS: dict[str, type[Question]] = {
    "row by id": Row,
    "filtered, ordered page": Page,
    "groups": Groups,
    "search": Search,
}
_LONG: dict[str, Question] = {
    "CSV of everything": Whole("csv"),
    "Parquet of everything": Whole("parquet"),
    "filtered CSV": Slice("区03"),
}
_WALK, _OWN = "walk of all rows", "CivicLake"
_REPEATED, _UNCHANGED = "repeated page", "repeated page, 304"
_REPEATED_GROUPS = "repeated groups"


@dataclass
class Results:
    """Everything that was measured."""

    rate: Figures = field(default_factory=lambda: Figures(higher=True, unit="requests a second"))
    middle: Figures = field(default_factory=lambda: Figures(higher=False, unit="milliseconds, the middle request"))
    processor: Figures = field(
        default_factory=lambda: Figures(higher=False, unit="milliseconds of processor for a request, all processes")
    )
    seconds: Figures = field(default_factory=lambda: Figures(higher=False, unit="seconds"))
    memory: Figures = field(default_factory=lambda: Figures(higher=False, unit="MB at the peak of the round"))
    failed: Figures = field(
        default_factory=lambda: Figures(higher=False, unit="answers that were errors or came too late")
    )

    def report(self, servers: Sequence[str]) -> str:
        """All tables."""
        parts = [
            rates(self.rate, servers, "Short answers"),
            rates(self.middle, servers, "The same"),
            rates(self.processor, servers, "The same"),
            rates(self.seconds, servers, "Long answers"),
            rates(self.memory, servers, "Memory of the whole process tree"),
            goals([*((goal, self.rate) for goal in _SHORT), *((goal, self.seconds) for goal in _GOALS_LONG)], _OWN),
            f"By processor time instead:\n\n{goals([(goal, self.processor) for goal in _SHORT], _OWN)}",
        ]
        if any(sum(rounds) for by in self.failed.found.values() for rounds in by.values()):
            parts.append(rates(self.failed, servers, "Errors"))
        return "\n\n".join(parts)

    def save(self, file: Path) -> None:
        """Every single figure, as JSON."""
        told = {name: figures.found for name, figures in vars(self).items()}
        file.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")


@dataclass(frozen=True)
class _Round:
    """One round: its number, the servers in its order, how long each load lasts, and where figures go."""

    place: Place
    turn: int
    running: Mapping[Peer, Served]
    seconds: int
    results: Results

    def fresh(self, workload: str, kind: type[Question], connections: int) -> None:
        """Questions that hardly ever repeat, the same ones for each server."""
        chance = random.Random(f"{self.turn} {workload} {connections}")
        questions = [draw(kind, self.place.rows, chance) for _ in range(_QUESTIONS * self.seconds)]
        for peer in self.running:
            calls = [call for question in questions if (call := peer.call(question)) is not None]
            self.load(peer, f"{workload}, {connections}", calls, connections)

    def same(self, workload: str, question: Question, connections: int) -> None:
        """One question, again and again."""
        for peer in self.running:
            call = peer.call(question)
            self.load(peer, f"{workload}, {connections}", [call] if call else [], connections)

    def unchanged(self, question: Question, connections: int) -> None:
        """One question from somebody who holds its answer."""
        for peer, served in self.running.items():
            self.load(peer, f"{_UNCHANGED}, {connections}", _conditional(peer, served, question), connections)

    def load(self, peer: Peer, name: str, calls: list[Call], connections: int) -> None:
        """Calls under load, where there are any."""
        if not calls:
            return
        served, programs = self.running[peer], self.place.programs
        before = worked(served.roots)
        with Memory(served.roots) as memory:
            found = load(
                programs, served.address, calls, connections=connections, seconds=self.seconds, folder=peer.folder
            )
        settle(served.roots)
        if found.rate:
            spent = (worked(served.roots) - before) * 1000
            self.results.processor.add(name, peer.name, spent / (found.rate * self.seconds))
        self.results.rate.add(name, peer.name, found.rate)
        self.results.middle.add(name, peer.name, found.p50)
        self.results.memory.add("short answers", peer.name, memory.peak / 1e6)
        if found.failed:
            self.results.failed.add(name, peer.name, found.failed)

    def long(self, workload: str, question: Question) -> None:
        """One answer of many rows."""
        for peer, served in self.running.items():
            call = peer.call(question)
            if call is not None:
                self.transfer(workload, peer, partial(download, served, call))

    def walk(self) -> None:
        """Every row by pages. RuntimeError when one is missing."""
        for peer, served in self.running.items():
            found = self.transfer(_WALK, peer, partial(walk, peer, served, PAGE_OF_WALK))
            if found is not None and found.rows != self.place.rows:
                raise RuntimeError(f"{peer.name} gave {found.rows} rows of {self.place.rows}")

    def transfer(self, workload: str, peer: Peer, work: Callable[[], Transfer | None]) -> Transfer | None:
        """A long answer with its figures; None where there is none, or none in time."""
        served, found = self.running[peer], None
        try:
            with Memory(served.roots) as memory:
                found = work()
        except TimeoutError:
            self.results.failed.add(workload, peer.name, 1)
        settle(served.roots)
        if found is not None:
            self.results.seconds.add(workload, peer.name, found.seconds)
            self.results.memory.add(workload, peer.name, memory.peak / 1e6)
        return found


def one_round(place: Place, running: Mapping[Peer, Served], results: Results, turn: int, seconds: int) -> None:
    """Measure everything once. Servers change places from round to round."""
    order = list(running.items())
    first = turn % len(order)
    this = _Round(place, turn, dict(order[first:] + order[:first]), seconds, results)
    for connections in CONNECTIONS:
        _read_all(place.work)
        for workload, kind in _KINDS.items():
            this.fresh(workload, kind, connections)
        this.same(_REPEATED, _same(Page, place), connections)
        this.same(_REPEATED_GROUPS, _same(Groups, place), connections)
        this.unchanged(_same(Page, place), connections)
    for workload, question in _LONG.items():
        this.long(workload, question)
    this.walk()


def _read_all(folder: Path) -> None:
    """Read every file the servers answer from, so that none of them waits for a disk that the others have warmed."""
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb", buffering=0) as file:
                while file.read(_READ_AT_ONCE):
                    pass


def _same(kind: type[Question], place: Place) -> Question:
    return draw(kind, place.rows, random.Random(11))


def _conditional(peer: Peer, served: Served, question: Question) -> list[Call]:
    """The question from somebody who holds the answer; nothing where the server gives no tag."""
    call = peer.call(question)
    if call is None:
        return []
    asking = Asking(served)
    tag = asking.header(call, "ETag")
    asking.close()
    return [Call(call.path, call.body, {**call.headers, "If-None-Match": tag})] if tag else []


_SHORT = [
    *(Goal(f"row by id, {n}", "PostgREST", 1.5) for n in CONNECTIONS),
    *(Goal(f"filtered, ordered page, {n}", "PostgREST", 1.5) for n in CONNECTIONS),
    *(Goal(f"groups, {n}", None, 1) for n in CONNECTIONS),
    *(Goal(f"{_REPEATED_GROUPS}, {n}", None, 50) for n in CONNECTIONS),
    *(Goal(f"{_REPEATED}, {n}", "PostgREST", 5) for n in CONNECTIONS),
    *(Goal(f"{_UNCHANGED}, {n}", "PostgREST", 5, f"{_REPEATED}, {n}") for n in CONNECTIONS),
    *(Goal(f"search, {n}", "Datasette", 1.5) for n in CONNECTIONS),
]
_GOALS_LONG = [
    Goal("CSV of everything", "nginx", 0.95),
    Goal("Parquet of everything", "nginx", 0.95),
    Goal("filtered CSV", "ROAPI", 2),
    Goal(_WALK, "PostgREST", 1.5),
]
