"""Sessions of people who signed in: begun, ended, and those of the past swept away."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gateway.control.errors import UnknownError
from gateway.control.tables.identity import LoginSession, Principal
from gateway.identity.secret_text import Hasher


def begin_session(session: Session, hasher: Hasher, login: str, now: datetime, lifetime: timedelta) -> str:
    """A new session of the person who signs in as `login`; the text is for the cookie and kept nowhere.

    UnknownError when nobody is registered with that login: signing in alone gives no rights.
    """
    principal = session.scalar(select(Principal.id).where(Principal.login == login))
    if principal is None:
        raise UnknownError("nobody is registered with this login")
    session.execute(delete(LoginSession).where(LoginSession.expires_at < now - timedelta(days=1)))
    text = secrets.token_urlsafe(32)
    row = LoginSession(hash=hasher.hash(text), principal=principal, created_at=now, expires_at=now + lifetime)
    session.add(row)
    session.flush()
    return text


def end_session(session: Session, hasher: Hasher, text: str, now: datetime) -> None:
    """End a session with the next request; one that is not there has ended already."""
    row = session.get(LoginSession, hasher.hash(text))
    if row is not None:
        row.revoked_at = row.revoked_at or now
