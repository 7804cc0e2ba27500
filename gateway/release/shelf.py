"""The shelf of opened releases: which is current, who still reads an older one, when that one is closed.

Everything here runs on the event loop except opening and closing files, so counts need no locks. A request takes
a lease; a switch never waits for leases, it only lets the old release live until its last lease ends.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from catalog.errors import CatalogError
from catalog.release import ReleaseManifest, read_current, read_manifest
from catalog.switches import readable_releases
from catalog.workspace import Workspace
from gateway.engine import Engine
from gateway.policy.shelf import PolicyShelf
from gateway.release.opened import OpenRelease, ReleaseUnusableError, database_name, open_release

log = logging.getLogger("gateway.release")

_RETRY_AFTER = 5.0

Prepare = Callable[[OpenRelease], None]


@dataclass(frozen=True)
class _Failure:
    number: int | None
    at: float


@dataclass
class _Held:
    release: OpenRelease
    leases: int = 0


class Lease:
    """One request's hold on a release; a context manager. `release` is None before the first release."""

    def __init__(self, shelf: ReleaseShelf) -> None:
        self._shelf = shelf
        self._held = shelf._take()

    @property
    def release(self) -> OpenRelease | None:
        """The leased release."""
        return self._held.release if self._held else None

    async def change_to(self, number: int) -> bool:
        """Change over to a release that may be read; whether it could be opened."""
        held = await self._shelf._hold(number)
        if held is None:
            return False
        before, self._held = self._held, held
        self._shelf._give_back(before)
        return True

    def renew(self) -> None:
        """Change over to the release that is current now."""
        held, self._held = self._held, self._shelf._take()
        self._shelf._give_back(held)

    def __enter__(self) -> Lease:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        held, self._held = self._held, None
        self._shelf._give_back(held)


class ReleaseShelf:
    """Follows the CURRENT file of a workspace."""

    def __init__(
        self,
        workspace: Workspace,
        engine: Engine,
        poll: float,
        policies: PolicyShelf,
        prepare: Prepare,
        *,
        earlier: int = 0,
    ) -> None:
        """`prepare` is called in a thread with every release before it is served; what it raises keeps it closed.

        So many `earlier` releases stay open after they were asked for, the last ones.
        """
        self._earlier = earlier
        self._kept: OrderedDict[int, _Held] = OrderedDict()
        self._prepare = prepare
        self._workspace = workspace
        self._policies = policies
        self._engine = engine
        self._poll = poll
        self._held: dict[int, _Held] = {}
        self._current: _Held | None = None
        self._failure: _Failure | None = None
        self._switching = asyncio.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def current(self) -> OpenRelease | None:
        """The release new requests get."""
        return self._current.release if self._current else None

    @property
    def opened(self) -> list[OpenRelease]:
        """Every release that somebody may still read."""
        return [held.release for held in self._held.values()]

    @property
    def behind(self) -> bool:
        """Whether CURRENT names a release that could not be opened."""
        return self._failure is not None

    def lease(self) -> Lease:
        """Hold the current release; give it back by leaving the context."""
        return Lease(self)

    async def start(self) -> None:
        """Open the current release, if there is one, and follow CURRENT from now on."""
        await self.refresh()
        self._spawn(self._follow())

    async def stop(self) -> None:
        """Stop following; releases are closed with the engine."""
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def refresh(self) -> None:
        """Look at CURRENT now and change over if it names another release. Reading one line is all it costs."""
        try:
            number = read_current(self._workspace)
        except (CatalogError, OSError) as error:
            self._failed(None, error)
            return
        if number == self._serving:
            self._failure = None
            return
        async with self._switching:
            if number != self._serving and self._due(number):
                await self._switch(number)

    async def readable(self) -> list[ReleaseManifest]:
        """What the releases that may be read say of themselves, the oldest first; none before the first."""
        current = self._serving
        return [] if current is None else await asyncio.to_thread(self._manifests, current)

    def _manifests(self, current: int) -> list[ReleaseManifest]:
        return [read_manifest(self._workspace, number) for number in readable_releases(self._workspace, current)]

    async def _hold(self, number: int) -> _Held | None:
        """Take one hold of a release that may be read, opened if it is not; None when it cannot be."""
        current = self._serving
        if current is None or number not in await asyncio.to_thread(readable_releases, self._workspace, current):
            return None
        async with self._switching:
            held = self._held.get(number)
            if held is None:
                try:
                    held = self._held[number] = _Held(await asyncio.to_thread(self._open, number))
                except (CatalogError, ReleaseUnusableError, OSError) as error:
                    log.error("cannot open the earlier release %s: %s", number, error)
                    return None
                log.info("opened the earlier release %s", number)
            held.leases += 1
            if held is not self._current:
                self._keep(held)
        return held

    def _keep(self, held: _Held) -> None:
        self._kept[held.release.number] = held
        self._kept.move_to_end(held.release.number)
        while len(self._kept) > self._earlier:
            self._close_if_idle(self._kept.popitem(last=False)[1])

    async def _switch(self, number: int | None) -> None:
        try:
            if number is not None and number not in self._held:
                self._held[number] = _Held(await asyncio.to_thread(self._open, number))
        except Exception as error:  # noqa: BLE001  -- whatever is wrong with a new release, the old one goes on serving
            self._failed(number, error)
            return
        self._failure = None
        before, self._current = self._current, self._held[number] if number is not None else None
        log.info("serving release %s", number)
        self._close_if_idle(before)

    def _open(self, number: int) -> OpenRelease:
        opened = open_release(self._workspace, number, self._engine, self._policies)
        try:
            self._prepare(opened)
        except BaseException:
            self._engine.detach(opened.database)
            raise
        return opened

    async def _follow(self) -> None:
        while True:
            await asyncio.sleep(self._poll)
            await self.refresh()

    @property
    def _serving(self) -> int | None:
        return self._current.release.number if self._current else None

    def _failed(self, number: int | None, error: Exception) -> None:
        """Remember and log a failure once, and again when it is tried again."""
        if not self._due(number):
            return
        expected = isinstance(error, (CatalogError, ReleaseUnusableError, OSError))
        log.error("cannot open the release that CURRENT names: %s", error, exc_info=None if expected else error)
        self._failure = _Failure(number, asyncio.get_running_loop().time())

    def _due(self, number: int | None) -> bool:
        failure = self._failure
        waited = failure is not None and asyncio.get_running_loop().time() - failure.at >= _RETRY_AFTER
        return failure is None or failure.number != number or waited

    def _take(self) -> _Held | None:
        if self._current is not None:
            self._current.leases += 1
        return self._current

    def _give_back(self, held: _Held | None) -> None:
        if held is not None:
            held.leases -= 1
            self._close_if_idle(held)

    def _close_if_idle(self, held: _Held | None) -> None:
        if held is None or held is self._current or held.leases > 0 or held.release.number in self._kept:
            return
        if self._held.get(held.release.number) is held:
            self._spawn(self._close(held))

    async def _close(self, held: _Held) -> None:
        """Detach a release nobody reads; under the switch lock, so that it is not brought back meanwhile."""
        number = held.release.number
        async with self._switching:
            kept = number in self._kept
            if held is self._current or held.leases > 0 or kept or self._held.get(number) is not held:
                return
            del self._held[number]
            await asyncio.to_thread(self._engine.detach, database_name(number))
            log.info("closed release %s", number)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
