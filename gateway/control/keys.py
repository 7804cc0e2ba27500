"""API keys: issued, rotated with overlap, revoked, listed. The text of a key is given out once and stored nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.control.credentials import CredentialTerms, issued
from gateway.control.errors import ConflictError, ControlError
from gateway.control.rows import known
from gateway.control.tables.identity import ApiKey
from gateway.identity.scope import Scope
from gateway.identity.secret_text import Hasher, mint


@dataclass(frozen=True, repr=False)
class IssuedKey:
    """A fresh key: its row, and the text for its holder."""

    row: ApiKey
    text: str


def issue(session: Session, hasher: Hasher, terms: CredentialTerms, *, now: datetime, by: str) -> IssuedKey:
    """A new key for a principal."""
    minted = mint("clk")
    row = issued(session, ApiKey, minted.id, terms, now=now, by=by, hash=hasher.hash(minted.text))
    return IssuedKey(row, minted.text)


def rotate(
    session: Session,
    hasher: Hasher,
    key: str,
    *,
    overlap: timedelta,
    lifetime: timedelta | None,
    longest: timedelta = timedelta.max,
    now: datetime,
    by: str,
) -> IssuedKey:
    """A new key with the same holder and scope; the old one goes on for the overlap, never longer than it would.

    Without a lifetime the new one has that of the old, and at most the `longest` that is allowed today.
    """
    old = key_of(session, key)
    if old.revoked_at is not None or old.expires_at <= now:
        raise ConflictError(f"key {key} is no longer in force; issue a new one")
    if old.replaced_by is not None:
        raise ConflictError(f"key {key} was rotated already; its successor is {old.replaced_by}")
    if overlap < timedelta(0):
        raise ControlError("the overlap must not be negative")
    terms = CredentialTerms(
        old.principal, old.title, Scope.stored(old.scope), lifetime or min(old.expires_at - old.created_at, longest)
    )
    fresh = issue(session, hasher, terms, now=now, by=by)
    old.replaced_by = fresh.row.id
    old.expires_at = min(old.expires_at, now + overlap)
    return fresh


def revoke(session: Session, key: str, now: datetime) -> ApiKey:
    """Refuse a key from the next request on. Revoking it again changes nothing."""
    row = key_of(session, key)
    row.revoked_at = row.revoked_at or now
    return row


def key_of(session: Session, key: str) -> ApiKey:
    """The key with this public id."""
    return known(session, ApiKey, key, f"there is no key {key}; `civiclake access key list` shows the ids")


def keys(session: Session, principal: str | None = None) -> Sequence[ApiKey]:
    """All keys, or those of one principal, the newest first."""
    query = select(ApiKey).order_by(ApiKey.created_at.desc(), ApiKey.id)
    return session.scalars(query if principal is None else query.where(ApiKey.principal == principal)).all()
