"""What API keys and OAuth clients share: whose they are, what for, how wide, how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from gateway.control.accounts import principal_of
from gateway.control.errors import ControlError
from gateway.control.rows import written
from gateway.control.tables.identity import ApiKey, OAuthClient
from gateway.identity.scope import Scope

CredentialT = TypeVar("CredentialT", ApiKey, OAuthClient)


@dataclass(frozen=True)
class CredentialTerms:
    """Whose a credential is (id of the principal), what for, what it is narrowed to, and for how long."""

    principal: str
    title: str
    scope: Scope
    lifetime: timedelta


def issued(
    session: Session,
    table: type[CredentialT],
    name: str,
    terms: CredentialTerms,
    *,
    now: datetime,
    by: str,
    **proof: Any,
) -> CredentialT:
    """The row of a new credential with the public id `name`; `proof` are its columns that a caller is judged by.

    ControlError for one that its holder cannot have: only a steward's can have the scope `admin`.
    """
    holder = principal_of(session, terms.principal)
    if terms.scope.admin and holder.tier != "T4":
        raise ControlError("scope.admin: only a steward's credentials can administer")
    if terms.lifetime <= timedelta(0):
        raise ControlError("the lifetime must be positive")
    row = table(
        id=name,
        principal=holder.id,
        title=terms.title,
        scope=terms.scope.document,
        created_at=now,
        created_by=by,
        expires_at=now + terms.lifetime,
        **proof,
    )
    return written(session, row)
