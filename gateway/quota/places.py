"""Places for statements, shared out fairly: callers take turns, look-ups go before exports, nobody holds them all."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from gateway.problems import Busy

_QUEUED_PER_PLACE = 32
_LOOKUPS_PER_EXPORT = 8  # where both wait, an export comes after so many look-ups: it is slowed, not stopped


@dataclass
class _Line:
    """Who waits, by caller: the callers take turns."""

    waiting: OrderedDict[str, deque[asyncio.Future[None]]] = field(default_factory=OrderedDict)

    def join(self, caller: str, turn: asyncio.Future[None]) -> None:
        """Stand at the end of the caller's own line."""
        self.waiting.setdefault(caller, deque()).append(turn)

    def leave(self, caller: str, turn: asyncio.Future[None]) -> None:
        """Stop waiting; it is no error to have had the turn already."""
        own = self.waiting.get(caller)
        if own is not None and turn in own:
            own.remove(turn)
            if not own:
                del self.waiting[caller]

    def next(self, held: Counter[str], most: int) -> tuple[str, asyncio.Future[None]] | None:
        """The next turn among callers that hold fewer than `most` places; its caller then stands last."""
        for caller, own in self.waiting.items():
            if held[caller] < most:
                turn = own.popleft()
                self.waiting.move_to_end(caller)
                if not own:
                    del self.waiting[caller]
                return caller, turn
        return None

    def length(self, caller: str | None = None) -> int:
        """How many wait, in all or of one caller."""
        return len(self.waiting.get(caller, ())) if caller is not None else sum(map(len, self.waiting.values()))


class FairPlaces:
    """So many places. Belongs to one event loop.

    One caller holds at most all places but one, and so do exports together; waiting is bounded in length, for
    each caller at half of that, and in time.
    """

    def __init__(self, places: int) -> None:
        self._free = places
        self._most = max(1, places - 1)
        self._queue = places * _QUEUED_PER_PLACE
        self._held: Counter[str] = Counter()
        self._exporting = 0
        self._since_export = 0
        self._lookups, self._exports = _Line(), _Line()

    @asynccontextmanager
    async def place(self, caller: str, timeout: float, *, export: bool = False) -> AsyncIterator[None]:
        """Hold a place. Raises Busy when too many wait, or after `timeout` seconds."""
        busy = Busy("All places for queries are taken.", headers={"Retry-After": "2"})
        line = self._exports if export else self._lookups
        if self._lookups.length() + self._exports.length() >= self._queue or line.length(caller) >= self._queue // 2:
            raise busy
        turn = asyncio.get_running_loop().create_future()
        line.join(caller, turn)
        self._share_out()
        try:
            async with asyncio.timeout(timeout):
                await turn
        except BaseException as error:
            line.leave(caller, turn)
            if turn.done() and not turn.cancelled():
                self._give_back(caller, export=export)
            if isinstance(error, TimeoutError):
                raise busy from None
            raise
        try:
            yield
        finally:
            self._give_back(caller, export=export)

    def _give_back(self, caller: str, *, export: bool) -> None:
        self._free += 1
        self._held[caller] -= 1
        if not self._held[caller]:
            del self._held[caller]
        self._exporting -= export
        self._share_out()

    def _share_out(self) -> None:
        while self._free:
            export = self._export_is_due()
            found = (self._exports if export else self._lookups).next(self._held, self._most)
            if found is None:
                export = not export
                if export and self._exporting >= self._most:
                    return
                found = (self._exports if export else self._lookups).next(self._held, self._most)
            if found is None:
                return
            caller, turn = found
            if turn.done():  # it stopped waiting
                continue
            self._free -= 1
            self._held[caller] += 1
            self._exporting += export
            self._since_export = 0 if export else self._since_export + 1
            turn.set_result(None)

    def _export_is_due(self) -> bool:
        waits = bool(self._exports.waiting) and self._exporting < self._most
        return waits and (not self._lookups.waiting or self._since_export >= _LOOKUPS_PER_EXPORT)
