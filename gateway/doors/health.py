"""/healthz: whether this process can answer, and from which release."""

from __future__ import annotations

from fastapi import APIRouter, Response

from gateway.answers.json_rows import MEDIA_TYPE, dumps
from gateway.doors.deps import ServicesDep
from gateway.services import Services

router = APIRouter()


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def health(services: ServicesDep) -> Response:
    """`ok`; `behind` when the newest release, policy or list of withdrawn rows cannot be used and
    an older one is; `closed` without a policy, when everything is denied; `waiting` (503) before the first release."""
    current = services.shelf.current
    status = _status(services)
    document = {"status": status, "release": current.number if current else None}
    return Response(
        dumps(document),
        status_code=503 if current is None else 200,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store"},
    )


def _status(services: Services) -> str:
    if services.shelf.current is None:
        return "waiting"
    if services.shelf.behind or services.policies.behind or services.withdrawals.behind:
        return "behind"
    return "ok" if services.policies.current is not None else "closed"
