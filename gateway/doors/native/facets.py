"""/v1/datasets/{id}/facets: the most frequent values of several columns, with how many rows have them."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response

from gateway.answers.json_rows import dumps
from gateway.doors.deps import CallerDep, ReleaseDep, ServicesDep
from gateway.doors.native.rows import note
from gateway.doors.native.settle import pay_and_protect, settle, summed
from gateway.query.compile_groups import compile_groups
from gateway.query.parse_groups import parse_facets
from gateway.quota.admission import record_of
from gateway.web.answers import document_answer
from gateway.web.disconnect import until_disconnect

router = APIRouter()


@router.api_route("/v1/datasets/{dataset}/facets", methods=["GET", "HEAD"])
async def facets(
    dataset: str, request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep
) -> Response:
    """For each column its most frequent values; `complete` is true where it has no others."""
    view, settings = summed(release, caller, dataset), services.settings
    parameters = request.query_params.multi_items()
    asked = parse_facets(view, parameters, services.query_limits(caller.actor), settings.max_facets)
    settled = [settle(release, caller, query) for query in asked.queries(view)]
    note(request, services, tuple(dict.fromkeys(name for query, _ in settled for name in query.names)), asked.where)
    found: list[dict[str, Any]] = []
    for query, basis in settled:
        told = await pay_and_protect(request, services, caller, query, basis)
        work = services.engine.fetch(compile_groups(told), settings.statement_timeout, caller=request.state.caller)
        groups = [row[:2] for row in await until_disconnect(request.receive, work)]
        record_of(request).handed(len(groups[: asked.top]))
        found.append(
            {
                "column": told.keys[0].name,
                "basis": basis.name,
                "withheld": bool(told.withheld),
                "complete": len(groups) <= asked.top,
                "values": [{"value": value, "count": count} for value, count in groups[: asked.top]],
            }
        )
    body = dumps({"dataset": dataset, "release": release.number, "facets": found})
    return await document_answer(request, body, cache=services.cache_control(caller.actor))
