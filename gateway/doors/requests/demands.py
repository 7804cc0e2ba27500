"""/v1/demands: data that the catalog lacks, asked for, routed to a candidate provider, answered or refused."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from gateway.control.tables.requests import Demand
from gateway.control.workflow import cases, demands
from gateway.control.workflow.applications import Name
from gateway.control.workflow.course import Step
from gateway.control.workflow.demands import NewDemand
from gateway.control.workflow.people import Person
from gateway.doors.admin.steward import answer
from gateway.doors.deps import only_parameters
from gateway.doors.requests.desk import DeskDep, Reason, filed

router = APIRouter(tags=["asking"])


class DemandMove(Reason):
    """A transition. `organisation` is whom to route to, `dataset` what answers the demand."""

    organisation: Name | None = None
    dataset: Name | None = None


@router.post("/v1/demands", status_code=201)
async def raise_demand(body: NewDemand, desk: DeskDep) -> Response:
    """Say what data is missing, and what for."""

    def work(session: Session, person: Person) -> dict[str, Any]:
        case = demands.raise_demand(session, desk.ledger, body, person)
        return cases.full(session, case, desk.ledger, person)

    return filed(await desk.act(work), "demands")


@router.get("/v1/demands")
async def list_demands(request: Request, desk: DeskDep) -> Response:
    """The demands the caller raised, answers, or as a steward routes; the newest first."""
    return answer(await desk.listed(request, Demand))


@router.get("/v1/demands/{case}")
async def show_demand(request: Request, case: str, desk: DeskDep) -> Response:
    """One demand, its steps, and what the caller may do next."""
    only_parameters(request)
    return answer(await desk.shown(Demand, case))


@router.post("/v1/demands/{case}/{transition}")
async def move_demand(case: str, transition: str, body: DemandMove, desk: DeskDep) -> Response:
    """Make a transition: route, decline, answer, refuse, withdraw."""

    def work(session: Session, person: Person) -> dict[str, Any]:
        found = cases.known(session, desk.ledger, Demand, case, person)
        taken = Step(transition, person, body.reason)
        demands.move(session, desk.ledger, found, taken, organisation=body.organisation, dataset=body.dataset)
        return cases.full(session, found, desk.ledger, person)

    return answer(await desk.act(work))
