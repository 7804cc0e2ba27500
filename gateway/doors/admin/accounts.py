"""/v1/admin/organisations and /v1/admin/principals: who may call."""

from __future__ import annotations

from fastapi import APIRouter, Response

from catalog.contract.options import Strict, Title
from gateway.control import accounts
from gateway.control.accounts import OrganisationKind, PrincipalKind
from gateway.control.documents import document
from gateway.doors.admin.steward import StewardDep, act, answer, look
from gateway.doors.deps import IdentityDep

router = APIRouter(prefix="/v1/admin", tags=["admin"])


class NewOrganisation(Strict):
    """An organisation to register: a department by its code in the city's vocabulary, or a body outside it."""

    code: str
    kind: OrganisationKind = "department"
    title: Title
    divisions: tuple[str, ...] = ()


class NewPrincipal(Strict):
    """A person, system or steward to register. The tier follows from kind and organisation."""

    id: str
    kind: PrincipalKind
    title: str
    organisation: str | None = None
    divisions: tuple[str, ...] = ()
    login: str | None = None


class SignedTerms(Strict):
    """The version of the terms of use that was signed."""

    version: str


@router.get("/organisations")
async def list_organisations(_steward: StewardDep, identity: IdentityDep) -> Response:
    """All organisations."""
    rows = await look(identity, accounts.organisations)
    return answer({"organisations": [document(row) for row in rows]})


@router.post("/organisations", status_code=201)
async def add_organisation(body: NewOrganisation, steward: StewardDep, identity: IdentityDep) -> Response:
    """Register an organisation."""
    row = await act(
        identity,
        lambda session: accounts.add_organisation(
            session,
            code=body.code,
            kind=body.kind,
            title=(body.title.zh, body.title.en),
            divisions=body.divisions,
            now=identity.clock(),
            by=steward.actor.id,
        ),
    )
    return answer(document(row), 201)


@router.post("/organisations/{code}/suspend")
async def suspend_organisation(code: str, _steward: StewardDep, identity: IdentityDep) -> Response:
    """Refuse everybody of the organisation from the next request on."""
    row = await act(identity, lambda session: accounts.suspend_organisation(session, code, identity.clock()))
    return answer(document(row))


@router.post("/organisations/{code}/resume")
async def resume_organisation(code: str, _steward: StewardDep, identity: IdentityDep) -> Response:
    """Take the suspension of an organisation back."""
    return answer(document(await act(identity, lambda session: accounts.resume_organisation(session, code))))


@router.get("/principals")
async def list_principals(_steward: StewardDep, identity: IdentityDep) -> Response:
    """All people, systems and stewards."""
    rows = await look(identity, accounts.principals)
    return answer({"principals": [document(row) for row in rows]})


@router.post("/principals", status_code=201)
async def add_principal(body: NewPrincipal, steward: StewardDep, identity: IdentityDep) -> Response:
    """Register a person, a system or a steward."""
    row = await act(
        identity,
        lambda session: accounts.add_principal(
            session,
            name=body.id,
            kind=body.kind,
            title=body.title,
            organisation=body.organisation,
            divisions=body.divisions,
            login=body.login,
            now=identity.clock(),
            by=steward.actor.id,
        ),
    )
    return answer(document(row), 201)


@router.post("/principals/{name}/suspend")
async def suspend_principal(name: str, _steward: StewardDep, identity: IdentityDep) -> Response:
    """Refuse all its keys, tokens and sessions from the next request on."""
    row = await act(identity, lambda session: accounts.suspend_principal(session, name, identity.clock()))
    return answer(document(row))


@router.post("/principals/{name}/resume")
async def resume_principal(name: str, _steward: StewardDep, identity: IdentityDep) -> Response:
    """Take the suspension of a person or system back."""
    return answer(document(await act(identity, lambda session: accounts.resume_principal(session, name))))


@router.post("/principals/{name}/terms")
async def accept_terms(name: str, body: SignedTerms, steward: StewardDep, identity: IdentityDep) -> Response:
    """Record that the terms of use were signed."""
    row = await act(
        identity,
        lambda session: accounts.accept_terms(session, name, body.version, identity.clock(), steward.actor.id),
    )
    return answer(document(row))
