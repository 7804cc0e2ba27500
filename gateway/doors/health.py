"""/healthz: whether this process can answer, and from which release."""

from __future__ import annotations

from fastapi import APIRouter, Response

from gateway.answers.json_rows import MEDIA_TYPE, dumps
from gateway.doors.deps import ServicesDep

router = APIRouter()


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def health(services: ServicesDep) -> Response:
    """`ok`; `behind` when CURRENT names a release that cannot be opened and an older one is served; `waiting`
    (503) before the first release."""
    current = services.shelf.current
    status = "waiting" if current is None else "behind" if services.shelf.behind else "ok"
    document = {"status": status, "release": current.number if current else None}
    return Response(
        dumps(document),
        status_code=503 if current is None else 200,
        media_type=MEDIA_TYPE,
        headers={"Cache-Control": "no-store"},
    )
