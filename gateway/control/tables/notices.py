"""Tables of notices to programs: the outbox of events, who subscribed to them, and what became of each delivery."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from gateway.control.tables.base import Base


class Outbox(Base):
    """A single row; updating it is what makes writers of events wait for each other.

    `moves` counts their transactions, `release` is the release last told of. What was there before `began_at` is
    not told; `listed` says whether what was withdrawn by then is known.
    """

    __tablename__ = "outbox"
    __table_args__ = (CheckConstraint("id = 1", name="single"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    moves: Mapped[int]
    release: Mapped[int | None]
    began_at: Mapped[datetime | None]
    listed: Mapped[bool]


class OutboxEvent(Base):
    """One event about one dataset, numbered in the order of writing; what of `data` is told depends on who listens."""

    __tablename__ = "outbox_event"
    __table_args__ = ({"sqlite_autoincrement": True},)  # a number is never given twice, whatever is cleared away

    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(unique=True)
    type: Mapped[str]
    dataset: Mapped[str] = mapped_column(index=True)
    at: Mapped[datetime] = mapped_column(index=True)
    data: Mapped[dict[str, Any]] = mapped_column(JSON)


class ToldWithdrawal(Base):
    """A tombstone that an event has told of, so that it is told once."""

    __tablename__ = "told_withdrawal"

    dataset: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[date]
    told_at: Mapped[datetime]


class Subscription(Base):
    """Where events go that a principal asked for: all, or those of some `types` and `datasets`.

    `scope` is what the credential it was made with is narrowed to; with that `credential` it ends. `position` is the
    number of the last event that was looked at for it.
    """

    __tablename__ = "subscription"

    id: Mapped[str] = mapped_column(primary_key=True)
    principal: Mapped[str] = mapped_column(ForeignKey("principal.id"), index=True)
    credential: Mapped[str | None]
    scope: Mapped[dict[str, Any]] = mapped_column(JSON)
    purpose: Mapped[str | None]
    target: Mapped[str]
    types: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    datasets: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    position: Mapped[int]
    created_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_for: Mapped[str | None]


class Delivery(Base):
    """One event on its way to one subscription: `waiting`, `delivered`, `dead` or `withheld`.

    `due_at` is when it is tried next; whoever tries it moves that on first, so that nobody else does.
    """

    __tablename__ = "delivery"
    __table_args__ = (Index("ix_delivery_due", "state", "due_at"),)

    subscription: Mapped[str] = mapped_column(ForeignKey("subscription.id"), primary_key=True)
    event: Mapped[int] = mapped_column(ForeignKey("outbox_event.number"), primary_key=True)
    state: Mapped[str]
    attempts: Mapped[int]
    replays: Mapped[int]
    due_at: Mapped[datetime]
    tried_at: Mapped[datetime | None]
    status: Mapped[int | None]
    fault: Mapped[str | None]
