"""/v1/releases: the releases that can be read, under today's policy, by their numbers."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.answers.json_rows import dumps
from gateway.doors.deps import CallerDep, ReleaseDep, ServicesDep, only_parameters
from gateway.web.answers import document_answer

router = APIRouter()


@router.api_route("/v1/releases", methods=["GET", "HEAD"])
async def releases(request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep) -> Response:
    """Number and time of every release that can be read, the newest first."""
    only_parameters(request)
    found = [
        {
            "number": manifest.number,
            "published_at": manifest.published_at.isoformat(),
            "current": manifest.number == release.number,
            "links": {"datasets": f"/v1/datasets?release={manifest.number}"},
        }
        for manifest in reversed(await services.shelf.readable())
    ]
    return await document_answer(request, dumps({"releases": found}), cache=services.cache_control(caller.actor))
