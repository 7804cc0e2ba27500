"""Who acts on a case, and in which role. Nobody is provider or authority for what was asked for by its own."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from catalog.policy.procedures import Procedure, Role
from gateway.control.accounts import principal_of
from gateway.control.errors import ForbiddenError
from gateway.control.tables.identity import Organisation
from gateway.control.tables.requests import Case


@dataclass(frozen=True)
class Person:
    """Whoever acts. `steward` says that this is the data authority; `entered_by` typed it in for somebody else."""

    id: str
    organisation: str | None = None
    steward: bool = False
    entered_by: str | None = None


MACHINE = Person("machine")
PUBLIC_PERSON = Person("public")


def person_named(session: Session, name: str, *, administers: bool = True, entered_by: str | None = None) -> Person:
    """The person registered under a name; ForbiddenError for systems, which decide nothing.

    A steward is the authority only where the credential `administers`.
    """
    row = principal_of(session, name)
    if row.kind == "system":
        raise ForbiddenError("requests are made and decided by people, not by systems")
    return Person(name, row.organisation, row.kind == "steward" and administers, entered_by)


def roles_of(person: Person, case: Case, procedure: Procedure) -> frozenset[Role]:
    """The roles of a person in a case; none means that the person does not know of it."""
    found: set[Role] = set()
    same = person.organisation is not None and person.organisation == case.organisation
    answers = case.provider is not None and person.organisation == case.provider
    if person.id == case.raised_by or same:
        found.add("applicant")
        if procedure.own_provider and answers and person.id != case.raised_by:
            found.add("provider")
        return frozenset(found)
    if person.steward:
        found.add("authority")
    if answers or (case.provider is None and person.steward):
        found.add("provider")
    return frozenset(found)


def provider_for(session: Session, owner: str | None, applicant: str | None, procedure: Procedure) -> str | None:
    """The organisation that answers; None, so the authority, where none is registered or it would judge its own."""
    row = session.get(Organisation, owner) if owner is not None else None
    if row is None or row.suspended_at is not None or (owner == applicant and not procedure.own_provider):
        return None
    return row.code
