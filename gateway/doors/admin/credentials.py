"""/v1/admin/keys, /clients and /delegations: what callers prove themselves with, and what systems may do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fastapi import APIRouter, Response
from pydantic import Field

from catalog.contract.options import Strict
from gateway.control import clients, delegations, keys
from gateway.control.documents import document
from gateway.doors.admin.steward import StewardDep, act, answer, look
from gateway.doors.deps import IdentityDep, ServicesDep
from gateway.identity.scope import Scope
from gateway.problems import BadValue
from gateway.services import Services

router = APIRouter(prefix="/v1/admin", tags=["admin"])

_WHOLE = Scope()


class NewKey(Strict):
    """A key to issue; `days` is its lifetime."""

    principal: str
    title: str
    days: int = Field(180, ge=1)
    scope: Scope = _WHOLE


class Rotation(Strict):
    """How long the old key goes on beside the new one, and the new one's lifetime."""

    overlap_hours: float = Field(168, ge=0)
    days: int = Field(180, ge=1)


class NewClient(Strict):
    """An OAuth client to register; with `public_keys` (a JWK set) it signs instead of knowing a secret."""

    principal: str
    title: str
    days: int = Field(180, ge=1)
    scope: Scope = _WHOLE
    public_keys: dict[str, Any] | None = None


class NewDelegation(Strict):
    """What an organisation lets its system do, for how many days."""

    system: str
    days: int = Field(180, ge=1)
    scope: Scope = _WHOLE


@router.get("/keys")
async def list_keys(_steward: StewardDep, identity: IdentityDep) -> Response:
    """All keys, without anything that opens a door."""
    return answer({"keys": [document(row) for row in await look(identity, keys.keys)]})


@router.post("/keys", status_code=201)
async def issue_key(body: NewKey, steward: StewardDep, identity: IdentityDep, services: ServicesDep) -> Response:
    """Issue a key. Its text stands in this answer and nowhere else."""
    issued = await act(
        identity,
        lambda session: keys.issue(
            session,
            identity.hasher,
            principal=body.principal,
            title=body.title,
            scope=body.scope,
            lifetime=_lifetime(services, body.days),
            now=identity.clock(),
            by=steward.actor.id,
        ),
    )
    return answer({**document(issued.row), "key": issued.text}, 201)


@router.post("/keys/{key}/rotate", status_code=201)
async def rotate_key(
    key: str, body: Rotation, steward: StewardDep, identity: IdentityDep, services: ServicesDep
) -> Response:
    """Issue the successor of a key; the old one goes on for the overlap."""
    issued = await act(
        identity,
        lambda session: keys.rotate(
            session,
            identity.hasher,
            key,
            overlap=timedelta(hours=body.overlap_hours),
            lifetime=_lifetime(services, body.days),
            now=identity.clock(),
            by=steward.actor.id,
        ),
    )
    return answer({**document(issued.row), "key": issued.text}, 201)


@router.post("/keys/{key}/revoke")
async def revoke_key(key: str, _steward: StewardDep, identity: IdentityDep) -> Response:
    """Refuse a key from the next request on."""
    return answer(document(await act(identity, lambda session: keys.revoke(session, key, identity.clock()))))


@router.get("/clients")
async def list_clients(_steward: StewardDep, identity: IdentityDep) -> Response:
    """All OAuth clients."""
    return answer({"clients": [document(row) for row in await look(identity, clients.clients)]})


@router.post("/clients", status_code=201)
async def add_client(body: NewClient, steward: StewardDep, identity: IdentityDep, services: ServicesDep) -> Response:
    """Register an OAuth client. Its secret, when it has one, stands in this answer and nowhere else."""
    issued = await act(
        identity,
        lambda session: clients.add_client(
            session,
            identity.hasher,
            principal=body.principal,
            title=body.title,
            scope=body.scope,
            lifetime=_lifetime(services, body.days),
            public_keys=body.public_keys,
            now=identity.clock(),
            by=steward.actor.id,
        ),
    )
    return answer({**document(issued.row), "client_secret": issued.secret}, 201)


@router.post("/clients/{client}/revoke")
async def revoke_client(client: str, _steward: StewardDep, identity: IdentityDep) -> Response:
    """Refuse a client and its tokens from the next request on."""
    row = await act(identity, lambda session: clients.revoke_client(session, client, identity.clock()))
    return answer(document(row))


@router.get("/delegations")
async def list_delegations(_steward: StewardDep, identity: IdentityDep) -> Response:
    """All delegations."""
    return answer({"delegations": [document(row) for row in await look(identity, delegations.delegations)]})


@router.post("/delegations", status_code=201)
async def delegate(body: NewDelegation, steward: StewardDep, identity: IdentityDep, services: ServicesDep) -> Response:
    """Let a system act for its organisation, in place of the delegation before."""
    now = identity.clock()
    row = await act(
        identity,
        lambda session: delegations.delegate(
            session,
            system=body.system,
            scope=body.scope,
            expires=now + _lifetime(services, body.days),
            now=now,
            by=steward.actor.id,
        ),
    )
    return answer(document(row), 201)


@router.post("/delegations/{delegation}/revoke")
async def revoke_delegation(delegation: str, _steward: StewardDep, identity: IdentityDep) -> Response:
    """End a delegation with the next request."""
    row = await act(identity, lambda session: delegations.revoke_delegation(session, delegation, identity.clock()))
    return answer(document(row))


def _lifetime(services: Services, days: int) -> timedelta:
    longest = services.settings.longest_key_days
    if days > longest:
        raise BadValue(f"`days`: at most {longest}.")
    return timedelta(days=days)
