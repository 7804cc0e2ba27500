"""Subscriptions: made, listed, ended, and for whom each of them stands at a moment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from catalog.contract.options import Strict
from catalog.policy.divisions import DivisionTree
from catalog.policy.load import shared_limits
from catalog.policy.model import CompiledPolicy, WebhookLimits
from gateway.control.actors import actor_for
from gateway.control.errors import ConflictError, ControlError, UnknownError
from gateway.control.rows import new_id, written
from gateway.control.tables.identity import ApiKey, OAuthClient
from gateway.control.tables.notices import Subscription
from gateway.identity.callers import Identified
from gateway.identity.scope import Scope
from gateway.notices.outbox import EventType, newest_number
from gateway.notices.tell import Listener
from gateway.policy.actor import TokenScope

_Name = Annotated[str, Field(min_length=1, max_length=100)]


class NewSubscription(Strict):
    """What a caller asks for: where events go, and which; all types and datasets unless said otherwise."""

    target: str = Field(max_length=2000)
    types: tuple[EventType, ...] | None = Field(None, min_length=1, max_length=10)
    datasets: tuple[_Name, ...] | None = Field(None, min_length=1, max_length=1000)


@dataclass(frozen=True)
class Standing:
    """What a listener is found by: the divisions in force, and the terms that developers must have signed."""

    tree: DivisionTree
    terms: str | None


def webhook_limits(policy: CompiledPolicy | None) -> WebhookLimits:
    """The limits in force; those of the shared policy where the policy says nothing."""
    said = policy.webhooks if policy is not None else None
    return said or shared_limits().webhooks


def subscribe(
    session: Session, asked: NewSubscription, caller: Identified, *, purpose: str | None, most: int, now: datetime
) -> Subscription:
    """A subscription in the name of the caller, from the next event on. ConflictError when there are too many."""
    of_caller = (Subscription.principal == caller.actor.id, Subscription.ended_at.is_(None))
    if (session.scalar(select(func.count()).select_from(Subscription).where(*of_caller)) or 0) >= most:
        raise ConflictError(f"there are {most} subscriptions already; end one to make another")
    row = Subscription(
        id=new_id("sub"),
        principal=caller.actor.id,
        credential=caller.credential if caller.method in ("key", "token") else None,
        scope=_document(caller.actor.token),
        purpose=purpose,
        target=asked.target,
        types=list(asked.types) if asked.types else None,
        datasets=list(asked.datasets) if asked.datasets else None,
        position=newest_number(session),
        created_at=now,
    )
    return written(session, row)


def of_caller(session: Session, caller: Identified) -> Sequence[Subscription]:
    """The subscriptions of a caller that have not been ended by it, the newest first."""
    query = select(Subscription).where(Subscription.principal == caller.actor.id)
    kept = query.where(Subscription.ended_for.is_distinct_from("asked"))
    found = session.scalars(kept.order_by(Subscription.created_at.desc(), Subscription.id))
    return [row for row in found if _covers(session, row, caller)]


def of_everybody(session: Session, principal: str | None = None) -> Sequence[Subscription]:
    """All subscriptions, of one principal or of all, ended ones among them, the newest first."""
    query = select(Subscription).order_by(Subscription.created_at.desc(), Subscription.id)
    return session.scalars(query if principal is None else query.where(Subscription.principal == principal)).all()


def subscription_of(session: Session, name: str, caller: Identified) -> Subscription:
    """One of them; UnknownError when the caller has none of that id."""
    row = session.get(Subscription, name)
    own = row is not None and row.principal == caller.actor.id and row.ended_for != "asked"
    if row is None or not own or not _covers(session, row, caller):
        raise UnknownError("there is no such subscription of yours")
    return row


def _covers(session: Session, row: Subscription, caller: Identified) -> bool:
    """Whether a subscription is within a credential: a narrowed one has those made with it, or with the key it follows;
    another could be about what it is kept from."""
    return caller.actor.token is None or caller.credential in tuple(_line(session, row.credential))


def _line(session: Session, credential: str | None) -> Iterator[str]:
    """A credential, and those it was rotated into."""
    while credential is not None:
        yield credential
        row = session.get(ApiKey, credential)
        credential = row.replaced_by if row is not None else None


def end(row: Subscription, why: str, now: datetime) -> None:
    """Nothing is sent any more: as `asked` by its owner, or because the receiver said that it is `gone`."""
    row.ended_at, row.ended_for = row.ended_at or now, why


def listener_of(session: Session, row: Subscription, standing: Standing, now: datetime) -> Listener | None:
    """For whom a subscription stands now; None when its owner may not call, or its credential is no longer in force."""
    if row.ended_at is not None or (row.credential is not None and not _in_force(session, row.credential, now)):
        return None
    scope = Scope.stored(row.scope).token
    try:
        found = actor_for(session, row.principal, now, tree=standing.tree, scope=scope, terms=standing.terms)
    except ControlError:
        return None
    return Listener(found.actor, row.purpose)


def _in_force(session: Session, credential: str, now: datetime) -> bool:
    """Whether a credential, or the one it was rotated into, is neither revoked nor expired."""
    name: str | None = credential
    while name is not None:
        row = session.get(ApiKey, name) or session.get(OAuthClient, name)
        if row is None:
            return False
        if row.revoked_at is None and row.expires_at > now:
            return True
        name = row.replaced_by if isinstance(row, ApiKey) and row.revoked_at is None else None
    return False


def _document(token: TokenScope | None) -> dict[str, Any]:
    if token is None:
        return {}
    named = (token.datasets, token.actions, token.columns)
    datasets, actions, columns = (None if names is None else tuple(sorted(names)) for names in named)
    return Scope.model_validate(
        {"datasets": datasets, "actions": actions, "columns": columns, "rows": token.rows}
    ).document
