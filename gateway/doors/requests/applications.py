"""/v1/requests: applications for data, from filing to the end of the grant; /v1/grants: grants as ODRL agreements."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from catalog.policy.model import RowScope
from gateway.answers.json_rows import dumps
from gateway.control import odrl
from gateway.control.errors import UnknownError
from gateway.control.tables.grants import GrantRow
from gateway.control.tables.requests import Application
from gateway.control.workflow import applications
from gateway.control.workflow.applications import Names, Narrowing, NewApplication
from gateway.control.workflow.people import Person
from gateway.doors.admin.steward import answer
from gateway.doors.deps import only_parameters
from gateway.doors.requests.desk import DeskDep, Reason

router = APIRouter(tags=["asking"])


class ApplicationMove(Reason):
    """A transition. Who approves, or overturns a refusal, may grant less than was asked for."""

    columns: Names | None = None
    clear_columns: Names | None = None
    rows: RowScope | None = None
    term_to: date | None = None


_AS_IT_IS = ApplicationMove()


@router.post("/v1/requests", status_code=201)
async def file_application(body: NewApplication, desk: DeskDep) -> Response:
    """Apply for columns and rows of a dataset, in the name of the caller's organisation when it has one."""
    desk.record.dataset = body.dataset
    return await desk.file(applications.file, body, "requests")


@router.get("/v1/requests")
async def list_applications(request: Request, desk: DeskDep) -> Response:
    """The applications the caller made, answers for, or as a steward reviews; the newest first."""
    return answer(await desk.listed(request, Application))


@router.get("/v1/requests/{case}")
async def show_application(request: Request, case: str, desk: DeskDep) -> Response:
    """One application, its steps, and what the caller may do next."""
    only_parameters(request)
    return answer(await desk.shown(Application, case))


@router.post("/v1/requests/{case}/{transition}")
async def move_application(case: str, transition: str, desk: DeskDep, body: ApplicationMove = _AS_IT_IS) -> Response:
    """Make a transition: comply, reject, approve, refuse, dispute, overturn, uphold, withdraw, revoke, relinquish."""
    narrowing = Narrowing(columns=body.columns, clear_columns=body.clear_columns, rows=body.rows, term_to=body.term_to)
    move = partial(applications.move, narrowing=narrowing)
    return await desk.move(Application, case, move, transition=transition, reason=body.reason)


@router.get("/v1/grants/{grant}")
async def show_grant(request: Request, grant: str, desk: DeskDep) -> Response:
    """A grant as an ODRL agreement: for its holder, for who answers for the dataset, and for stewards."""
    only_parameters(request)

    def work(session: Session, person: Person) -> dict[str, Any]:
        row = session.get(GrantRow, grant)
        owner = desk.ledger.owner(row.dataset) if row is not None else None
        if row is None or row.kind != "grant" or not _concerns(row, owner, person):
            raise UnknownError("there is no such grant")
        return odrl.agreement(row, owner, desk.ledger.zone)

    body = dumps(await desk.look(work))
    return Response(body, headers={"Cache-Control": "no-store"}, media_type=odrl.MEDIA_TYPE)


def _concerns(row: GrantRow, owner: str | None, person: Person) -> bool:
    home = person.organisation
    return person.steward or person.id == row.principal or (home is not None and home in (row.organisation, owner))
