"""Watches what the gateway follows anyway, and appends an event to the outbox when it has changed."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from catalog.breach import Breach, breach_ids, read_breach
from catalog.compiled import CATALOG_FILE, CompiledCatalog
from catalog.errors import CatalogError
from catalog.release import read_current, release_folder
from catalog.workspace import Workspace
from gateway.control.store import ControlStore
from gateway.control.tables.notices import ToldWithdrawal
from gateway.notices.happened import of_breach, of_release, of_withdrawals
from gateway.notices.outbox import append, writing
from gateway.policy.shelf import Clock
from gateway.release.opened import OpenRelease
from gateway.release.shelf import ReleaseShelf
from gateway.withdrawal.register import WithdrawalRegister
from gateway.withdrawal.tables import Tombstone

log = logging.getLogger("gateway.notices")

_LAG = timedelta(minutes=1)  # another process may know of a withdrawal that this one has not read yet


class Watcher:
    """Compares what is served with what the outbox has told, in one transaction that other gateways wait for.

    What was there when the outbox began is not told: nobody had subscribed to it.
    """

    def __init__(
        self,
        store: ControlStore,
        workspace: Workspace,
        shelf: ReleaseShelf,
        withdrawals: WithdrawalRegister,
        clock: Clock,
    ) -> None:
        self._store, self._workspace, self._clock = store, workspace, clock
        self._shelf, self._withdrawals = shelf, withdrawals
        self._release: tuple[int | None] | None = None
        self._listed: tuple[str, int] | None = None
        self._breaches: set[str] = set()

    async def look(self) -> None:
        """Append what is new. Cheap while nothing changes."""
        release = self._shelf.current
        number = release.number if release is not None else None
        if self._release != (number,) and await asyncio.to_thread(self._tell_release, release):
            self._release = (number,)
        if release is None:
            return
        edition = self._withdrawals.edition
        if edition is not None and self._listed != (edition, release.number):
            found = {name: await self._withdrawals.tombstones(name) for name in release.datasets}
            await asyncio.to_thread(self._tell_withdrawals, found)
            self._listed = edition, release.number
        await asyncio.to_thread(self._tell_breaches, release)

    def _tell_release(self, release: OpenRelease | None) -> bool:
        """Whether the outbox knows what is served; not while CURRENT names another release than this process serves."""
        number = release.number if release is not None else None
        with writing(self._store) as (session, outbox):
            if read_current(self._workspace) != number:
                return False
            if outbox.began_at is not None and release is not None and outbox.release != number:
                before = self._catalog(outbox.release)
                mark = str(outbox.moves)
                events = list(of_release(release.manifest, release.catalog, before, outbox.release, mark))
                append(session, events, self._clock())
            outbox.began_at = outbox.began_at or self._clock()
            outbox.release = number
        return True

    def _catalog(self, number: int | None) -> CompiledCatalog | None:
        """The catalog of the release before; None when it cannot be read any more, and then nothing is compared."""
        if number is None:
            return None
        try:
            return CompiledCatalog.load(_file(self._workspace, number))
        except CatalogError as error:
            log.warning("changes of columns since release %s are not told: %s", number, error)
            return None

    def _tell_withdrawals(self, found: Mapping[str, Sequence[Tombstone]]) -> None:
        now = self._clock()
        with writing(self._store) as (session, outbox):
            for dataset, entries in found.items():
                told = _told(session, dataset)
                fresh = [entry for entry in entries if entry.digest not in told]
                if outbox.listed:
                    append(session, list(of_withdrawals(dataset, fresh, str(outbox.moves))), now)
                session.add_all(
                    ToldWithdrawal(dataset=dataset, digest=entry.digest, since=entry.since, told_at=now)
                    for entry in fresh
                )
                session.flush()
                _forget_shown_again(session, dataset, told, {entry.digest for entry in entries}, self._clock)
            outbox.listed = True

    def _tell_breaches(self, release: OpenRelease) -> None:
        names = set(breach_ids(self._workspace)) - self._breaches
        if not names:
            return
        found = [breach for name in sorted(names) if (breach := self._breach(name)) is not None]
        with writing(self._store) as (session, outbox):
            for breach in found:
                if outbox.began_at is not None and breach.at >= outbox.began_at:
                    append(session, list(of_breach(breach, release.catalog)), self._clock())
        self._breaches |= names

    def _breach(self, name: str) -> Breach | None:
        try:
            return read_breach(self._workspace, name)
        except CatalogError as error:
            log.error("a breach is not told: %s", error)
            return None


def _file(workspace: Workspace, number: int) -> Path:
    return release_folder(workspace, number) / CATALOG_FILE


def _told(session: Session, dataset: str) -> dict[str, ToldWithdrawal]:
    rows = session.scalars(select(ToldWithdrawal).where(ToldWithdrawal.dataset == dataset))
    return {row.digest: row for row in rows}


def _forget_shown_again(
    session: Session, dataset: str, told: Mapping[str, ToldWithdrawal], now: set[str], clock: Clock
) -> None:
    """A row that is shown again is told of once more if it is withdrawn once more."""
    gone = [digest for digest, row in told.items() if digest not in now and row.told_at < clock() - _LAG]
    if gone:
        session.execute(
            delete(ToldWithdrawal).where(ToldWithdrawal.dataset == dataset, ToldWithdrawal.digest.in_(gone))
        )
