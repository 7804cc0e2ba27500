"""Owners that are registered, or back, after a case was filed: the case is theirs to answer from then on."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.control.rows import new_id
from gateway.control.tables.requests import Application, Correction, Notice
from gateway.control.workflow.course import events
from gateway.control.workflow.ledger import Ledger
from gateway.control.workflow.people import provider_for


def take_up(session: Session, ledger: Ledger, code: str) -> list[str]:
    """Give an organisation the open cases about its data that nobody was registered for; the ids of those.

    It is told of those in which a time limit runs. What was sent elsewhere since stays where it was sent.
    """
    taken = []
    for case in _unanswered(session, ledger):
        procedure = ledger.procedure(case.procedure)
        if _owner(session, ledger, case) != code:
            continue
        case.provider = provider_for(session, code, case.organisation, procedure)
        if case.provider is None:
            continue
        taken.append(case.id)
        if procedure.states[case.state].clock is not None:
            session.add(
                Notice(
                    id=new_id("ntc"),
                    at=ledger.now,
                    principal=None,
                    organisation=code,
                    procedure=case.procedure,
                    case=case.id,
                    name=events(session, case.id)[-1].name,
                    to_state=case.state,
                    reason="",
                )
            )
    session.flush()
    return taken


def _unanswered(session: Session, ledger: Ledger) -> Iterator[Application | Correction]:
    waiting = select(Application).where(Application.provider.is_(None))
    yield from session.scalars(waiting.where(Application.state.in_(_open(ledger, Application))))
    disputed = select(Correction).where(Correction.provider.is_(None))
    yield from session.scalars(disputed.where(Correction.state.in_(_open(ledger, Correction))))


def _open(ledger: Ledger, kind: type[Application | Correction]) -> list[str]:
    """The states that are not the end of a case."""
    procedure = ledger.procedure(kind.procedure)
    return [state for state in procedure.states if procedure.out_of(state)]


def _owner(session: Session, ledger: Ledger, case: Application | Correction) -> str | None:
    """Whose data a case is about; None of a correction that somebody routed by hand."""
    if isinstance(case, Application):
        return ledger.owner(case.dataset)
    if any(event.name == "reroute" for event in events(session, case.id)):
        return None
    return ledger.source(case.dataset, case.column)
