"""OAuth clients of department systems: registered with a secret of ours or with public keys of theirs."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, OKPKey, RSAKey
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.control.accounts import principal_of
from gateway.control.credentials import CredentialTerms, issued
from gateway.control.errors import ControlError
from gateway.control.rows import known
from gateway.control.tables.identity import OAuthClient
from gateway.identity.key_sets import key_set
from gateway.identity.secret_text import Hasher, mint

_SHORTEST_RSA = 2048
_CURVES = frozenset({"P-256", "P-384", "P-521", "Ed25519"})


@dataclass(frozen=True, repr=False)
class IssuedClient:
    """A fresh client: its row, and its secret unless it signs with keys of its own."""

    row: OAuthClient
    secret: str | None


def add_client(
    session: Session,
    hasher: Hasher,
    terms: CredentialTerms,
    *,
    now: datetime,
    by: str,
    public_keys: dict[str, Any] | None = None,
) -> IssuedClient:
    """A new client for a system or a steward; with `public_keys` (a JWK set) it signs instead of knowing a secret."""
    if principal_of(session, terms.principal).kind == "person":
        raise ControlError(f"{terms.principal} is a person; people sign in or use an API key")
    minted = mint("cls")
    secret = minted.text if public_keys is None else None
    row = issued(
        session,
        OAuthClient,
        minted.id,
        terms,
        now=now,
        by=by,
        hash=hasher.hash(secret) if secret is not None else None,
        public_keys=checked_keys(public_keys) if public_keys is not None else None,
    )
    return IssuedClient(row, secret)


def checked_keys(document: dict[str, Any]) -> dict[str, Any]:
    """A JWK set with only what is public and strong enough; ControlError says which key is not."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", SecurityWarning)  # what is weak is refused below, with its place
            found = key_set(document)
    except (JoseError, ValueError, KeyError, TypeError):
        raise ControlError('public keys: expected a JWK set, `{"keys": [...]}`, of RSA, EC or Ed25519 keys') from None
    for place, key in enumerate(found.keys):
        if not isinstance(key, RSAKey | ECKey | OKPKey):
            raise ControlError(f"public keys: key {place} is none of RSA, EC, Ed25519")
        if key.is_private:
            raise ControlError(f"public keys: key {place} holds its private part, which must stay with its owner")
        if isinstance(key, RSAKey) and key.public_key.key_size < _SHORTEST_RSA:
            raise ControlError(f"public keys: key {place} is shorter than {_SHORTEST_RSA} bits")
        if not isinstance(key, RSAKey) and key.curve_name not in _CURVES:
            raise ControlError(f"public keys: key {place} is on none of {', '.join(sorted(_CURVES))}")
    return {"keys": [key.as_dict(private=False) for key in found.keys]}


def revoke_client(session: Session, client: str, now: datetime) -> OAuthClient:
    """Refuse a client and every token it has from the next request on."""
    row = client_of(session, client)
    row.revoked_at = row.revoked_at or now
    return row


def client_of(session: Session, client: str) -> OAuthClient:
    """The client with this id."""
    missing = f"there is no OAuth client {client}; `civiclake access client list` shows the ids"
    return known(session, OAuthClient, client, missing)


def clients(session: Session) -> Sequence[OAuthClient]:
    """All clients, the newest first."""
    return session.scalars(select(OAuthClient).order_by(OAuthClient.created_at.desc(), OAuthClient.id)).all()
