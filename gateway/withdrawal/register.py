"""The register of withdrawals: follows their sources and keeps every opened release without the withdrawn rows."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from catalog.errors import CatalogError
from catalog.release import Distribution
from gateway.release.opened import SERVING_SCHEMA, OpenRelease, ReleaseUnusableError
from gateway.withdrawal.copies import FileCopies
from gateway.withdrawal.hidden import FileCopy, Hidden, Table, Withdrawn
from gateway.withdrawal.sources import InForce, Sources
from gateway.withdrawal.tables import Tombstone, WithdrawalTables

if TYPE_CHECKING:
    from gateway.engine import Engine

log = logging.getLogger("gateway.withdrawal")

Opened = Callable[[], Sequence[OpenRelease]]


@dataclass(frozen=True)
class _State:
    """One state of the register: what is in force, its table, the datasets it concerns."""

    found: InForce
    listed: Table
    datasets: frozenset[str]


class WithdrawalRegister:
    """Looks at the sources every `poll` seconds. What it makes of them is put into the releases on the event loop.

    Until the sources could be read once no release is opened: better no answer than a withdrawn row. Later on a
    source that cannot be read leaves in force what was known, and `behind` tells of it.
    """

    def __init__(
        self,
        sources: Sources,
        engine: Engine,
        copies: FileCopies,
        poll: float,
        grace: float,
        *,
        forget: Callable[[], None] = lambda: None,
    ) -> None:
        """`grace` is how many seconds a statement may still read a table that another has replaced; `forget` drops
        what is kept of answers, when rows have come to be hidden."""
        self._sources, self._copies, self._poll, self._grace = sources, copies, poll, grace
        self._forget = forget
        self._tables = WithdrawalTables(engine)
        self._state: _State | None = None
        self._applied: dict[int, str] = {}
        self._prepared: OpenRelease | None = None  # the last: its copies are wanted although nobody may read it yet
        self._retired: list[tuple[float, Table]] = []
        self._books = threading.Lock()  # the books are kept in threads: by opening a release, and by following
        self._failure: str | None = None
        self._stumbles: dict[tuple[int | None, str], str] = {}  # why something went wrong of late, by release and work
        self._following: asyncio.Task[None] | None = None
        self._copying: asyncio.Task[None] | None = None

    @property
    def behind(self) -> bool:
        """Whether the sources cannot be read, or not be applied to a release, so that an older state is in force."""
        return self._failure is not None or bool(self._stumbles)

    @property
    def edition(self) -> str | None:
        """Tells what is withdrawn now from any other state; None until the sources could be read."""
        return self._state.found.digest if self._state is not None else None

    async def start(self, opened: Opened) -> None:
        """Follow from now on, for the releases that `opened` tells."""
        self._following = asyncio.create_task(self._follow(opened))

    async def stop(self) -> None:
        """Stop following."""
        for task in (self._following, self._copying):
            if task is not None:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task

    def prepare(self, release: OpenRelease) -> None:
        """Hide what is withdrawn in a release nobody reads yet, and make the copies its files need without it.

        Blocks. ReleaseUnusableError when what is withdrawn is unknown. A copy that cannot be made is left for later:
        its rows are served meanwhile, and the file is not.
        """
        while self._hides_more(release):  # copies take their time: what has been withdrawn meanwhile counts as well
            try:
                for missing in _missing_copies(release):
                    missing.take_up(self._made(missing))
            except Exception:  # whatever it is, better a release without a file than no release
                log.exception("release %s: cannot write a file without its withdrawn rows", release.number)

    def _hides_more(self, release: OpenRelease) -> bool:
        """Hide what is withdrawn now in a release nobody reads yet; whether that is another state than before."""
        with self._books:
            state = self._look()
            if state is None:
                raise ReleaseUnusableError(f"what is withdrawn is not known: {self._failure}")
            if self._prepared is release and self._applied[release.number] == state.found.digest:
                return False
            release.hide(self._hidden(release, state))
            self._prepared = release
            self._applied[release.number] = state.found.digest
            return True

    async def refresh(self, releases: Iterable[OpenRelease]) -> None:
        """Look at the sources now and hide in these releases what is withdrawn.

        A release may be closed meanwhile; what goes wrong with one is tried again, and is no other one's loss.
        """
        releases = list(releases)
        still_open = {None, *(release.number for release in releases)}
        self._stumbles = {place: why for place, why in self._stumbles.items() if place[0] in still_open}
        state = await asyncio.to_thread(self._looked)
        for release in releases:
            if state is not None and self._applied.get(release.number) != state.found.digest:
                with self._stumbling(release.number, "withdrawn rows cannot be hidden"):
                    release.hide(await asyncio.to_thread(self._hidden_now, release, state))
                    self._applied[release.number] = state.found.digest
                    self._forget()
                    log.info("release %s hides what is withdrawn on %s", release.number, state.found.today)
        if self._copying is None or self._copying.done():
            self._copying = asyncio.create_task(self._make_copies(releases))

    @contextmanager
    def _stumbling(self, release: int | None, what: str) -> Iterator[None]:
        """Go on whatever happens: a follower that ended would leave in sight all that is withdrawn later."""
        try:
            yield
        except Exception as error:
            if self._stumbles.get((release, what)) != str(error):
                log.exception("release %s: %s", release or "-", what)
            self._stumbles[release, what] = str(error)
        else:
            self._stumbles.pop((release, what), None)

    async def tombstones(self, dataset: str) -> list[Tombstone]:
        """What is told of the withdrawn rows of a dataset, by day and digest."""

        def ask() -> list[Tombstone]:
            with self._books:
                return self._tables.tombstones(self._state.listed, dataset) if self._state else []

        return await asyncio.to_thread(ask)

    async def _follow(self, opened: Opened) -> None:
        while True:
            await asyncio.sleep(self._poll)
            with self._stumbling(None, "what is withdrawn cannot be followed"):
                await self.refresh(opened())

    def _looked(self) -> _State | None:
        with self._books:
            return self._look()

    def _hidden_now(self, release: OpenRelease, state: _State) -> dict[str, Hidden]:
        with self._books:
            return self._hidden(release, state)

    def _look(self) -> _State | None:
        """The state of now; the one before when the sources cannot be read."""
        self._drop_retired()
        try:
            found = self._sources.look()
            if self._state is None or found.digest != self._state.found.digest:
                listed = self._tables.listed(found)
                if self._state is not None:
                    self._retired.append((time.monotonic(), self._state.listed))
                self._state = _State(found, listed, self._tables.datasets(listed))
                log.info("withdrawals of %s are in force", found.today)
        except Exception as error:
            if self._failure != str(error):
                expected = isinstance(error, (CatalogError, OSError))
                log.error("cannot read what is withdrawn: %s", error, exc_info=None if expected else error)
            self._failure = str(error)
        else:
            self._failure = None
        return self._state

    def _hidden(self, release: OpenRelease, state: _State) -> dict[str, Hidden]:
        """What of a release must not be shown, by dataset; what was hidden in the same way before stays as it is."""
        hidden: dict[str, Hidden] = {}
        for name in sorted(state.datasets & release.datasets.keys()):
            stored, before = release.datasets[name], release.datasets[name].hidden
            table = (release.database, SERVING_SCHEMA, name)
            withdrawn = self._tables.withdrawn(state.listed, name, table, stored.entry.key)
            if withdrawn is None:
                continue
            if before is not None and before.withdrawn.digest == withdrawn.digest:
                self._tables.drop(withdrawn.keys)
                hidden[name] = before
                continue
            copies = {file.name: self._copies.find(file, withdrawn) for file in stored.files}
            hidden[name] = Hidden(withdrawn, copies)
        self._retired += [
            (time.monotonic(), stored.hidden.withdrawn.keys)
            for name, stored in release.datasets.items()
            if stored.hidden is not None and hidden.get(name) is not stored.hidden
        ]
        return hidden

    async def _make_copies(self, releases: Sequence[OpenRelease]) -> None:
        """Make the copies that are missing, one after another, and take each up as soon as it is there."""
        for release in releases:
            for missing in _missing_copies(release):
                with self._stumbling(release.number, f"{missing.file.name} cannot be written anew"):
                    missing.take_up(await asyncio.to_thread(self._made, missing))
        with self._stumbling(None, "copies that are not wanted cannot be removed"):
            await asyncio.to_thread(self._tidy, releases)

    def _made(self, missing: _MissingCopy) -> FileCopy:
        release, name = missing.release, missing.dataset
        table, key = (release.database, SERVING_SCHEMA, name), release.datasets[name].entry.key
        return self._copies.make(missing.file, missing.columns, table, key, missing.withdrawn)

    def _tidy(self, releases: Sequence[OpenRelease]) -> None:
        with self._books:  # no release is prepared meanwhile, which might find a copy that is removed here
            kept = [*releases, *([self._prepared] if self._prepared is not None else [])]
            hidden = [hidden for release in kept for hidden in _hidden_in(release).values()]
            copies = [copy for one in hidden for copy in one.copies.values() if copy is not None]
            self._copies.tidy({copy.path for copy in copies})

    def _drop_retired(self) -> None:
        due = [entry for entry in self._retired if time.monotonic() - entry[0] > self._grace]
        self._retired = [entry for entry in self._retired if entry not in due]
        for _, table in due:
            self._tables.drop(table)


@dataclass(frozen=True)
class _MissingCopy:
    """A file of a dataset whose copy without the withdrawn rows is not there yet."""

    release: OpenRelease
    dataset: str
    file: Distribution
    columns: tuple[str, ...]
    withdrawn: Withdrawn

    def take_up(self, made: FileCopy) -> None:
        """Serve the copy from now on, unless other rows are withdrawn by now."""
        others = _hidden_in(self.release)
        now = others.get(self.dataset)
        if now is not None and now.withdrawn.digest == self.withdrawn.digest:
            self.release.hide(others | {self.dataset: replace(now, copies={**now.copies, self.file.name: made})})


def _missing_copies(release: OpenRelease) -> Iterator[_MissingCopy]:
    """The copies a release lacks, looked for one by one, for what is hidden may change meanwhile."""
    for name, stored in list(release.datasets.items()):
        for file, columns in stored.files.items():
            hidden = release.datasets[name].hidden
            if hidden is not None and hidden.copies[file.name] is None:
                yield _MissingCopy(release, name, file, columns, hidden.withdrawn)


def _hidden_in(release: OpenRelease) -> dict[str, Hidden]:
    """What is hidden in a release now."""
    return {name: stored.hidden for name, stored in release.datasets.items() if stored.hidden is not None}
