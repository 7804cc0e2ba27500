"""From a principal to the actor that a decision is made for, with the moment from which to look again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from catalog.policy.divisions import DivisionTree
from gateway.control import grants
from gateway.control.accounts import has_accepted, organisation_of, principal_of
from gateway.control.delegations import delegation_to
from gateway.control.errors import ControlError
from gateway.control.tables.identity import Delegation, Principal
from gateway.identity.scope import Scope, narrowed
from gateway.policy.actor import Actor, TokenScope

_LONGEST = timedelta(days=1)


class NotInForceError(ControlError):
    """The account is known and may not be used now; the text says why and may be told to its holder."""


@dataclass(frozen=True)
class InForce:
    """An actor as it stands, and the first moment at which time alone may change it."""

    actor: Actor
    until: datetime


def actor_for(
    session: Session,
    principal: str,
    now: datetime,
    *,
    tree: DivisionTree,
    scope: TokenScope | None = None,
    terms: str | None = None,
) -> InForce:
    """The actor of a principal: its tier, home, grants in force, and `scope` with what was delegated to it.

    Raises NotInForceError when the account or its organisation is suspended, a system has no delegation in force,
    or a registered developer has not signed the terms of use (version `terms`, any when None).
    """
    row = principal_of(session, principal)
    home = organisation_of(session, row.organisation) if row.organisation is not None else None
    if row.suspended_at is not None or (home is not None and home.suspended_at is not None):
        raise NotInForceError("The account is suspended.")
    if row.tier == "T1" and not has_accepted(session, principal, terms):
        raise NotInForceError("The terms of use have not been signed for this account.")
    delegation = _delegation(session, row, now) if row.kind == "system" else None
    moments = [now + _LONGEST] + ([delegation.expires_at] if delegation else [])
    # What a system may do is its organisation's to give: it holds nothing of its own.
    holder = None if row.kind == "system" else principal
    found = grants.held(session, principal=holder, organisation=row.organisation, now=now)
    moments += [row.starts_at if row.starts_at > now else row.expires_at for row in found]
    begun = [row for row in found if row.starts_at <= now]
    given = tuple(grants.in_force(row) for row in begun if row.kind == "grant")
    tier = row.tier
    if tier == "T2" and any(grant.specific for grant in given):
        tier = "T3"
    actor = Actor(
        id=principal,
        tier=tier,
        organisation=row.organisation,
        jurisdictions=tuple(row.divisions or (home.divisions if home else ())),
        grants=given,
        token=narrowed([scope, Scope.stored(delegation.scope).token if delegation else None], tree),
        break_glass=tuple(sorted({row.dataset for row in begun if row.kind == "break_glass"})),
        consumer=row.organisation or principal,
    )
    return InForce(actor, min(moments))


def _delegation(session: Session, system: Principal, now: datetime) -> Delegation:
    found = delegation_to(session, system.id, now)
    if found is None or found.organisation != system.organisation:
        raise NotInForceError("No delegation to this system is in force; its organisation can give one.")
    return found
