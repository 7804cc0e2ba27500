"""Cases of every kind: brought up to date, listed for whoever may know of them, shown as documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from gateway.control.documents import document
from gateway.control.errors import ControlError, UnknownError
from gateway.control.store import ControlStore
from gateway.control.tables.requests import CASES, Application, BreakGlass, Notice
from gateway.control.workflow import applications, break_glass
from gateway.control.workflow.course import AnyCase, events, open_to
from gateway.control.workflow.ledger import Ledger
from gateway.control.workflow.people import Person, roles_of

CaseT = TypeVar("CaseT", bound=AnyCase)
PAGE = 100


@dataclass(frozen=True)
class Choice:
    """Which cases: of a state, only overdue ones, those after the one of that id (the newest comes first)."""

    state: str | None = None
    overdue: bool = False
    after: str | None = None


def due(session: Session, ledger: Ledger) -> list[Application | BreakGlass]:
    """Cases that time alone has moved on since somebody last looked."""
    return [case for query in _due(ledger) for case in session.scalars(query)]


def settle(session: Session, ledger: Ledger) -> None:
    """Bring every such case up to date. Nobody's rights change by it: grants end by themselves."""
    for case in due(session, ledger):
        if isinstance(case, Application):
            applications.course(session, ledger, case).settle()
        else:
            break_glass.course(session, ledger, case).settle()


def catch_up(store: ControlStore, ledger: Ledger) -> None:
    """Settle in a transaction of its own, and write only where something is due: who looks keeps nobody waiting."""
    with store.read() as session:
        late = bool(due(session, ledger))
    if late:
        with store.begin() as session:
            settle(session, ledger)


def listed(
    session: Session, ledger: Ledger, kind: type[CaseT], person: Person, choice: Choice
) -> tuple[list[CaseT], bool]:
    """A page of the cases a person knows of, the newest first, and whether there are more."""
    query: Select[tuple[CaseT]] = select(kind).order_by(kind.created_at.desc(), kind.id.desc())
    if not person.steward:
        query = query.where(
            or_(
                kind.raised_by == person.id,
                and_(kind.organisation.is_not(None), kind.organisation == person.organisation),
                and_(kind.provider.is_not(None), kind.provider == person.organisation),
            )
        )
    if choice.state is not None:
        if choice.state not in ledger.procedure(kind.procedure).states:
            known = ", ".join(ledger.procedure(kind.procedure).states)
            raise ControlError(f"state: there is no {choice.state[:80]}; use one of {known}")
        query = query.where(kind.state == choice.state)
    if choice.overdue:
        query = query.where(kind.due_on < ledger.today)
    if choice.after is not None:
        before = session.get(kind, choice.after)
        if before is None or not roles_of(person, before, ledger.procedure(kind.procedure)):
            raise UnknownError(f"there is nothing after {choice.after[:80]}")
        query = query.where(
            or_(kind.created_at < before.created_at, and_(kind.created_at == before.created_at, kind.id < before.id))
        )
    found = list(session.scalars(query.limit(PAGE + 1)))
    return found[:PAGE], len(found) > PAGE


def known(session: Session, ledger: Ledger, kind: type[CaseT], name: str, person: Person) -> CaseT:
    """One case, for somebody who may know of it; UnknownError alike for others and where there is none."""
    found = session.get(kind, name)
    if found is None or not roles_of(person, found, ledger.procedure(kind.procedure)):
        raise UnknownError(f"there is no {kind.procedure.replace('_', '-')} {name[:80]}")
    return found


def overdue(session: Session, ledger: Ledger) -> list[AnyCase]:
    """All cases of every kind whose time limit has passed, the longest overdue first."""
    found: list[AnyCase] = []
    for kind in CASES:
        found += session.scalars(select(kind).where(kind.due_on < ledger.today))
    return sorted(found, key=lambda case: (case.due_on or ledger.today, case.id))


def summary(case: AnyCase, ledger: Ledger) -> dict[str, Any]:
    """A case in short: its own fields, the title of its state, and whether it is overdue."""
    state = ledger.procedure(case.procedure).states[case.state]
    late = case.due_on is not None and case.due_on < ledger.today
    first = {"id": case.id, "state": case.state, "state_title": state.title.model_dump(), "overdue": late}
    return first | document(case, ledger.zone)


def full(session: Session, case: AnyCase, ledger: Ledger, person: Person) -> dict[str, Any]:
    """A case with its steps, who owns its dataset (code), and what this person may do next."""
    steps = [document(event, ledger.zone) for event in events(session, case.id)]
    may = open_to(session, case, person, ledger.procedure(case.procedure))
    owner = ledger.owner(case.dataset) if case.dataset is not None else None
    return {**summary(case, ledger), "owner": owner, "events": steps, "may": may}


def by_receipt(session: Session, case: AnyCase, ledger: Ledger) -> dict[str, Any]:
    """A case for the holder of its receipt: the steps without the names of those who made them."""
    steps = [
        {key: value for key, value in document(event, ledger.zone).items() if key not in {"by", "entered_by"}}
        for event in events(session, case.id)
    ]
    hidden = {"raised_by", "organisation"}
    told = {key: value for key, value in summary(case, ledger).items() if key not in hidden}
    return {**told, "events": steps, "may": []}


def notices(session: Session, person: Person) -> Sequence[Notice]:
    """The newest notices to a person, its organisation and, for a steward, the data authority."""
    to = [Notice.principal == person.id]
    if person.organisation is not None:
        to.append(Notice.organisation == person.organisation)
    if person.steward:
        to.append(and_(Notice.principal.is_(None), Notice.organisation.is_(None)))
    return session.scalars(select(Notice).where(or_(*to)).order_by(Notice.at.desc(), Notice.id).limit(PAGE)).all()


def _due(ledger: Ledger) -> Iterator[Select[Any]]:
    """One query for each state that time can end."""
    for kind in (Application, BreakGlass):
        for transition in ledger.procedure(kind.procedure).transitions:
            if transition.when in ("begun", "ended"):
                begun = transition.when == "begun" and kind is Application
                moment = Application.starts_at if begun else kind.expires_at
                yield select(kind).where(kind.state.in_(transition.from_), moment <= ledger.now)
