"""/v1/admin/organisations and /v1/admin/principals: who may call."""

from __future__ import annotations

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from catalog.contract.options import Strict, Title
from gateway.control import accounts
from gateway.control.accounts import OrganisationKind, PrincipalKind
from gateway.control.tables.identity import Organisation, Principal
from gateway.doors.admin.steward import OfficeDep

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
async def list_organisations(office: OfficeDep) -> Response:
    """All organisations."""
    return await office.listed("organisations", accounts.organisations)


@router.post("/organisations", status_code=201)
async def add_organisation(body: NewOrganisation, office: OfficeDep) -> Response:
    """Register an organisation; open cases about its data are its to answer from now on."""

    def work(session: Session) -> Organisation:
        title = (body.title.zh, body.title.en)
        row = accounts.add_organisation(
            session,
            code=body.code,
            kind=body.kind,
            title=title,
            divisions=body.divisions,
            now=office.now,
            by=office.by,
        )
        office.hand_over(session, row.code)
        return row

    return await office.done(work, 201)


@router.post("/organisations/{code}/suspend")
async def suspend_organisation(code: str, office: OfficeDep) -> Response:
    """Refuse everybody of the organisation from the next request on."""
    return await office.done(lambda session: accounts.suspend_organisation(session, code, office.now))


@router.post("/organisations/{code}/resume")
async def resume_organisation(code: str, office: OfficeDep) -> Response:
    """Take the suspension of an organisation back; what waited for it meanwhile is its to answer again."""

    def work(session: Session) -> Organisation:
        row = accounts.resume_organisation(session, code)
        office.hand_over(session, code)
        return row

    return await office.done(work)


@router.get("/principals")
async def list_principals(office: OfficeDep) -> Response:
    """All people, systems and stewards."""
    return await office.listed("principals", accounts.principals)


@router.post("/principals", status_code=201)
async def add_principal(body: NewPrincipal, office: OfficeDep) -> Response:
    """Register a person, a system or a steward."""

    def work(session: Session) -> Principal:
        given = body.model_dump(exclude={"id"})
        return accounts.add_principal(session, name=body.id, **given, now=office.now, by=office.by)

    return await office.done(work, 201)


@router.post("/principals/{name}/suspend")
async def suspend_principal(name: str, office: OfficeDep) -> Response:
    """Refuse all its keys, tokens and sessions from the next request on."""
    return await office.done(lambda session: accounts.suspend_principal(session, name, office.now))


@router.post("/principals/{name}/resume")
async def resume_principal(name: str, office: OfficeDep) -> Response:
    """Take the suspension of a person or system back."""
    return await office.done(lambda session: accounts.resume_principal(session, name))


@router.post("/principals/{name}/terms")
async def accept_terms(name: str, body: SignedTerms, office: OfficeDep) -> Response:
    """Record that the terms of use were signed."""
    return await office.done(lambda session: accounts.accept_terms(session, name, body.version, office.now, office.by))
