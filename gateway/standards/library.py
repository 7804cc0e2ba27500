"""What is kept between requests about the catalogue's documents: histories of releases, and documents once written."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Hashable, Sequence
from datetime import date, datetime, time
from functools import partial
from typing import Generic, TypeVar
from zoneinfo import ZoneInfo

from catalog.workspace import Workspace
from gateway.release.opened import OpenRelease
from gateway.standards.entry import Entry, Site
from gateway.standards.history import History
from gateway.view.view import View
from gateway.withdrawal.register import WithdrawalRegister
from gateway.withdrawal.tombstones import are_told

_MOMENTS = 4096  # moments of change that are kept
_Changed = tuple[datetime, date | None]
_Made = TypeVar("_Made")


class _Kept(Generic[_Made]):
    """A bounded memory of things that take a while to make, the longest unused one forgotten first."""

    def __init__(self, most: int, weight: Callable[[_Made], int]) -> None:
        self._held: OrderedDict[Hashable, _Made] = OrderedDict()
        self._most, self._weight, self._total = most, weight, 0

    async def get(self, key: Hashable, make: Callable[[], Awaitable[_Made]]) -> _Made:
        """The value of a key, made now if it is not held."""
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        made = await make()
        if key not in self._held:
            self._held[key] = made
            self._total += self._weight(made)
        while self._total > self._most:
            self._total -= self._weight(self._held.popitem(last=False)[1])
        return made


class Library:
    """Used on the event loop only; reading files and writing documents is done in threads."""

    def __init__(self, workspace: Workspace, withdrawals: WithdrawalRegister, most: int) -> None:
        """At most `most` bytes of documents are kept."""
        self._workspace, self._withdrawals = workspace, withdrawals
        self._documents = _Kept[bytes](most, len)
        self._history: tuple[OpenRelease, History, _Kept[_Changed]] | None = None

    async def entries(self, release: OpenRelease, views: Sequence[View], site: Site) -> list[Entry]:
        """The datasets of these views, with the moments they last changed."""
        history, changes = await self._history_of(release)
        found: list[Entry] = []
        for view in views:
            key = (view.dataset, view.policy, view.edition)
            make = partial(self._changed, release, history, view)
            modified, withdrawn_on = await changes.get(key, make)
            found.append(Entry(site, view, modified, withdrawn_on))
        return found

    async def document(self, key: Hashable, write: Callable[[], bytes]) -> bytes:
        """The document of a key, written in a thread if it is not held. The key must determine its bytes."""
        return await self._documents.get(key, lambda: asyncio.to_thread(write))

    async def _history_of(self, release: OpenRelease) -> tuple[History, _Kept[_Changed]]:
        """The history of the release that is asked about, with what was found in it; that of another is dropped."""
        if self._history is None or self._history[0] is not release:
            history = await asyncio.to_thread(History, self._workspace, release)
            self._history = (release, history, _Kept(_MOMENTS, lambda _: 1))
        return self._history[1:]

    async def _changed(self, release: OpenRelease, history: History, view: View) -> _Changed:
        """When a dataset last changed, on the city's clocks, and the last day a row of it was withdrawn."""
        zone = ZoneInfo(release.catalog.city.timezone)
        modified = await asyncio.to_thread(history.modified, view)
        withdrawn_on = await self._withdrawn_on(release, view)
        if withdrawn_on is not None:
            modified = max(modified, datetime.combine(withdrawn_on, time(), zone))
        return modified.astimezone(zone), withdrawn_on

    async def _withdrawn_on(self, release: OpenRelease, view: View) -> date | None:
        """The last day on which a row of the dataset was withdrawn, where that is told; it is a change as well."""
        if view.withdrawn is None or view.facts.row_count is None or not are_told(release, view.dataset):
            return None
        return max((entry.since for entry in await self._withdrawals.tombstones(view.dataset)), default=None)
