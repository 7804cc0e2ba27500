"""/v1/admin/keys, /clients and /delegations: what callers prove themselves with, and what systems may do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy.orm import Session

from catalog.contract.options import Strict
from gateway.control import clients, delegations, keys
from gateway.control.clients import IssuedClient
from gateway.control.credentials import CredentialTerms
from gateway.control.keys import IssuedKey
from gateway.control.tables.identity import Delegation
from gateway.doors.admin.steward import Office, OfficeDep, answer
from gateway.identity.scope import Scope

router = APIRouter(prefix="/v1/admin", tags=["admin"])

_WHOLE = Scope()


class NewKey(Strict):
    """A key to issue; `days` is its lifetime."""

    principal: str
    title: str
    days: int = Field(180, ge=1)
    scope: Scope = _WHOLE

    def terms(self, office: Office) -> CredentialTerms:
        """As the control store takes them; BadValue for a lifetime that is too long, or a name there is not."""
        office.check_names(self.scope)
        return CredentialTerms(self.principal, self.title, self.scope, office.lifetime(self.days))


class NewClient(NewKey):
    """An OAuth client to register; with `public_keys` (a JWK set) it signs instead of knowing a secret."""

    public_keys: dict[str, Any] | None = None


class Rotation(Strict):
    """How long the old key goes on beside the new one, and the new one's lifetime: the old one's unless given."""

    overlap_hours: float = Field(168, ge=0)
    days: int | None = Field(None, ge=1)


_AS_BEFORE = Rotation()


class NewDelegation(Strict):
    """What an organisation lets its system do, for how many days."""

    system: str
    days: int = Field(180, ge=1)
    scope: Scope = _WHOLE


@router.get("/keys")
async def list_keys(office: OfficeDep) -> Response:
    """All keys, without anything that opens a door."""
    return await office.listed("keys", keys.keys)


@router.post("/keys", status_code=201)
async def issue_key(body: NewKey, office: OfficeDep) -> Response:
    """Issue a key. Its text stands in this answer and nowhere else."""
    terms, hasher = body.terms(office), office.identity.hasher
    issued = await office.act(lambda session: keys.issue(session, hasher, terms, now=office.now, by=office.by))
    return _shown(office, issued)


@router.post("/keys/{key}/rotate", status_code=201)
async def rotate_key(key: str, office: OfficeDep, body: Rotation = _AS_BEFORE) -> Response:
    """Issue the successor of a key; the old one goes on for the overlap."""
    lifetime = office.lifetime(body.days) if body.days is not None else None
    longest = timedelta(days=office.services.settings.longest_key_days)
    overlap, hasher = timedelta(hours=body.overlap_hours), office.identity.hasher

    def work(session: Session) -> IssuedKey:
        return keys.rotate(
            session, hasher, key, overlap=overlap, lifetime=lifetime, longest=longest, now=office.now, by=office.by
        )

    return _shown(office, await office.act(work))


@router.post("/keys/{key}/revoke")
async def revoke_key(key: str, office: OfficeDep) -> Response:
    """Refuse a key from the next request on."""
    return await office.done(lambda session: keys.revoke(session, key, office.now))


@router.get("/clients")
async def list_clients(office: OfficeDep) -> Response:
    """All OAuth clients."""
    return await office.listed("clients", clients.clients)


@router.post("/clients", status_code=201)
async def add_client(body: NewClient, office: OfficeDep) -> Response:
    """Register an OAuth client. Its secret, when it has one, stands in this answer and nowhere else."""
    terms, hasher = body.terms(office), office.identity.hasher

    def work(session: Session) -> IssuedClient:
        return clients.add_client(session, hasher, terms, now=office.now, by=office.by, public_keys=body.public_keys)

    issued = await office.act(work)
    return answer({**office.document(issued.row), "client_secret": issued.secret}, 201)


@router.post("/clients/{client}/revoke")
async def revoke_client(client: str, office: OfficeDep) -> Response:
    """Refuse a client and its tokens from the next request on."""
    return await office.done(lambda session: clients.revoke_client(session, client, office.now))


@router.get("/delegations")
async def list_delegations(office: OfficeDep) -> Response:
    """All delegations."""
    return await office.listed("delegations", delegations.delegations)


@router.post("/delegations", status_code=201)
async def delegate(body: NewDelegation, office: OfficeDep) -> Response:
    """Let a system act for its organisation, in place of the delegation before."""
    office.check_names(body.scope)
    now = office.now
    expires = now + office.lifetime(body.days)

    def work(session: Session) -> Delegation:
        return delegations.delegate(
            session, system=body.system, scope=body.scope, expires=expires, now=now, by=office.by
        )

    return await office.done(work, 201)


@router.post("/delegations/{delegation}/revoke")
async def revoke_delegation(delegation: str, office: OfficeDep) -> Response:
    """End a delegation with the next request."""
    return await office.done(lambda session: delegations.revoke_delegation(session, delegation, office.now))


def _shown(office: Office, issued: IssuedKey) -> Response:
    return answer({**office.document(issued.row), "key": issued.text}, 201)
