"""Corrections (校核纠错): what somebody found wrong in a row, routed to the source of truth and back."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from sqlalchemy.orm import Session

from catalog.contract.options import Strict
from gateway.control.accounts import organisation_of
from gateway.control.errors import ControlError, UnknownError
from gateway.control.rows import new_id
from gateway.control.tables.requests import Correction
from gateway.control.workflow.applications import Name, Words
from gateway.control.workflow.course import Course, Step, take_with
from gateway.control.workflow.ledger import Ledger
from gateway.control.workflow.people import PUBLIC_PERSON, Person, provider_for
from gateway.identity.secret_text import Hasher
from gateway.policy.actor import Actor


class NewCorrection(Strict):
    """Which cell is wrong: the row by the columns of the dataset's key, the column, what is wrong.

    `proposed` is the right value where it is known, `evidence` what shows it.
    """

    dataset: Name
    key: dict[Name, Name] = Field(min_length=1, max_length=20)
    column: Name
    wrong: Words
    proposed: Words | None = None
    evidence: Words


Receipt = Annotated[str, Field(min_length=20, max_length=100)]


@dataclass(frozen=True, repr=False)
class Raised:
    """A fresh correction, and for the public the receipt by which it is followed; it is kept nowhere."""

    row: Correction
    receipt: str | None


def raise_correction(
    session: Session, ledger: Ledger, wrong: NewCorrection, *, hasher: Hasher, actor: Actor, person: Person | None
) -> Raised:
    """Raise a correction as `person`, or without one as somebody of the public.

    UnknownError or ControlError when the actor does not see the dataset or a column named, or the key is another.
    """
    told = ledger.described(actor, wrong.dataset)
    for name in (*wrong.key, wrong.column):
        if name not in told:
            raise ControlError(f"there is no column {name} in the dataset")
    _check_key(ledger, wrong, told)
    receipt = None if person is not None else secrets.token_urlsafe(32)
    home = person.organisation if person is not None else None
    source = ledger.source(wrong.dataset, wrong.column)
    case = Correction(
        id=new_id("cor"),
        raised_by=person.id if person is not None else None,
        organisation=home,
        provider=provider_for(session, source, home, ledger.procedure(Correction.procedure)),
        created_at=ledger.now,
        dataset=wrong.dataset,
        key=dict(wrong.key),
        column=wrong.column,
        wrong=wrong.wrong,
        proposed=wrong.proposed,
        evidence=wrong.evidence,
        hash=hasher.hash(receipt) if receipt is not None else None,
    )
    course(session, ledger, case).begin(person or PUBLIC_PERSON)
    return Raised(case, receipt)


def move(
    session: Session,
    ledger: Ledger,
    case: Correction,
    step: Step,
    *,
    organisation: str | None = None,
    release: int | None = None,
) -> Correction:
    """Make a transition; `organisation` belongs to `reroute`, `release` (the first corrected one) to `publish`."""
    take_with(step, organisation=(organisation, "reroute"), release=(release, "publish"))
    course(session, ledger, case, organisation, release).move(step)
    return case


def course(
    session: Session, ledger: Ledger, case: Correction, organisation: str | None = None, release: int | None = None
) -> Course:
    """The way of a correction."""

    def route(_step: Step) -> None:
        if organisation is None:
            raise ControlError("organisation: name the department that holds the source of truth (its code)")
        organisation_of(session, organisation)
        case.provider = provider_for(session, organisation, case.organisation, ledger.procedure(Correction.procedure))

    def publish(_step: Step) -> None:
        if release is None or release < 1:
            raise ControlError("release: name the first release that holds the correction (its number)")
        if release > ledger.release:
            raise ControlError(f"release: there is no {release} yet; the current one is {ledger.release}")
        case.release = release

    return Course(session, case, ledger, holds=lambda _condition: None, effects={"route": route, "publish": publish})


def _check_key(ledger: Ledger, wrong: NewCorrection, told: frozenset[str]) -> None:
    """The row is named by the whole key of the dataset; of a column the actor may not read about nothing is said."""
    entry = ledger.entry(wrong.dataset)
    key = [name for name in entry.key if name in told] if entry is not None else []
    if key and set(wrong.key) != set(key):
        raise ControlError(f"key: name the row by {', '.join(key)}, each once and nothing else")


def with_receipt(session: Session, hasher: Hasher, name: str, receipt: str) -> Correction:
    """A correction of somebody of the public, by its receipt; UnknownError when it is not that one's."""
    found = session.get(Correction, name)
    matches = hasher.matches(receipt, found.hash if found is not None and found.hash else "0" * 64)
    if found is None or found.hash is None or not matches:
        raise UnknownError(f"there is no correction {name}")
    return found
