"""Organisations and principals: registering, listing and suspending who may call, and the terms they signed.

The tier follows from where a principal belongs: a department's people and systems are T2, an authorised operator's
T1R, a registered developer T1, a steward T4. T3 is a department's principal with a specific grant in force.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, get_args

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.policy.model import Tier
from gateway.control.errors import ConflictError, ControlError
from gateway.control.rows import known, written
from gateway.control.tables.identity import Organisation, Principal, TermsAcceptance

OrganisationKind = Literal["department", "operator", "developer"]
PrincipalKind = Literal["person", "system", "steward"]

_TIERS: dict[str, Tier] = {"department": "T2", "operator": "T1R", "developer": "T1"}
_ID = re.compile(r"[a-z0-9][a-z0-9._-]{1,62}")
_RESERVED = frozenset({"public"})


def add_organisation(
    session: Session,
    *,
    code: str,
    kind: str,
    title: tuple[str, str],
    divisions: Sequence[str],
    now: datetime,
    by: str,
) -> Organisation:
    """Register an organisation; `title` is Chinese and English, `divisions` is the area it is responsible for."""
    if kind not in get_args(OrganisationKind):
        raise ControlError(f"kind: {kind!r} is none of {', '.join(get_args(OrganisationKind))}")
    if not code.strip() or len(code) > 64 or not all(title):
        raise ControlError("an organisation needs a code of at most 64 signs and a title in Chinese and in English")
    if session.get(Organisation, code) is not None:
        raise ConflictError(f"organisation {code} is registered already")
    row = Organisation(
        code=code,
        kind=kind,
        title_zh=title[0],
        title_en=title[1],
        divisions=list(divisions),
        registered_at=now,
        registered_by=by,
    )
    return written(session, row)


def organisation_of(session: Session, code: str) -> Organisation:
    """The organisation with this code."""
    missing = f"no organisation {code} is registered; register it with `civiclake access org add {code}`"
    return known(session, Organisation, code, missing)


def organisations(session: Session) -> Sequence[Organisation]:
    """All organisations by code."""
    return session.scalars(select(Organisation).order_by(Organisation.code)).all()


def add_principal(
    session: Session,
    *,
    name: str,
    kind: str,
    title: str,
    organisation: str | None,
    now: datetime,
    by: str,
    divisions: Sequence[str] = (),
    login: str | None = None,
) -> Principal:
    """Register who may call. `divisions` is its own area, the organisation's when left out; `login` is for people."""
    if kind not in get_args(PrincipalKind):
        raise ControlError(f"kind: {kind!r} is none of {', '.join(get_args(PrincipalKind))}")
    if not _ID.fullmatch(name) or name in _RESERVED:
        raise ControlError(f"{name!r} cannot be an id: 2 to 63 small letters, digits, dots, hyphens, underscores")
    if session.get(Principal, name) is not None:
        raise ConflictError(f"{name} is registered already; choose another id")
    if login is not None and session.scalar(select(Principal.id).where(Principal.login == login)) is not None:
        raise ConflictError(f"somebody else signs in as {login}")
    if kind == "system" and (organisation is None or login is not None):
        raise ControlError("a system belongs to an organisation and has no login; give it a key or an OAuth client")
    home = organisation_of(session, organisation) if organisation is not None else None
    row = Principal(
        id=name,
        kind=kind,
        tier=_tier(kind, home),
        title=title,
        organisation=organisation,
        divisions=list(divisions),
        login=login,
        registered_at=now,
        registered_by=by,
    )
    return written(session, row)


def principal_of(session: Session, name: str) -> Principal:
    """The principal with this id."""
    does_it = "`civiclake access person add` or `civiclake access system add` does it"
    return known(session, Principal, name, f"nobody is registered as {name}; {does_it}")


def principals(session: Session, organisation: str | None = None) -> Sequence[Principal]:
    """All principals, or those of one organisation, by id."""
    query = select(Principal).order_by(Principal.id)
    return session.scalars(query if organisation is None else query.where(Principal.organisation == organisation)).all()


def suspend_organisation(session: Session, code: str, now: datetime) -> Organisation:
    """From the next request on nobody of the organisation may call."""
    row = organisation_of(session, code)
    row.suspended_at = row.suspended_at or now
    return row


def suspend_principal(session: Session, name: str, now: datetime) -> Principal:
    """From the next request on all its keys, tokens and sessions are refused."""
    row = principal_of(session, name)
    row.suspended_at = row.suspended_at or now
    return row


def resume_organisation(session: Session, code: str) -> Organisation:
    """Take a suspension back; what was revoked meanwhile stays so."""
    row = organisation_of(session, code)
    row.suspended_at = None
    return row


def resume_principal(session: Session, name: str) -> Principal:
    """Take a suspension back; what was revoked meanwhile stays so."""
    row = principal_of(session, name)
    row.suspended_at = None
    return row


def accept_terms(session: Session, name: str, version: str, now: datetime, by: str) -> TermsAcceptance:
    """Record that a principal signed this version of the terms of use."""
    if not version.strip():
        raise ControlError("version: name the version of the terms that was signed")
    principal_of(session, name)
    found = session.get(TermsAcceptance, (name, version))
    if found is None:
        found = written(session, TermsAcceptance(principal=name, version=version, accepted_at=now, recorded_by=by))
    return found


def has_accepted(session: Session, name: str, version: str | None) -> bool:
    """Whether the terms are signed: this version, or any when None."""
    query = select(TermsAcceptance.version).where(TermsAcceptance.principal == name)
    if version is not None:
        query = query.where(TermsAcceptance.version == version)
    return session.scalar(query.limit(1)) is not None


def _tier(kind: str, organisation: Organisation | None) -> Tier:
    if kind == "steward":
        return "T4"
    return _TIERS[organisation.kind] if organisation is not None else "T1"
