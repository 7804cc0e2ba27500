"""/v1/datasets/{id}/aggregate and /distinct: groups of rows with their measures, and the values of one column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from fastapi import APIRouter, Request, Response

from gateway.answers.fields import fields_of
from gateway.answers.forms import Form
from gateway.doors.deps import caller_of, services_of, visible
from gateway.doors.native.deliver import Asked, bom_of, deliver, form_of, kept, place_of, require_fit
from gateway.doors.native.pinned import pinned
from gateway.doors.native.rows import note, page_headers
from gateway.doors.native.settle import pay, protect, settle, summed
from gateway.query.compile_groups import compile_groups, group_order
from gateway.query.grouping import GroupedQuery
from gateway.query.parse import Limits
from gateway.query.parse_groups import parse_distinct, parse_groups
from gateway.view.view import View
from gateway.web.answers import coding_of, unchanged
from gateway.web.conditional import make_etag

router = APIRouter()

_Parse = Callable[[View, Sequence[tuple[str, str]], Limits, int | None], GroupedQuery]


@dataclass(frozen=True)
class _Door:
    """One address: how its parameters are read, and under which member of a JSON page its groups stand."""

    name: str
    parse: _Parse
    member: str
    flat: bool = False


_AGGREGATE = _Door("aggregate", parse_groups, "groups")
_DISTINCT = _Door("distinct", parse_distinct, "values", flat=True)


@router.api_route("/v1/datasets/{dataset}/aggregate", methods=["GET", "HEAD"])
async def aggregate(dataset: str, request: Request) -> Response:
    """Groups and their measures, in the format asked for."""
    return await _answer(request, dataset, form=form_of(request, None), door=_AGGREGATE)


@router.api_route("/v1/datasets/{dataset}/aggregate.{suffix}", methods=["GET", "HEAD"])
async def aggregate_as(dataset: str, suffix: str, request: Request) -> Response:
    """Groups and their measures, in the format that the address ends in."""
    return await _answer(request, dataset, form=form_of(request, suffix), door=_AGGREGATE)


@router.api_route("/v1/datasets/{dataset}/distinct", methods=["GET", "HEAD"])
async def distinct(dataset: str, request: Request) -> Response:
    """The different values of a column."""
    return await _answer(request, dataset, form=form_of(request, None), door=_DISTINCT)


async def _answer(request: Request, dataset: str, *, form: Form, door: _Door) -> Response:
    services, caller = services_of(request), caller_of(request)
    bom = bom_of(request, form)
    release, cursor = await pinned(request, services)
    view = summed(release, caller, dataset)
    whole = form.writer is not None and cursor is None and "limit" not in request.query_params
    default = None if whole else services.settings.default_page_rows
    parameters = request.query_params.multi_items()
    query, basis = settle(release, caller, door.parse(view, parameters, services.query_limits(caller.actor), default))
    require_fit(form, fields_of(query))
    if whole and basis.minimum is None:
        visible(release, caller, dataset, "export")  # groups by every column are the rows: they leave as rows do
    note(request, services, query.names, query.where)
    if cursor is not None:
        query = replace(query, after=place_of(cursor, query.digest, lambda: group_order(query)))
    headers = page_headers(services, caller.actor, release)
    if form.writer is not None:
        headers["Content-Disposition"] = f'attachment; filename="{dataset}.{door.name}.{form.name}"'
    variant = f"{door.name} {form.name} {bom} {coding_of(request)} {query.limit} {basis.name}"
    etag = make_etag(view.edition, query.digest, variant, request.query_params.get("cursor", ""))
    same = unchanged(request, etag, headers)
    if same is not None:
        return same
    await pay(request, services, caller, query, basis)
    again = None if query.limit is None else kept(request, services, headers, etag)
    if again is not None:
        return again
    query = await protect(request, services, query, basis)
    asked = Asked(
        fields=fields_of(query),
        limit=query.limit,
        digest=query.digest,
        release=release.number,
        compile=lambda outputs: compile_groups(query, outputs),
        form=form,
        headers=headers | {"CivicLake-Withheld": str(bool(query.withheld)).lower()},
        limits=services.tier_limits(caller.actor),
        bom=bom,
        rows=door.member,
        flat=door.flat,
        members={
            "dataset": dataset,
            "release": release.number,
            "basis": basis.name,
            "withheld": bool(query.withheld),
        },
    )
    return await deliver(request, services, asked, etag)
