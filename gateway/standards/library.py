"""What is kept between requests about the catalogue's documents: histories of releases, and documents once written."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from catalog.workspace import Workspace
from gateway.policy.plans import Plans
from gateway.release.opened import OpenRelease
from gateway.standards.entry import Entry, Site
from gateway.standards.history import History
from gateway.view.view import View
from gateway.withdrawal.register import WithdrawalRegister
from gateway.withdrawal.tombstones import are_told

_MOMENTS = 4096  # moments of change that are kept


class Library:
    """Used on the event loop only; reading files and writing documents is done in threads."""

    def __init__(self, workspace: Workspace, withdrawals: WithdrawalRegister, most: int) -> None:
        """At most `most` bytes of documents are kept."""
        self._workspace, self._withdrawals = workspace, withdrawals
        self._documents: OrderedDict[Hashable, bytes] = OrderedDict()
        self._most, self._held = most, 0
        self._history: tuple[OpenRelease, History, Plans[datetime]] | None = None

    async def entries(self, release: OpenRelease, views: Sequence[View], site: Site) -> list[Entry]:
        """The datasets of these views, with the moments they last changed."""
        zone, found = ZoneInfo(site.city.timezone), list[Entry]()
        for view in views:
            modified, withdrawn_on = await self._modified(release, view), await self._withdrawn_on(release, view)
            if withdrawn_on is not None:
                modified = max(modified, datetime.combine(withdrawn_on, time(), zone))
            found.append(Entry(site, view, modified.astimezone(zone), withdrawn_on))
        return found

    async def document(self, key: Hashable, write: Callable[[], bytes]) -> bytes:
        """The document of a key, written in a thread if it is not held. The key must determine its bytes."""
        if key in self._documents:
            self._documents.move_to_end(key)
            return self._documents[key]
        body = await asyncio.to_thread(write)
        if key not in self._documents:
            self._documents[key] = body
            self._held += len(body)
        while self._held > self._most:
            self._held -= len(self._documents.popitem(last=False)[1])
        return body

    async def _modified(self, release: OpenRelease, view: View) -> datetime:
        if self._history is None or self._history[0] is not release:
            made = await asyncio.to_thread(History, self._workspace, release)
            self._history = (release, made, Plans(_MOMENTS))
        _, history, moments = self._history
        key = (view.dataset, view.policy, view.edition)
        read = None if key in moments else await asyncio.to_thread(history.modified, view)
        return moments.get(key, lambda: read or history.modified(view))

    async def _withdrawn_on(self, release: OpenRelease, view: View) -> date | None:
        """The last day on which a row of the dataset was withdrawn, where that is told; it is a change as well."""
        if view.withdrawn is None or view.facts.row_count is None or not are_told(release, view.dataset):
            return None
        return max((entry.since for entry in await self._withdrawals.tombstones(view.dataset)), default=None)
