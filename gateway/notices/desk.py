"""The task behind notices: watch for events, hand them to subscriptions, send what is due, clear away what is old."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from catalog.workspace import Workspace
from gateway.audit.record import AccessRecord
from gateway.audit.writer import AuditLog
from gateway.control.rows import new_id
from gateway.control.store import ControlStore
from gateway.control.tables.notices import OutboxEvent
from gateway.identity.service import Identity
from gateway.notices import deliveries
from gateway.notices.deliveries import Due, Terms
from gateway.notices.outbox import clear
from gateway.notices.send import Outcome, Sender
from gateway.notices.subscriptions import Standing, webhook_limits
from gateway.notices.target import Targets
from gateway.notices.tell import Listener, Teller
from gateway.notices.watch import Watcher
from gateway.policy.shelf import PolicyShelf
from gateway.quota.admission import Admission
from gateway.release.shelf import ReleaseShelf
from gateway.settings import GatewaySettings
from gateway.withdrawal.register import WithdrawalRegister

log = logging.getLogger("gateway.notices")

DOOR = "webhook"
_AT_ONCE = 20
_BROKEN_OFF = Outcome(None, "connection", 0)
_CLEARED_EVERY = timedelta(hours=1)


@dataclass
class NoticeDesk:
    """Runs beside the doors, in every server process; the control store sees to it that nothing is done twice."""

    settings: GatewaySettings
    store: ControlStore
    shelf: ReleaseShelf
    policies: PolicyShelf
    withdrawals: WithdrawalRegister
    watcher: Watcher
    sender: Sender
    audit: AuditLog
    _sending: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _running: asyncio.Task[None] | None = None
    _failure: str | None = None
    _cleared: datetime | None = None

    async def start(self) -> None:
        """Begin; the doors open meanwhile."""
        self._running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """End; what is being sent is broken off and tried again later, by whoever is there then."""
        for task in [*filter(None, [self._running]), *self._sending.values()]:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await self.sender.close()

    @property
    def _terms(self) -> Terms:
        limits = webhook_limits(self.policies.current)
        return Terms(limits.first_wait_seconds, limits.longest_wait_seconds, limits.attempts, limits.timeout_seconds)

    @property
    def _standing(self) -> Standing | None:
        policy = self.policies.current
        return Standing(policy.division_tree, self.settings.terms_version) if policy is not None else None

    async def _run(self) -> None:
        while True:
            await self._guarded(self._round)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self.settings.notice_poll)
            self._wake.clear()

    async def _guarded(self, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except Exception as error:  # whatever it is, events wait and are sent later
            if self._failure != str(error):
                log.exception("notices wait")
            self._failure = str(error)

    async def _round(self) -> None:
        await self._guarded(self.watcher.look)  # what cannot be looked at keeps back no delivery
        await self._guarded(self._hand_over)
        await self._send_due()
        now = self.policies.now
        if self._cleared is None or now - self._cleared > _CLEARED_EVERY:
            self._cleared, kept = now, webhook_limits(self.policies.current).events_kept_days
            await asyncio.to_thread(self._clear, now - timedelta(days=kept))

    async def _hand_over(self) -> None:
        """Make a delivery of every event that a subscription asks for and its listener is told."""
        standing, now = self._standing, self.policies.now
        if standing is None:
            return

        def look() -> list[deliveries.Unseen]:
            with self.store.read() as session:
                return deliveries.unseen(session, standing, now)

        for seen in await asyncio.to_thread(look):  # what is wrong with one subscription is not the others' loss
            await self._guarded(partial(self._advance, seen, now))

    async def _advance(self, seen: deliveries.Unseen, now: datetime) -> None:
        told = [event.number for event in seen.events if await self._told(event, seen.listener) is not None]
        await asyncio.to_thread(self._put, seen, told, now)

    def _put(self, seen: deliveries.Unseen, told: list[int], now: datetime) -> None:
        with self.store.note() as session:
            deliveries.advance(session, seen, told, now)

    async def _send_due(self) -> None:
        standing, now = self._standing, self.policies.now
        if standing is None or self.shelf.current is None or len(self._sending) >= _AT_ONCE:
            return
        most, busy = _AT_ONCE - len(self._sending), list(self._sending)

        def take() -> list[Due]:
            with self.store.read() as session:
                if not deliveries.any_due(session, now, busy):
                    return []
            with self.store.note() as session:
                return deliveries.due(session, standing, self._terms, now, busy=busy, most=most)

        for taken in await asyncio.to_thread(take):
            name = taken.subscription.id
            self._sending[name] = asyncio.create_task(self._send(taken))

    async def _send(self, taken: Due) -> None:
        name = taken.subscription.id
        try:
            outcome = None
            document = await self._told(taken.event, taken.listener)
            if document is not None and taken.listener is not None:
                if not self.audit.keep_place():
                    return  # nothing leaves that cannot be accounted for; it is due again soon
                outcome = _BROKEN_OFF
                try:
                    outcome = await self.sender.send(taken.subscription.target, name, document, self._terms.timeout)
                finally:
                    self._account(taken.event.dataset, taken.listener, outcome)
            state = await asyncio.to_thread(self._record, taken, outcome)
            log.info("event %s for %s: %s", taken.event.id, name, state)
        except Exception:  # whatever it is, the delivery is due again when its attempt is overdue
            log.exception("event %s for %s could not be sent", taken.event.id, name)
        finally:
            del self._sending[name]
            self._wake.set()

    def _record(self, taken: Due, outcome: Outcome | None) -> str:
        with self.store.note() as session:
            return deliveries.record(session, taken, outcome, self._terms, self.policies.now)

    def _account(self, dataset: str, listener: Listener, outcome: Outcome) -> None:
        """What is sent to a subscriber is an access like any other."""
        record = AccessRecord(new_id("ntc"), listener.actor, "notify", listener.purpose, dataset=dataset)
        record.decision = "allow"
        row = record.row(self.audit.clock(), DOOR, outcome.status or 0, outcome.sent, complete=outcome.delivered)
        self.audit.put(row, kept=True)

    async def _told(self, event: OutboxEvent, listener: Listener | None) -> dict[str, Any] | None:
        """What the listener is told of an event by what is served now."""
        with self.shelf.lease() as lease:
            if lease.release is None or listener is None:
                return None
            return await Teller(lease.release, self.withdrawals, self.settings.public_url).told(event, listener)

    def _clear(self, before: datetime) -> None:
        with self.store.note() as session:
            clear(session, before)


def open_desk(  # noqa: PLR0917  -- every part once, in the order they are made
    settings: GatewaySettings,
    workspace: Workspace,
    identity: Identity,
    shelf: ReleaseShelf,
    policies: PolicyShelf,
    withdrawals: WithdrawalRegister,
    admission: Admission,
) -> NoticeDesk:
    """The desk of one gateway process; nothing is connected yet."""
    watcher = Watcher(identity.store, workspace, shelf, withdrawals, identity.clock)
    targets = Targets(settings.webhook_networks)
    sender = Sender(targets, lambda: admission.receipt_key, identity.clock)
    return NoticeDesk(settings, identity.store, shelf, policies, withdrawals, watcher, sender, admission.log)
