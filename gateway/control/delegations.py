"""Delegation: what an organisation lets its system do in its name. Without one a system may do nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.control.accounts import principal_of
from gateway.control.errors import ControlError
from gateway.control.rows import known, new_id, written
from gateway.control.tables.identity import Delegation
from gateway.identity.scope import Scope


def delegate(session: Session, *, system: str, scope: Scope, expires: datetime, now: datetime, by: str) -> Delegation:
    """Let a system act for its organisation within `scope` from now on. It takes the place of the delegation before."""
    holder = principal_of(session, system)
    if holder.kind != "system" or holder.organisation is None:
        raise ControlError(f"{system} is a {holder.kind}; an organisation delegates to its systems only")
    if scope.admin:
        raise ControlError("scope.admin: administration cannot be delegated")
    if expires <= now:
        raise ControlError("the delegation would end before it begins")
    for former in _unrevoked(session, system):
        former.revoked_at = now
    row = Delegation(
        id=new_id("dlg"),
        organisation=holder.organisation,
        system=system,
        scope=scope.document,
        starts_at=now,
        expires_at=expires,
        created_by=by,
    )
    return written(session, row)


def revoke_delegation(session: Session, delegation: str, now: datetime) -> Delegation:
    """End a delegation with the next request."""
    row = known(session, Delegation, delegation, f"there is no delegation {delegation}")
    row.revoked_at = row.revoked_at or now
    return row


def delegations(session: Session) -> Sequence[Delegation]:
    """All delegations, the latest first."""
    return session.scalars(select(Delegation).order_by(Delegation.starts_at.desc(), Delegation.id)).all()


def delegation_to(session: Session, system: str, now: datetime) -> Delegation | None:
    """The delegation of a system that is in force, if there is one."""
    return next((row for row in _unrevoked(session, system) if row.expires_at > now), None)


def _unrevoked(session: Session, system: str) -> Sequence[Delegation]:
    query = select(Delegation).where(Delegation.system == system, Delegation.revoked_at.is_(None))
    return session.scalars(query.order_by(Delegation.starts_at.desc())).all()
