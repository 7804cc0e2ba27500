"""/v1/datasets/{id}/count: how many rows meet the conditions."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.answers.json_rows import dumps
from gateway.doors.deps import CallerDep, ReleaseDep, ServicesDep
from gateway.doors.native.rows import note
from gateway.doors.native.settle import pay_and_protect, settle, summed
from gateway.doors.native.totals import count_rows, counting, total_asked
from gateway.problems import BadValue
from gateway.query.parse import conditions_and_rest
from gateway.web.answers import document_answer

router = APIRouter()

_RESERVED = ("total", "release")


@router.api_route("/v1/datasets/{dataset}/count", methods=["GET", "HEAD"])
async def count(
    dataset: str, request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep
) -> Response:
    """The number of rows, exact unless counting takes too long; null where it is too small to be told."""
    asked = total_asked(request, "exact")
    if asked == "none":
        raise BadValue("`total`: expected exact or estimate.", parameter="total")
    view = summed(release, caller, dataset)
    parameters = request.query_params.multi_items()
    _, where = conditions_and_rest(view, parameters, _RESERVED, services.query_limits(caller.actor))
    query, basis = settle(release, caller, counting(view, where))
    note(request, services, query.names, where)
    told = await pay_and_protect(request, services, caller, query, basis)
    found = None if told.withheld else await count_rows(request, services, told, asked)
    body = dumps(
        {
            "dataset": dataset,
            "release": release.number,
            "basis": basis.name,
            "withheld": bool(told.withheld),
            "count": found.count if found else None,
            "kind": found.kind if found else None,
        }
    )
    return await document_answer(request, body, cache=services.cache_control(caller.actor))
