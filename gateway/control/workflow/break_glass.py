"""Break-glass: a steward asks to see cell values, another steward confirms, and after some minutes it is over."""

from __future__ import annotations

from datetime import datetime, timedelta

from pydantic import Field
from sqlalchemy.orm import Session

from catalog.contract.options import Strict
from catalog.policy.procedures import Condition
from gateway.control import grants
from gateway.control.accounts import principal_of
from gateway.control.errors import ControlError, ForbiddenError
from gateway.control.rows import new_id
from gateway.control.tables.identity import Principal
from gateway.control.tables.requests import BreakGlass
from gateway.control.workflow.applications import Name, Words
from gateway.control.workflow.course import Course, Step
from gateway.control.workflow.ledger import Ledger
from gateway.control.workflow.people import Person, provider_for
from gateway.policy.actor import Actor


class NewBreakGlass(Strict):
    """Which dataset, why, and for how many minutes (as the policy says when left out)."""

    dataset: Name
    reason: Words
    minutes: int | None = Field(None, ge=1)


def ask(session: Session, ledger: Ledger, asked: NewBreakGlass, person: Person) -> BreakGlass:
    """Ask to see cell values of a dataset; nothing is open until a second steward confirms."""
    row = principal_of(session, person.id) if person.steward else None
    if row is None or row.tier != "T4":
        raise ForbiddenError("break-glass is for stewards; others apply for a grant")
    terms = ledger.procedures.break_glass
    minutes = asked.minutes or terms.usual_minutes
    if minutes > terms.longest_minutes:
        raise ControlError(f"minutes: at most {terms.longest_minutes}")
    ledger.described(Actor(row.id, "T4", row.organisation), asked.dataset)
    case = BreakGlass(
        id=new_id("brk"),
        raised_by=person.id,
        organisation=None,
        provider=None,
        created_at=ledger.now,
        dataset=asked.dataset,
        reason=asked.reason,
        minutes=minutes,
        expires_at=ledger.now + timedelta(minutes=terms.confirm_within_minutes),
    )
    course(session, ledger, case).begin(person)
    return case


def move(session: Session, ledger: Ledger, case: BreakGlass, step: Step) -> BreakGlass:
    """Make a transition."""
    course(session, ledger, case).move(step)
    return case


def course(session: Session, ledger: Ledger, case: BreakGlass) -> Course:
    """The way of a break-glass."""

    def provider() -> str | None:
        return provider_for(session, ledger.owner(case.dataset), None, ledger.procedure(BreakGlass.procedure))

    def holds(condition: Condition) -> datetime | None:
        return case.expires_at if condition == "ended" and case.expires_at <= ledger.now else None

    def open_(step: Step) -> None:
        second = session.get(Principal, step.person.id)
        if second is None or second.tier != "T4" or second.id == case.raised_by or case.raised_by is None:
            raise ForbiddenError("the second person is another registered steward")
        case.expires_at = ledger.now + timedelta(minutes=case.minutes)
        terms = grants.GrantTerms(
            dataset=case.dataset,
            columns=(),
            clear_columns=(),
            actions=("read", "aggregate"),
            basis=case.reason,
            starts_at=ledger.now,
            expires_at=case.expires_at,
        )
        case.access = grants.add(
            session,
            terms,
            now=ledger.now,
            by=step.person.id,
            principal=case.raised_by,
            request=case.id,
            kind="break_glass",
        ).id

    def close(step: Step) -> None:
        grants.end(session, case.access, step.reason or "closed before its end", ledger.now)

    return Course(session, case, ledger, holds=holds, effects={"open": open_, "close": close}, provider=provider)
