"""A memory of things that take a while to make, bounded by what they weigh."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from starlette.responses import Response

_LARGEST = 8  # what weighs more than this part of the whole is not kept: it would push out too much else
_HEADERS = 1024  # bytes that an answer's headers take, roughly
_Made = TypeVar("_Made")


class Kept(Generic[_Made]):
    """Keeps what weighs at most `most` together; the longest unused is forgotten first. For the event loop only."""

    def __init__(self, most: int, weight: Callable[[_Made], int]) -> None:
        self._held: OrderedDict[Hashable, _Made] = OrderedDict()
        self._most, self._weight, self._total = most, weight, 0

    def __len__(self) -> int:
        return len(self._held)

    def find(self, key: Hashable) -> _Made | None:
        """The value of a key, if it is held."""
        found = self._held.get(key)
        if found is not None:
            self._held.move_to_end(key)
        return found

    def keep(self, key: Hashable, made: _Made) -> None:
        """Hold a value from now on."""
        before = self._held.pop(key, None)
        if before is not None:
            self._total -= self._weight(before)
        self._held[key] = made
        self._total += self._weight(made)
        while self._total > self._most:
            self._total -= self._weight(self._held.popitem(last=False)[1])

    async def get(self, key: Hashable, make: Callable[[], Awaitable[_Made]]) -> _Made:
        """The value of a key, made now if it is not held."""
        found = self.find(key)
        if found is None:
            found = await make()
            self.keep(key, found)
        return found

    def clear(self) -> None:
        """Forget everything."""
        self._held.clear()
        self._total = 0


@dataclass(frozen=True)
class _Answer:
    """The bytes of an answer, its headers but for who may keep it, and how many rows it has."""

    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    rows: int


@dataclass
class _Turn:
    """Who makes an answer, and how many want it."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0


class KeptAnswers:
    """Answers to questions about immutable releases, as bytes, for whoever asks the same and may see the same.

    A key must determine the bytes: the entity tag, which stands for release, decision, withdrawn rows in sight,
    question, format and coding, and the address, which links to the next page repeat.
    """

    def __init__(self, most: int) -> None:
        """At most `most` bytes; 0 keeps none."""
        self._most = most
        self._turns: dict[Hashable, _Turn] = {}
        self._answers = Kept[_Answer](most, lambda answer: len(answer.body) + _HEADERS)

    def __len__(self) -> int:
        return len(self._answers)

    @asynccontextmanager
    async def turn(self, key: Hashable) -> AsyncIterator[None]:
        """Of all who ask the same at the same moment one makes the answer, and the others find it when it is there."""
        turn = self._turns.setdefault(key, _Turn())
        turn.waiting += 1
        try:
            async with turn.lock:
                yield
        finally:
            turn.waiting -= 1
            if not turn.waiting:
                del self._turns[key]

    def find(self, key: Hashable, cache_control: str) -> tuple[Response, int] | None:
        """The answer of a key for this caller, and how many rows it has."""
        found = self._answers.find(key)
        if found is None:
            return None
        answer = Response()
        answer.body = found.body
        answer.raw_headers = [*found.headers, (b"cache-control", cache_control.encode("latin-1"))]
        return answer, found.rows

    def keep(self, key: Hashable, answer: Response, rows: int) -> None:
        """Hold an answer that was just made, before it is sent."""
        body = bytes(answer.body)
        if len(body) + _HEADERS <= self._most // _LARGEST:
            headers = tuple(header for header in answer.raw_headers if header[0] != b"cache-control")
            self._answers.keep(key, _Answer(body, headers, rows))

    def clear(self) -> None:
        """Forget everything: withdrawn rows are not to linger in memory either."""
        self._answers.clear()
