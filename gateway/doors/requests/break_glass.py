"""/v1/break-glass: stewards ask to see cell values, other stewards confirm; /v1/notices: what happened meanwhile."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from gateway.control.documents import document
from gateway.control.tables.requests import BreakGlass
from gateway.control.workflow import break_glass, cases
from gateway.control.workflow.break_glass import NewBreakGlass
from gateway.control.workflow.people import Person
from gateway.doors.admin.steward import answer
from gateway.doors.deps import only_parameters
from gateway.doors.requests.desk import NO_REASON, DeskDep, Reason

router = APIRouter(tags=["asking"])


@router.post("/v1/break-glass", status_code=201)
async def ask_break_glass(body: NewBreakGlass, desk: DeskDep) -> Response:
    """Ask to see cell values of a dataset for some minutes; nothing opens until a second steward confirms."""
    desk.record.dataset = body.dataset
    return await desk.file(break_glass.ask, body, "break-glass")


@router.get("/v1/break-glass")
async def list_break_glass(request: Request, desk: DeskDep) -> Response:
    """For stewards all of them, for a department those on its own datasets; the newest first."""
    return answer(await desk.listed(request, BreakGlass))


@router.get("/v1/break-glass/{case}")
async def show_break_glass(request: Request, case: str, desk: DeskDep) -> Response:
    """One of them, its steps, and what the caller may do next."""
    only_parameters(request)
    return answer(await desk.shown(BreakGlass, case))


@router.post("/v1/break-glass/{case}/{transition}")
async def move_break_glass(case: str, transition: str, desk: DeskDep, body: Reason = NO_REASON) -> Response:
    """Make a transition: confirm, refuse, withdraw, close."""
    return await desk.move(BreakGlass, case, break_glass.move, transition=transition, reason=body.reason)


@router.get("/v1/notices")
async def list_notices(request: Request, desk: DeskDep) -> Response:
    """The newest notices to the caller, its organisation and, for stewards, the data authority."""
    only_parameters(request)

    def work(session: Session, person: Person) -> dict[str, Any]:
        found = []
        for notice in cases.notices(session, person):
            procedure = desk.ledger.procedure(notice.procedure)
            title = procedure.step_title(notice.name, notice.to_state)
            found.append({**document(notice, desk.ledger.zone), "title": title.model_dump() if title else None})
        return {"notices": found}

    return answer(await desk.look(work))
