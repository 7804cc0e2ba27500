"""A grant ended by its id: one that came of a case ends with that case, so that nobody goes on believing in it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from catalog.policy.procedures import StepEffect
from gateway.control import grants
from gateway.control.errors import ControlError, ForbiddenError
from gateway.control.rows import new_id
from gateway.control.tables.grants import GrantRow
from gateway.control.tables.requests import Application, BreakGlass, Notice
from gateway.control.workflow import applications, break_glass
from gateway.control.workflow.course import Course, Step, open_to
from gateway.control.workflow.ledger import Ledger
from gateway.control.workflow.people import Person

_ENDS: tuple[StepEffect, ...] = ("revoke", "close")


def revoke(
    session: Session, grant: str, reason: str, *, person: Person, now: datetime, ledger: Callable[[], Ledger]
) -> GrantRow:
    """End a grant with the next request; its case, if it came of one, moves on and tells whoever it tells.

    The transition is the one that ends the grant and is this person's to make: a steward revokes what others were
    granted, and gives back what was granted to the steward's own organisation. `ledger` is asked for only then.
    """
    row = grants.grant_of(session, grant)
    case = _case_of(session, row)
    if case is None or row.revoked_at is not None:
        return _end(session, grant, reason, now)
    if not reason.strip():
        raise ControlError("say why the grant is revoked")
    judged = ledger()
    course = _course(session, judged, case)
    course.settle()
    procedure = judged.procedure(case.procedure)
    ending = {t.name for t in procedure.out_of(case.state) if t.effect in _ENDS}
    if not ending:
        return _end(session, grant, reason, now)
    mine = [name for name in open_to(session, case, person, procedure) if name in ending]
    if not mine:
        raise ForbiddenError(f"{case.id} is not yours to end")
    course.move(Step(mine[0], person, reason))
    return row


def _end(session: Session, grant: str, reason: str, now: datetime) -> GrantRow:
    """End a grant without a case that could tell of it; its holder is told in the words for an application."""
    row = grants.revoke(session, grant, reason, now)
    session.add(
        Notice(
            id=new_id("ntc"),
            at=now,
            principal=row.principal,
            organisation=row.organisation,
            procedure=Application.procedure,
            case=row.id,
            name="revoke",
            to_state="revoked",
            reason=reason,
        )
    )
    return row


def _case_of(session: Session, row: GrantRow) -> Application | BreakGlass | None:
    if row.request is None:
        return None
    return session.get(Application, row.request) or session.get(BreakGlass, row.request)


def _course(session: Session, ledger: Ledger, case: Application | BreakGlass) -> Course:
    if isinstance(case, Application):
        return applications.course(session, ledger, case)
    return break_glass.course(session, ledger, case)
