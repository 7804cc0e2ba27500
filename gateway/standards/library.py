"""What is kept between requests about the catalogue's documents: histories of releases, and documents once written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Sequence
from datetime import date, datetime, time
from functools import partial
from zoneinfo import ZoneInfo

from catalog.switches import LOG_FILE
from catalog.workspace import Workspace
from gateway.release.opened import OpenRelease
from gateway.standards.entry import Entry, Site
from gateway.standards.history import History
from gateway.view.view import View
from gateway.web.kept import Kept
from gateway.withdrawal.register import WithdrawalRegister
from gateway.withdrawal.tombstones import are_told

_MOMENTS = 4096  # moments of change that are kept
_RELEASES = 4  # releases whose histories are kept
_Found = tuple[datetime, date | None, int | None]


class Library:
    """Used on the event loop only; reading files and writing documents is done in threads."""

    def __init__(self, workspace: Workspace, withdrawals: WithdrawalRegister, most: int) -> None:
        """At most `most` bytes of documents are kept."""
        self._workspace, self._withdrawals = workspace, withdrawals
        self._documents = Kept[bytes](most, len)
        self._histories = Kept[tuple[History, Kept[_Found]]](_RELEASES, lambda _: 1)

    async def entries(self, release: OpenRelease, views: Sequence[View], site: Site) -> list[Entry]:
        """The datasets of these views, with the moments they last changed."""
        history, known = await self._histories.get(self._log_key(release), partial(self._begin, release))
        found: list[Entry] = []
        for view in views:
            make = partial(self._look, release, history, view)
            found.append(Entry(site, view, *await known.get((view.dataset, view.policy, view.edition), make)))
        return found

    async def document(self, key: Hashable, write: Callable[[], bytes]) -> bytes:
        """The document of a key, written in a thread if it is not held. The key must determine its bytes."""
        return await self._documents.get(key, lambda: asyncio.to_thread(write))

    def _log_key(self, release: OpenRelease) -> Hashable:
        """Tells a release as it is open now, and the log of switches as it stands, from any other."""
        try:
            size = (self._workspace.releases / LOG_FILE).stat().st_size
        except FileNotFoundError:
            size = 0
        return (id(release), size)

    async def _begin(self, release: OpenRelease) -> tuple[History, Kept[_Found]]:
        """The history of a release, which holds on to it, and what is found in it."""
        history = await asyncio.to_thread(History, self._workspace, release)
        return history, Kept(_MOMENTS, lambda _: 1)

    async def _look(self, release: OpenRelease, history: History, view: View) -> _Found:
        """When a dataset last changed, on the city's clocks, the last day a row was withdrawn, the release before."""
        zone = ZoneInfo(release.catalog.city.timezone)
        modified = await asyncio.to_thread(history.modified, view)
        previous = await asyncio.to_thread(history.previous, view.dataset)
        withdrawn_on = await self._withdrawn_on(release, view)
        if withdrawn_on is not None:
            modified = max(modified, datetime.combine(withdrawn_on, time(), zone))
        return modified.astimezone(zone), withdrawn_on, previous

    async def _withdrawn_on(self, release: OpenRelease, view: View) -> date | None:
        """The last day on which a row of the dataset was withdrawn, where that is told; it is a change as well."""
        if view.withdrawn is None or view.facts.row_count is None or not are_told(release, view.dataset):
            return None
        return max((entry.since for entry in await self._withdrawals.tombstones(view.dataset)), default=None)
