"""Deliveries in the control store: made for events a listener is told, tried by one process, tried again, replayed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from secrets import SystemRandom

from sqlalchemy import CursorResult, Select, Update, func, select, update
from sqlalchemy.orm import Session

from gateway.control.tables.notices import Delivery, OutboxEvent, Subscription
from gateway.notices.outbox import newest_number
from gateway.notices.send import GONE, Outcome
from gateway.notices.subscriptions import Standing, end, listener_of
from gateway.notices.tell import Listener

_LOOKED_AT_ONCE, _REPLAYED = 200, 1000
_random = SystemRandom()


@dataclass(frozen=True)
class Terms:
    """How long it is tried: seconds of the first wait and the longest, attempts, and seconds one attempt may take."""

    first_wait: float
    longest_wait: float
    attempts: int
    timeout: float

    def wait(self, attempts: int, asked: float) -> timedelta:
        """How long to wait after so many failures: doubled each time, at least half of that by chance, and at least
        what the receiver asked for, but never longer than the longest."""
        doubled = min(self.longest_wait, self.first_wait * 2.0 ** min(attempts - 1, 60))
        chosen = doubled * _random.uniform(0.5, 1.0)
        return timedelta(seconds=min(self.longest_wait, max(chosen, asked)))


@dataclass(frozen=True)
class Unseen:
    """Events that were not looked at for a subscription yet, those it asks for; up to and with number `reached`."""

    subscription: Subscription
    listener: Listener | None
    events: tuple[OutboxEvent, ...]
    reached: int


@dataclass(frozen=True)
class Due:
    """A delivery that this process tries now; `listener` is None when nobody may be told any more."""

    delivery: Delivery
    subscription: Subscription
    event: OutboxEvent
    listener: Listener | None


def unseen(session: Session, standing: Standing, now: datetime) -> list[Unseen]:
    """What is to be looked at, for every subscription that is behind."""
    newest = newest_number(session)
    behind = select(Subscription).where(Subscription.ended_at.is_(None), Subscription.position < newest)
    found = []
    for row in session.scalars(behind):
        after = select(OutboxEvent).where(OutboxEvent.number > row.position)
        events = session.scalars(after.order_by(OutboxEvent.number).limit(_LOOKED_AT_ONCE)).all()
        listener = listener_of(session, row, standing, now)
        wanted = tuple(event for event in events if wants(row, event))
        found.append(Unseen(row, listener, wanted, events[-1].number if events else newest))
    return found


def wants(row: Subscription, event: OutboxEvent) -> bool:
    """Whether a subscription asks for an event."""
    return (row.types is None or event.type in row.types) and (row.datasets is None or event.dataset in row.datasets)


def advance(session: Session, seen: Unseen, told: Iterable[int], now: datetime) -> None:
    """Make deliveries of the events `told` by number; another process may have done it, then nothing is done."""
    row = seen.subscription
    mine = update(Subscription).where(Subscription.id == row.id, Subscription.position == row.position)
    if _changes_one(session, mine.values(position=seen.reached)):
        put(session, row.id, told, now)


def put(session: Session, subscription: str, events: Iterable[int], now: datetime) -> int:
    """Deliver these events, by number, again if they were delivered already; how many."""
    count = 0
    for number in events:
        row = session.get(Delivery, (subscription, number))
        if row is None:
            row = Delivery(subscription=subscription, event=number, attempts=0, replays=0)
            session.add(row)
        else:
            row.replays += 1
            row.attempts = 0
        row.state, row.due_at, row.fault = "waiting", now, None
        count += 1
    session.flush()
    return count


def newest(session: Session, row: Subscription, most: int) -> list[tuple[Delivery, OutboxEvent]]:
    """What became of the newest events sent for a subscription, the newest first."""
    query = select(Delivery, OutboxEvent).join(OutboxEvent, OutboxEvent.number == Delivery.event)
    found = session.execute(query.where(Delivery.subscription == row.id).order_by(Delivery.event.desc()).limit(most))
    return [(delivery, event) for delivery, event in found]


@dataclass(frozen=True)
class Again:
    """Events of a time on that a subscription asks for; `following` is the moment of the next, if there are more."""

    events: tuple[OutboxEvent, ...]
    following: datetime | None


def to_replay(session: Session, row: Subscription, since: datetime) -> Again:
    """The events from a moment on, so many at a time, and all of the last moment: nobody can go on within one."""
    moments = select(OutboxEvent.at).where(OutboxEvent.at >= since).order_by(OutboxEvent.at)
    last = session.scalar(moments.offset(_REPLAYED - 1).limit(1))
    query = select(OutboxEvent).where(OutboxEvent.at >= since).order_by(OutboxEvent.at, OutboxEvent.number)
    following = None
    if last is not None:
        query = query.where(OutboxEvent.at <= last)
        following = session.scalar(select(func.min(OutboxEvent.at)).where(OutboxEvent.at > last))
    return Again(tuple(event for event in session.scalars(query) if wants(row, event)), following)


def any_due(session: Session, now: datetime, busy: Sequence[str]) -> bool:
    """Whether anything is due, asked without waiting for a writer."""
    return session.scalar(_due(now, busy).limit(1)) is not None


def due(
    session: Session, standing: Standing, terms: Terms, now: datetime, *, busy: Sequence[str], most: int
) -> list[Due]:
    """Take what is due, one for each subscription that is not `busy`; it is due again when the attempt is overdue."""
    query = _due(now, busy)
    taken: dict[str, Due] = {}
    for row in session.scalars(query.order_by(Delivery.due_at, Delivery.event).limit(10 * most)):
        if row.subscription in taken or len(taken) == most:
            continue
        until = now + timedelta(seconds=2 * terms.timeout)
        claim = update(Delivery).where(
            Delivery.subscription == row.subscription, Delivery.event == row.event,
            Delivery.state == "waiting", Delivery.due_at == row.due_at,
        )  # fmt: skip
        if _changes_one(session, claim.values(due_at=until, tried_at=now)):
            subscription = session.get_one(Subscription, row.subscription)
            listener = listener_of(session, subscription, standing, now)
            taken[row.subscription] = Due(row, subscription, session.get_one(OutboxEvent, row.event), listener)
    return list(taken.values())


def record(session: Session, taken: Due, outcome: Outcome | None, terms: Terms, now: datetime) -> str:
    """Write down what came of an attempt, None when nothing may be told; the state after it."""
    row = session.get_one(Delivery, (taken.delivery.subscription, taken.delivery.event))
    if outcome is None:
        row.state, row.fault = "withheld", None
        return row.state
    row.attempts += 1
    row.status, row.fault = outcome.status, outcome.fault
    if outcome.delivered:
        row.state = "delivered"
    elif outcome.status == GONE:
        row.state = "dead"
        end(session.get_one(Subscription, row.subscription), "gone", now)
    elif row.attempts >= terms.attempts:
        row.state = "dead"
    else:
        row.due_at = now + terms.wait(row.attempts, outcome.wait)
    return row.state


def _due(now: datetime, busy: Sequence[str]) -> Select[tuple[Delivery]]:
    return select(Delivery).where(
        Delivery.state == "waiting", Delivery.due_at <= now, Delivery.subscription.not_in(busy)
    )


def _changes_one(session: Session, statement: Update) -> bool:
    """Whether an update met one row; another process may have been there before."""
    done = session.execute(statement)
    return isinstance(done, CursorResult) and done.rowcount == 1
