"""/v1/admin/overdue and /v1/admin/withdrawals: what waits too long, and which rows stewards ordered out of sight."""

from __future__ import annotations

from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from gateway.control.workflow import cases
from gateway.doors.admin.steward import OfficeDep, answer, within
from gateway.problems import NotPermitted
from gateway.withdrawal import manual

router = APIRouter(prefix="/v1/admin", tags=["admin"])


@router.get("/overdue")
async def overdue(office: OfficeDep) -> Response:
    """Cases of every kind whose time limit has passed, the longest overdue first; `procedure` says of which kind."""
    ledger = office.ledger
    if ledger is None:
        raise NotPermitted("No policy with procedures is in force, so nothing can be asked for.")
    await anyio.to_thread.run_sync(cases.catch_up, office.identity.store, ledger)

    def look(session: Session) -> list[dict[str, Any]]:
        return [{"procedure": case.procedure, **cases.summary(case, ledger)} for case in cases.overdue(session, ledger)]

    return answer({"cases": await within(office.identity.store.read, look)})


@router.get("/withdrawals")
async def withdrawals(office: OfficeDep) -> Response:
    """All orders to withdraw a row, the newest first, lifted ones included."""
    return await office.listed("withdrawals", manual.withdrawals)
