"""/v1/corrections: what somebody found wrong in a row, followed by its raiser; the public gets a receipt for it."""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request, Response
from sqlalchemy.orm import Session

from gateway.control.tables.requests import Correction
from gateway.control.workflow import cases, corrections
from gateway.control.workflow.applications import Name
from gateway.control.workflow.corrections import NewCorrection
from gateway.control.workflow.people import Person
from gateway.doors.admin.steward import answer, as_problems
from gateway.doors.deps import ServicesDep, only_parameters
from gateway.doors.requests.desk import Desk, DeskDep, OpenDeskDep, Reason, filed
from gateway.identity.presented import unauthenticated
from gateway.policy.actor import PUBLIC
from gateway.quota.meter import Price

router = APIRouter(tags=["asking"])

RECEIPT_HEADER = "CivicLake-Receipt"
_LONGEST_RECEIPT = 100


class CorrectionMove(Reason):
    """A transition. `organisation` is whom to reroute to, `release` the first one that holds the correction."""

    organisation: Name | None = None
    release: int | None = None


_AS_IT_IS = CorrectionMove()


@router.post("/v1/corrections", status_code=201)
async def raise_correction(request: Request, body: NewCorrection, desk: OpenDeskDep, services: ServicesDep) -> Response:
    """Say what is wrong in a row. Without a credential the answer holds a `receipt`, which is kept nowhere else."""
    desk.record.dataset = body.dataset
    if not desk.public:
        return filed(await desk.act(lambda session, person: _raised(session, desk, body, person)), "corrections")
    price = Price(cost=desk.ledger.procedures.correction.public_cost)
    await services.admission.charge(request, price, services.tier_limits(PUBLIC))

    def work() -> dict[str, Any]:
        # Nobody's rights change, so no other process need look anew: the public cannot make callers slower.
        with desk.identity.store.note() as session:
            return _raised(session, desk, body, None)

    with as_problems():
        return filed(await anyio.to_thread.run_sync(work), "corrections")


@router.get("/v1/corrections")
async def list_corrections(request: Request, desk: DeskDep) -> Response:
    """The corrections the caller raised, answers, or as a steward watches over; the newest first."""
    return answer(await desk.listed(request, Correction))


@router.get("/v1/corrections/{case}")
async def show_correction(request: Request, case: str, desk: OpenDeskDep) -> Response:
    """One correction and its steps, for the parties to it, or for whoever sends its receipt in `CivicLake-Receipt`."""
    only_parameters(request)
    receipt = request.headers.get(RECEIPT_HEADER)
    if receipt is not None:
        return answer(await _by_receipt(desk, case, receipt[:_LONGEST_RECEIPT]))
    if desk.public:
        raise unauthenticated(f"A correction is shown to its parties, or with its receipt in `{RECEIPT_HEADER}`.", None)
    return answer(await desk.shown(Correction, case))


@router.post("/v1/corrections/{case}/{transition}")
async def move_correction(case: str, transition: str, desk: DeskDep, body: CorrectionMove = _AS_IT_IS) -> Response:
    """Make a transition: fix, refuse, reroute, publish, dispute, overturn, uphold, withdraw."""
    move = partial(corrections.move, organisation=body.organisation, release=body.release)
    return await desk.move(Correction, case, move, transition=transition, reason=body.reason)


def _raised(session: Session, desk: Desk, body: NewCorrection, person: Person | None) -> dict[str, Any]:
    raised = corrections.raise_correction(
        session, desk.ledger, body, hasher=desk.identity.hasher, actor=desk.identified.actor, person=person
    )
    if person is not None:
        return cases.full(session, raised.row, desk.ledger, person)
    return {**cases.by_receipt(session, raised.row, desk.ledger), "receipt": raised.receipt}


async def _by_receipt(desk: Desk, case: str, receipt: str) -> dict[str, Any]:
    def work() -> dict[str, Any]:
        with desk.identity.store.read() as session:
            found = corrections.with_receipt(session, desk.identity.hasher, case, receipt)
            return cases.by_receipt(session, found, desk.ledger)

    with as_problems():
        return await anyio.to_thread.run_sync(work)
