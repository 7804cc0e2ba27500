"""/v1/datasets/{id}/rows/cost: what a query would take from the caller's quota, without running it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Request, Response

from gateway.answers.forms import FORMS
from gateway.answers.json_rows import dumps
from gateway.doors.deps import CallerDep, ReleaseDep, ServicesDep, visible
from gateway.problems import BadValue
from gateway.query.parse import parse_query
from gateway.quota.cost import estimate
from gateway.web.answers import document_answer

router = APIRouter()


@router.api_route("/v1/datasets/{dataset}/rows/cost", methods=["GET", "HEAD"])
async def cost(
    dataset: str, request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep
) -> Response:
    """The estimate for the same parameters at /rows; without `limit` every format but JSON means every row."""
    form = request.query_params.get("format", "json")
    if form not in FORMS:
        raise BadValue(f"`format`: expected one of {', '.join(FORMS)}.", parameter="format")
    whole = FORMS[form].writer is not None and "limit" not in request.query_params
    view = visible(release, caller, dataset, "export" if whole else "read")
    parameters = request.query_params.multi_items()
    default = None if whole else services.settings.default_page_rows
    query = parse_query(view, parameters, services.query_limits(caller.actor), default)
    found = asdict(estimate(query))
    limits = services.tier_limits(caller.actor)
    quota: dict[str, Any] | None = None
    if limits is not None:
        quota = {"cost_per_minute": limits.cost_per_minute, "requests_per_minute": limits.requests_per_minute}
    body = dumps({"dataset": dataset, "release": release.number, **found, "quota": quota})
    return await document_answer(request, body, cache=services.cache_control(caller.actor))
