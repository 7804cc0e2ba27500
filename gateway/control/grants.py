"""Grants: written by stewards and by approved requests, read when somebody calls.

Everything that gives a grant goes through `add`, so that one place checks what a grant may be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from catalog.policy.model import Action, CompiledPolicy, DatasetPolicy, RowScope
from gateway.control.accounts import organisation_of, principal_of
from gateway.control.errors import ConflictError, ControlError, UnknownError
from gateway.control.rows import known, new_id, written
from gateway.control.tables.grants import GrantRow
from gateway.control.tables.identity import Principal
from gateway.policy.actor import Grant
from gateway.policy.rows import rows_in

Kind = Literal["grant", "break_glass"]
_ALL_ROWS = RowScope()


@dataclass(frozen=True)
class GrantTerms:
    """What is granted: on which dataset, which columns masked and which in clear, which actions, rows, purposes, when.

    No purpose means any. `statutory` says that the law named in `basis` demands clear values, those of L4 included.
    """

    dataset: str
    columns: tuple[str, ...]
    clear_columns: tuple[str, ...]
    actions: tuple[Action, ...]
    basis: str
    starts_at: datetime
    expires_at: datetime
    rows: RowScope = _ALL_ROWS
    purposes: tuple[str, ...] = ()
    statutory: bool = False


def check_against(policy: CompiledPolicy | None, terms: GrantTerms) -> None:
    """Refuse a grant that names what today's policy does not know: a slip would grant nothing, and nobody would see.

    Without a policy nothing can be checked, and nothing is allowed either.
    """
    if policy is None:
        return
    entry = policy.dataset(terms.dataset)
    if entry is None:
        known = ", ".join(sorted(dataset.id for dataset in policy.datasets))
        raise UnknownError(f"dataset: the policy knows no {terms.dataset}; it knows {known}")
    strange = [name for name in (*terms.columns, *terms.clear_columns) if name not in entry.by_name]
    if strange:
        raise UnknownError(f"columns: {terms.dataset} has no {', '.join(strange)}; it has {', '.join(entry.by_name)}")
    unknown = [purpose for purpose in terms.purposes if purpose not in policy.purposes]
    if unknown:
        raise UnknownError(f"purposes: the policy knows no {', '.join(unknown)}; it knows {', '.join(policy.purposes)}")
    check_rows(policy, entry, terms.rows)


def check_rows(policy: CompiledPolicy, entry: DatasetPolicy, rows: RowScope) -> None:
    """Refuse rows that the dataset has no column to tell by, or that no area of the city holds."""
    if rows_in(rows, entry.scope, policy.division_tree).empty:
        raise ControlError("rows: no row of the dataset can be told to lie in this scope")


def add(
    session: Session,
    terms: GrantTerms,
    *,
    now: datetime,
    by: str,
    principal: str | None = None,
    organisation: str | None = None,
    request: str | None = None,
    kind: Kind = "grant",
    policy: CompiledPolicy | None = None,
) -> GrantRow:
    """Grant to one principal or to one organisation; ControlError says what is missing, or unknown to the policy.

    `break_glass` is for a steward alone and opens cells of the dataset; who adds one has seen to the second person.
    """
    _check(terms, now, kind)
    check_against(policy, terms)
    if (principal is None) == (organisation is None):
        raise ControlError("a grant has one holder: a principal or an organisation")
    if organisation is not None:
        organisation_of(session, organisation)
    if principal is not None:
        holder = principal_of(session, principal)
        if holder.kind == "system":
            raise ControlError(f"{principal} is a system: grant to its organisation, which delegates to it")
        if (holder.tier == "T4") != (kind == "break_glass"):
            raise ControlError("break-glass is for stewards, and stewards see cell values by break-glass only")
    elif kind == "break_glass":
        raise ControlError("break-glass is for one steward, not for an organisation")
    row = GrantRow(
        id=new_id("grt"),
        kind=kind,
        principal=principal,
        organisation=organisation,
        dataset=terms.dataset,
        columns=list(terms.columns),
        clear_columns=list(terms.clear_columns),
        actions=list(terms.actions),
        rows=terms.rows.model_dump(mode="json", exclude_defaults=True),
        purposes=list(terms.purposes),
        statutory=terms.statutory,
        basis=terms.basis,
        starts_at=terms.starts_at,
        expires_at=terms.expires_at,
        request=request,
        created_at=now,
        created_by=by,
    )
    return written(session, row)


def revoke(session: Session, grant: str, reason: str, now: datetime) -> GrantRow:
    """End a grant with the next request; the reason is kept with it."""
    row = grant_of(session, grant)
    if row.revoked_at is not None:
        raise ConflictError(f"grant {grant} was revoked already, on {row.revoked_at:%Y-%m-%d}")
    if not reason.strip():
        raise ControlError("say why the grant is revoked")
    row.revoked_at, row.revoked_for = now, reason
    return row


def end(session: Session, grant: str | None, reason: str, now: datetime) -> None:
    """Revoke a grant if there is one and it was not revoked before."""
    if grant is not None and grant_of(session, grant).revoked_at is None:
        revoke(session, grant, reason, now)


def grant_of(session: Session, grant: str) -> GrantRow:
    """The grant with this id."""
    return known(session, GrantRow, grant, f"there is no grant {grant}; `civiclake access grant list` shows the ids")


def grants(session: Session) -> Sequence[GrantRow]:
    """All grants, the newest first."""
    return session.scalars(select(GrantRow).order_by(GrantRow.created_at.desc(), GrantRow.id)).all()


def held(session: Session, *, principal: str | None, organisation: str | None, now: datetime) -> Sequence[GrantRow]:
    """Grants that a principal or its organisation has or will have: unrevoked, unexpired, maybe not begun."""
    query = select(GrantRow).where(GrantRow.revoked_at.is_(None), GrantRow.expires_at > now)
    holders = [
        column == holder
        for column, holder in ((GrantRow.principal, principal), (GrantRow.organisation, organisation))
        if holder is not None
    ]
    return session.scalars(query.where(or_(*holders)).order_by(GrantRow.id)).all() if holders else []


def left(session: Session, ended: GrantRow, now: datetime) -> Sequence[GrantRow]:
    """Other grants on the dataset that the holder of an ended one has: of its organisation, or of somebody of it."""
    if ended.principal is not None:
        organisation = principal_of(session, ended.principal).organisation
        rows = held(session, principal=ended.principal, organisation=organisation, now=now)
    else:
        people = select(Principal.id).where(Principal.organisation == ended.organisation)
        theirs = or_(GrantRow.organisation == ended.organisation, GrantRow.principal.in_(people))
        query = select(GrantRow).where(theirs, GrantRow.revoked_at.is_(None), GrantRow.expires_at > now)
        rows = session.scalars(query.order_by(GrantRow.id)).all()
    return [row for row in rows if row.dataset == ended.dataset and row.id != ended.id]


def in_force(row: GrantRow) -> Grant:
    """The grant as the decision takes it."""
    return Grant(
        id=row.id,
        dataset=row.dataset,
        columns=tuple(row.columns),
        clear_columns=tuple(row.clear_columns),
        actions=tuple(row.actions),
        rows=RowScope.model_validate(row.rows),
        purposes=tuple(row.purposes),
        expires_at=row.expires_at,
        statutory=row.statutory,
    )


def _check(terms: GrantTerms, now: datetime, kind: Kind) -> None:
    if not terms.dataset:
        raise ControlError("dataset: name the dataset that is granted")
    if not terms.basis.strip():
        raise ControlError("basis: name the law, duty or agreement that the grant rests on")
    if terms.expires_at <= max(terms.starts_at, now):
        raise ControlError("the grant would end before it begins")
    if kind == "grant" and not (terms.columns or terms.clear_columns):
        raise ControlError("columns: name the columns that are granted")
    if not terms.actions:
        raise ControlError("actions: name what may be done, for example read")
