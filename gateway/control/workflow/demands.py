"""Demands (供需对接): what the catalog lacks, routed to a candidate provider, answered with a dataset or refused."""

from __future__ import annotations

from sqlalchemy.orm import Session

from catalog.contract.options import Strict
from gateway.control.accounts import organisation_of, principal_of
from gateway.control.errors import ControlError, UnknownError
from gateway.control.rows import new_id
from gateway.control.tables.requests import Demand
from gateway.control.workflow.applications import Name, Words
from gateway.control.workflow.course import Course, Step, take_with
from gateway.control.workflow.ledger import Ledger
from gateway.control.workflow.people import Person, provider_for
from gateway.policy.actor import Actor


class NewDemand(Strict):
    """What is missing and what for; `candidate` is the organisation that may have it (code)."""

    title: Name
    description: Words
    purpose: Name
    basis: Words
    candidate: Name | None = None


def raise_demand(session: Session, ledger: Ledger, wanted: NewDemand, person: Person) -> Demand:
    """Raise a demand; it then waits for the authority to route it."""
    if wanted.purpose not in ledger.policy.purposes:
        raise ControlError(f"purpose: use one of {', '.join(sorted(ledger.policy.purposes))}")
    case = Demand(
        id=new_id("dem"),
        raised_by=person.id,
        organisation=person.organisation,
        provider=None,
        created_at=ledger.now,
        title=wanted.title,
        description=wanted.description,
        purpose=wanted.purpose,
        basis=wanted.basis,
        candidate=wanted.candidate,
    )
    course(session, ledger, case).begin(person)
    return case


def move(
    session: Session,
    ledger: Ledger,
    case: Demand,
    step: Step,
    *,
    organisation: str | None = None,
    dataset: str | None = None,
) -> Demand:
    """Make a transition; `organisation` belongs to `route`, `dataset` to `answer`."""
    take_with(step, organisation=(organisation, "route"), dataset=(dataset, "answer"))
    course(session, ledger, case, organisation, dataset).move(step)
    return case


def course(
    session: Session, ledger: Ledger, case: Demand, organisation: str | None = None, dataset: str | None = None
) -> Course:
    """The way of a demand."""

    def route(_step: Step) -> None:
        code = organisation or case.candidate
        if code is None:
            raise ControlError("organisation: name the candidate provider (its code)")
        organisation_of(session, code)
        case.provider = provider_for(session, code, case.organisation, ledger.procedure(Demand.procedure))

    def answer(_step: Step) -> None:
        if dataset is None or case.raised_by is None:
            raise ControlError("dataset: name the dataset that answers the demand")
        row = principal_of(session, case.raised_by)
        asker = Actor(row.id, row.tier, row.organisation)
        try:
            ledger.described(asker, dataset)
        except UnknownError:
            raise ControlError("dataset: there is none of that name that the applicant may read about") from None
        case.dataset = dataset

    return Course(session, case, ledger, holds=lambda _condition: None, effects={"route": route, "answer": answer})
