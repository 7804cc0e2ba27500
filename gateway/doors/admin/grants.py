"""/v1/admin/grants: a steward's direct grants. Break-glass needs a second person and has a way of its own."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime
from sqlalchemy.orm import Session

from catalog.contract.options import Strict
from catalog.policy.model import Action, RowScope
from gateway.control import grants
from gateway.control.errors import ConflictError
from gateway.control.tables.grants import GrantRow
from gateway.control.workflow import revocation
from gateway.control.workflow.ledger import Ledger
from gateway.control.workflow.people import person_named
from gateway.doors.admin.steward import OfficeDep

router = APIRouter(prefix="/v1/admin", tags=["admin"])

_ALL_ROWS = RowScope()


class NewGrant(Strict):
    """A grant to one principal or one organisation; `basis` names the law, duty or agreement it rests on."""

    dataset: str
    principal: str | None = None
    organisation: str | None = None
    columns: tuple[str, ...] = ()
    clear_columns: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ("read",)
    rows: RowScope = _ALL_ROWS
    purposes: tuple[str, ...] = ()
    statutory: bool = False
    basis: str
    starts_at: AwareDatetime | None = None
    expires_at: AwareDatetime


class Revocation(Strict):
    """Why a grant ends."""

    reason: str


@router.get("/grants")
async def list_grants(office: OfficeDep) -> Response:
    """All grants, ended ones too."""
    return await office.listed("grants", grants.grants)


@router.post("/grants", status_code=201)
async def add_grant(body: NewGrant, office: OfficeDep) -> Response:
    """Grant."""
    now, policy = office.now, office.services.policies.current
    terms = _terms(body, now)

    def work(session: Session) -> GrantRow:
        to, org = body.principal, body.organisation
        return grants.add(session, terms, principal=to, organisation=org, now=now, by=office.by, policy=policy)

    return await office.done(work, 201)


@router.post("/grants/{grant}/revoke")
async def revoke_grant(grant: str, body: Revocation, office: OfficeDep, request: Request) -> Response:
    """End a grant with the next request, and with it the case it came of."""
    release, policy = request.state.lease.release, office.services.policies.current

    def ledger() -> Ledger:
        if release is None or policy is None:
            raise ConflictError("the grant came of a case, which nothing published can be held against now")
        return Ledger(policy, release.catalog, office.now, release.number)

    def work(session: Session) -> GrantRow:
        person = person_named(session, office.by)
        return revocation.revoke(session, grant, body.reason, person=person, now=office.now, ledger=ledger)

    return await office.done(work)


def _terms(body: NewGrant, now: datetime) -> grants.GrantTerms:
    return grants.GrantTerms(
        dataset=body.dataset,
        columns=body.columns,
        clear_columns=body.clear_columns,
        actions=body.actions,
        rows=body.rows,
        purposes=body.purposes,
        statutory=body.statutory,
        basis=body.basis,
        starts_at=body.starts_at or now,
        expires_at=body.expires_at,
    )
