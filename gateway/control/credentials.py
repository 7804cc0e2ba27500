"""What API keys and OAuth clients share: whose they are, what for, how wide, how long."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from catalog.policy.model import CompiledPolicy
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


def check_names(policy: CompiledPolicy | None, scope: Scope) -> None:
    """Refuse a scope that names what today's policy does not know: a slip would open nothing, and nobody would see.

    A column must be one of the datasets that are named, or of any where none is. Without a policy nothing is checked.
    """
    if policy is None:
        return
    datasets = {dataset.id: dataset for dataset in policy.datasets}
    strange = [name for name in scope.datasets or () if name not in datasets]
    if strange:
        raise ControlError(
            f"scope.datasets: the policy knows no {', '.join(strange)}; it knows {', '.join(sorted(datasets))}"
        )
    chosen = sorted(datasets if scope.datasets is None else set(scope.datasets))
    columns = {name: None for dataset in chosen for name in datasets[dataset].by_name}
    strange = [name for name in scope.columns or () if name not in columns]
    if strange:
        where = ", ".join(chosen) if scope.datasets is not None else "the policy"
        raise ControlError(f"scope.columns: {where} has no {', '.join(strange)}; there are {', '.join(columns)}")


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
