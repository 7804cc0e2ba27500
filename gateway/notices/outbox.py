"""The outbox: events appended once, whoever notices them first, and read in the order of their numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from gateway.control.store import ControlStore
from gateway.control.tables.notices import Delivery, Outbox, OutboxEvent

EventType = Literal["release.published", "schema.changed", "contract.breached", "withdrawal"]
TYPES: tuple[EventType, ...] = get_args(EventType)
_ID_CHARACTERS = 32


@dataclass(frozen=True)
class NewEvent:
    """What happened to a dataset. `mark` tells this happening from others of its type; `data` is JSON."""

    type: EventType
    dataset: str
    mark: str
    data: dict[str, Any]

    @property
    def id(self) -> str:
        """The same for whoever notices the same."""
        text = "\x1f".join((self.type, self.dataset, self.mark))
        return hashlib.sha256(text.encode()).hexdigest()[:_ID_CHARACTERS]


@contextmanager
def writing(store: ControlStore) -> Iterator[tuple[Session, Outbox]]:
    """One transaction that may append events; those of other processes wait for its end. Nobody's rights change."""
    with store.note() as session:
        session.execute(update(Outbox).values(moves=Outbox.moves + 1))
        yield session, session.scalars(select(Outbox)).one()


def append(session: Session, events: Sequence[NewEvent], at: datetime) -> int:
    """Append what is not in the outbox yet, and say how many that were; within `writing`."""
    fresh = {event.id: event for event in events}
    known = set(session.scalars(select(OutboxEvent.id).where(OutboxEvent.id.in_(list(fresh)))))
    rows = [
        OutboxEvent(id=name, type=event.type, dataset=event.dataset, at=at, data=event.data)
        for name, event in fresh.items()
        if name not in known
    ]
    for row in rows:  # one by one: the numbers follow the order given
        session.add(row)
        session.flush()
    return len(rows)


def newest_number(session: Session) -> int:
    """Number of the newest event; 0 before the first."""
    return session.scalar(select(func.max(OutboxEvent.number))) or 0


def newest(session: Session, most: int, dataset: str | None = None, before: int | None = None) -> Sequence[OutboxEvent]:
    """The newest events, of all datasets or one, the newest first; with `before` those older than that number."""
    query = select(OutboxEvent).order_by(OutboxEvent.number.desc()).limit(most)
    if before is not None:
        query = query.where(OutboxEvent.number < before)
    return session.scalars(query if dataset is None else query.where(OutboxEvent.dataset == dataset)).all()


def clear(session: Session, before: datetime) -> int:
    """Clear away the events of before a moment, with their deliveries; how many events those were."""
    old = select(OutboxEvent.number).where(OutboxEvent.at < before)
    session.execute(delete(Delivery).where(Delivery.event.in_(old)))
    gone = session.scalars(delete(OutboxEvent).where(OutboxEvent.at < before).returning(OutboxEvent.number))
    return len(gone.all())
