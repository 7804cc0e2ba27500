"""Tables of asking for access: applications, demands, corrections, break-glass, their events and notices.

Where a case stands and what became of it can be read from its events alone; those are never changed or deleted.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import JSON, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from catalog.policy.procedures import ProcedureName
from gateway.control.tables.base import Base


class Case:
    """What all cases share: where it stands since when, until when it must move on, who asked, who answers.

    `raised_by` is empty for the public. `organisation` is whom it was asked for. Without a `provider` the data
    authority answers. `procedure` is the name of the state machine it follows.
    """

    procedure: ClassVar[ProcedureName]

    id: Mapped[str] = mapped_column(primary_key=True)
    state: Mapped[str]
    since: Mapped[datetime]
    due_on: Mapped[date | None]
    raised_by: Mapped[str | None] = mapped_column(ForeignKey("principal.id"), index=True)
    organisation: Mapped[str | None] = mapped_column(ForeignKey("organisation.code"), index=True)
    provider: Mapped[str | None] = mapped_column(ForeignKey("organisation.code"), index=True)
    created_at: Mapped[datetime]


class Application(Case, Base):
    """Asks for columns and rows of one dataset, for a term of whole days, both ends included.

    `starts_at` and `expires_at` are the two ends of the term as moments; `access` is the id of the grant given.
    """

    __tablename__ = "application"
    procedure = "application"

    dataset: Mapped[str]
    columns: Mapped[list[str]] = mapped_column(JSON)
    clear_columns: Mapped[list[str]] = mapped_column(JSON)
    rows: Mapped[dict[str, Any]] = mapped_column(JSON)
    mode: Mapped[str]
    frequency: Mapped[str]
    purpose: Mapped[str]
    basis: Mapped[str]
    scene: Mapped[str]
    commitment: Mapped[str]
    statutory: Mapped[bool]
    term_from: Mapped[date]
    term_to: Mapped[date]
    starts_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    access: Mapped[str | None] = mapped_column(ForeignKey("access_grant.id"))


class Demand(Case, Base):
    """Asks for data that the catalog lacks; `candidate` is whom the asker thinks of, `dataset` the answer."""

    __tablename__ = "demand"
    procedure = "demand"

    title: Mapped[str]
    description: Mapped[str]
    purpose: Mapped[str]
    basis: Mapped[str]
    candidate: Mapped[str | None]
    dataset: Mapped[str | None]


class Correction(Case, Base):
    """Says that a cell is wrong: dataset, the row by values of some columns, column, what is wrong, evidence.

    `hash` is that of the receipt of somebody from the public; `release` the first that holds the correction.
    """

    __tablename__ = "correction"
    procedure = "correction"

    dataset: Mapped[str]
    key: Mapped[dict[str, str]] = mapped_column(JSON)
    column: Mapped[str]
    wrong: Mapped[str]
    proposed: Mapped[str | None]
    evidence: Mapped[str]
    hash: Mapped[str | None]
    release: Mapped[int | None]


class BreakGlass(Case, Base):
    """A steward asks to see cell values of a dataset for some minutes; `expires_at` is the end of what runs now:
    first of the time to confirm, then of the look itself."""

    __tablename__ = "break_glass"
    procedure = "break_glass"

    dataset: Mapped[str]
    reason: Mapped[str]
    minutes: Mapped[int]
    expires_at: Mapped[datetime]
    access: Mapped[str | None] = mapped_column(ForeignKey("access_grant.id"))


class CaseEvent(Base):
    """One step of a case. `entered_by` is who typed it in for `by`, when that is somebody else."""

    __tablename__ = "case_event"

    case: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    by: Mapped[str]
    entered_by: Mapped[str | None]
    name: Mapped[str]
    from_state: Mapped[str | None]
    to_state: Mapped[str]
    reason: Mapped[str]


class Notice(Base):
    """Tells one principal, one organisation or, with neither, the data authority of a step of a case."""

    __tablename__ = "notice"
    __table_args__ = (Index("ix_notice_at", "at"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    principal: Mapped[str | None] = mapped_column(ForeignKey("principal.id"), index=True)
    organisation: Mapped[str | None] = mapped_column(ForeignKey("organisation.code"), index=True)
    procedure: Mapped[ProcedureName] = mapped_column(String)
    case: Mapped[str]
    name: Mapped[str]
    to_state: Mapped[str]
    reason: Mapped[str]


CASES: tuple[type[Application | Demand | Correction | BreakGlass], ...] = (Application, Demand, Correction, BreakGlass)
