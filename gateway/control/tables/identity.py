"""Tables of who may call: organisations, principals, their credentials, delegations and signed terms.

Text that others choose among (kinds, tiers) is checked where it is written, in the functions beside the store.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from catalog.policy.model import Tier
from gateway.control.tables.base import Base


class Organisation(Base):
    """A department of the city by its code in the vocabulary, or a body outside it: an operator, a developer."""

    __tablename__ = "organisation"

    code: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    title_zh: Mapped[str]
    title_en: Mapped[str]
    divisions: Mapped[list[str]] = mapped_column(JSON)
    registered_at: Mapped[datetime]
    registered_by: Mapped[str]
    suspended_at: Mapped[datetime | None]


class Principal(Base):
    """A person, a system or a steward; `login` is who a person is at the OpenID provider."""

    __tablename__ = "principal"
    __table_args__ = (UniqueConstraint("login"),)

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    tier: Mapped[Tier] = mapped_column(String)
    title: Mapped[str]
    organisation: Mapped[str | None] = mapped_column(ForeignKey("organisation.code"))
    divisions: Mapped[list[str]] = mapped_column(JSON)
    login: Mapped[str | None]
    registered_at: Mapped[datetime]
    registered_by: Mapped[str]
    suspended_at: Mapped[datetime | None]


class Credential:
    """What keys and OAuth clients share: a public id, whose it is, what it is narrowed to, and how long it holds."""

    id: Mapped[str] = mapped_column(primary_key=True)
    principal: Mapped[str] = mapped_column(ForeignKey("principal.id"), index=True)
    title: Mapped[str]
    scope: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime]
    created_by: Mapped[str]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class ApiKey(Credential, Base):
    """A key's public part and the hash of the whole; the key itself is nowhere."""

    __tablename__ = "api_key"

    hash: Mapped[str]
    replaced_by: Mapped[str | None]


class OAuthClient(Credential, Base):
    """A department system at the token endpoint: it knows a secret, or it signs with a key registered here."""

    __tablename__ = "oauth_client"
    __table_args__ = (CheckConstraint("(hash IS NULL) <> (public_keys IS NULL)", name="one_method"),)

    hash: Mapped[str | None]
    public_keys: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class UsedAssertion(Base):
    """Signed client assertions already seen; none may be used twice before it expires."""

    __tablename__ = "used_assertion"

    client: Mapped[str] = mapped_column(primary_key=True)
    jti: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class LoginSession(Base):
    """A person signed in through the OpenID provider, known by the hash of what its cookie holds."""

    __tablename__ = "login_session"

    hash: Mapped[str] = mapped_column(primary_key=True)
    principal: Mapped[str] = mapped_column(ForeignKey("principal.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]


class Delegation(Base):
    """What a department lets its system do in its name, until when; a system has no rights but these."""

    __tablename__ = "delegation"

    id: Mapped[str] = mapped_column(primary_key=True)
    organisation: Mapped[str] = mapped_column(ForeignKey("organisation.code"))
    system: Mapped[str] = mapped_column(ForeignKey("principal.id"), index=True)
    scope: Mapped[dict[str, Any]] = mapped_column(JSON)
    starts_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    created_by: Mapped[str]


class TermsAcceptance(Base):
    """Which version of the terms of use a principal has signed, and when."""

    __tablename__ = "terms_acceptance"

    principal: Mapped[str] = mapped_column(ForeignKey("principal.id"), primary_key=True)
    version: Mapped[str] = mapped_column(primary_key=True)
    accepted_at: Mapped[datetime]
    recorded_by: Mapped[str]
