"""/v1/demands: data that the catalog lacks, asked for, routed to a candidate provider, answered or refused."""

from __future__ import annotations

from functools import partial

from fastapi import APIRouter, Request, Response

from gateway.control.tables.requests import Demand
from gateway.control.workflow import demands
from gateway.control.workflow.applications import Name
from gateway.control.workflow.demands import NewDemand
from gateway.doors.admin.steward import answer
from gateway.doors.deps import only_parameters
from gateway.doors.requests.desk import DeskDep, Reason

router = APIRouter(tags=["asking"])


class DemandMove(Reason):
    """A transition. `organisation` is whom to route to, `dataset` what answers the demand."""

    organisation: Name | None = None
    dataset: Name | None = None


_AS_IT_IS = DemandMove()


@router.post("/v1/demands", status_code=201)
async def raise_demand(body: NewDemand, desk: DeskDep) -> Response:
    """Say what data is missing, and what for."""
    return await desk.file(demands.raise_demand, body, "demands")


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
async def move_demand(case: str, transition: str, desk: DeskDep, body: DemandMove = _AS_IT_IS) -> Response:
    """Make a transition: route, decline, answer, refuse, withdraw."""
    move = partial(demands.move, organisation=body.organisation, dataset=body.dataset)
    return await desk.move(Demand, case, move, transition=transition, reason=body.reason)
