"""/open311/v2: a city's service requests for the apps of its residents. Without such a dataset it is not there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from sqlglot import exp

from gateway.doors.deps import Caller, CallerDep, ReleaseDep, ServicesDep, services_of, visible
from gateway.doors.facades.paging import TextPage, headers_of, pay_for_rows, row_texts
from gateway.doors.native.deliver import place_of
from gateway.doors.native.pinned import pinned
from gateway.doors.native.rows import note
from gateway.doors.standards.common import origin_of
from gateway.facades.given import given_once
from gateway.facades.open311 import writing
from gateway.facades.open311.parse import PARAMETERS, Requests, parse_request, parse_requests
from gateway.facades.open311.parse import services as services_query
from gateway.facades.open311.rows import FORMS
from gateway.problems import NotFound, NotPermitted
from gateway.query.compile_groups import compile_groups
from gateway.query.grouping import GroupedQuery
from gateway.query.keyset import total_order
from gateway.query.tree import Query
from gateway.quota.admission import record_of
from gateway.quota.group_cost import group_units
from gateway.quota.meter import Price
from gateway.release.opened import OpenRelease
from gateway.web.answers import body_answer, coding_of, unchanged
from gateway.web.conditional import make_etag
from gateway.web.disconnect import until_disconnect

router = APIRouter()

_PLAIN = ("jurisdiction_id", "release")


@router.api_route("/open311/v2/discovery.{suffix}", methods=["GET", "HEAD"])
async def discovery(suffix: str, request: Request, release: ReleaseDep, caller: CallerDep) -> Response:
    """What the door is."""
    requests = _requests(release, caller, suffix)
    given_once(request.query_params.multi_items(), _PLAIN)
    publisher = requests.view.facts.publisher
    told = writing.discovery(origin_of(request), f"{publisher.zh} {publisher.en}", release.manifest.published_at)
    body = writing.written(suffix, "discovery", "endpoint", told)
    return await _answer(request, caller, release, body, suffix=suffix, digest="discovery", requests=requests)


@router.api_route("/open311/v2/services.{suffix}", methods=["GET", "HEAD"])
async def services(suffix: str, request: Request, release: ReleaseDep, caller: CallerDep) -> Response:
    """The services that requests are for."""
    requests = _requests(release, caller, suffix)
    given_once(request.query_params.multi_items(), _PLAIN)
    query = services_query(requests, services_of(request).query_limits(caller.actor))
    rows, complete = await _groups(request, caller, query)
    found = [writing.service(_parts(requests, query), row) for row in rows]
    by_code = {told["service_code"]: told for told in reversed(found)}  # of several names the first
    body = writing.written(suffix, "services", "service", list(reversed(by_code.values())))
    headers = {"CivicLake-Complete": str(complete).lower()}
    return await _answer(
        request, caller, release, body, suffix=suffix, digest=query.digest, requests=requests, headers=headers
    )


@router.api_route("/open311/v2/services/{code}.{suffix}", methods=["GET", "HEAD"])
async def definition(code: str, suffix: str, request: Request, release: ReleaseDep, caller: CallerDep) -> Response:
    """One service; none has attributes of its own."""
    requests = _requests(release, caller, suffix)
    given_once(request.query_params.multi_items(), _PLAIN)
    query = services_query(requests, services_of(request).query_limits(caller.actor), code)
    rows, _ = await _groups(request, caller, query)
    if not rows:
        raise NotFound("There is no such service.")
    told = {"service_code": code, "attributes": []}
    body = writing.written(suffix, "service_definition", "attribute", told)
    return await _answer(request, caller, release, body, suffix=suffix, digest=query.digest, requests=requests)


@router.api_route("/open311/v2/requests.{suffix}", methods=["GET", "HEAD"])
async def requests_page(suffix: str, request: Request, caller: CallerDep, services: ServicesDep) -> Response:
    """A page of requests, the newest first."""
    release, cursor = await pinned(request, services)
    requests = _requests(release, caller, suffix)
    given = given_once(request.query_params.multi_items(), PARAMETERS)
    limits, settings = services.query_limits(caller.actor), services.settings
    query = parse_requests(requests, given, limits, settings.default_page_rows, settings.max_offset)
    if cursor is not None:
        query = replace(query, after=place_of(cursor, query.digest, lambda: total_order(query)))
    page = await _page(request, caller, release, query, FORMS[suffix].line(requests))
    body = FORMS[suffix].around(page.text)
    headers = {"CivicLake-Complete": str(page.cursor is None).lower()}
    if page.cursor is not None:
        kept = {name: text for name, text in given.items() if name not in ("page", "cursor")}
        headers["Link"] = f'<{request.url.path}?{urlencode(kept | {"cursor": page.cursor})}>; rel="next"'
    return await _answer(
        request, caller, release, body, suffix=suffix, digest=query.digest, requests=requests, headers=headers
    )


@router.api_route("/open311/v2/requests/{number}.{suffix}", methods=["GET", "HEAD"])
async def one_request(number: str, suffix: str, request: Request, release: ReleaseDep, caller: CallerDep) -> Response:
    """One request, in a list as the standard has it."""
    requests = _requests(release, caller, suffix)
    given_once(request.query_params.multi_items(), _PLAIN)
    query = parse_request(requests, number)
    if query is None:
        raise NotFound("There is no such request.")
    page = await _page(request, caller, release, query, FORMS[suffix].line(requests))
    if not page.rows:
        raise NotFound("There is no such request.")
    body = FORMS[suffix].around(page.text)
    return await _answer(request, caller, release, body, suffix=suffix, digest=query.digest, requests=requests)


def _requests(release: OpenRelease, caller: Caller, suffix: str) -> Requests:
    """The dataset of service requests. Raises NotFound alike where there is none, none for the caller, no such form."""
    said = release.catalog.city.open311
    if said is None or suffix not in writing.FORMS:
        raise NotFound()
    try:
        view = visible(release, caller, said.dataset)
    except (NotFound, NotPermitted):
        raise NotFound() from None
    found = Requests(view, said, ZoneInfo(release.catalog.city.timezone))
    if not found.usable:
        raise NotFound()
    return found


def _parts(requests: Requests, query: GroupedQuery) -> list[str]:
    """The parts that the outputs of a query for services are of."""
    by_column = {column.name: part for part, column in reversed(requests.parts.items())}
    return [*(by_column[key.column.name] for key in query.keys), "count"]


async def _page(request: Request, caller: Caller, release: OpenRelease, query: Query, line: exp.Expr) -> TextPage:
    services = services_of(request)
    note(request, services, tuple(column.name for column in query.select), query.where)
    await pay_for_rows(request, services, caller, query)
    return await row_texts(request, services, release.number, query, line)


async def _groups(request: Request, caller: Caller, query: GroupedQuery) -> tuple[list[tuple[Any, ...]], bool]:
    """The services, and whether these are all; every column of them is one whose rows the caller reads."""
    services = services_of(request)
    note(request, services, query.names, query.where)
    price = Price(cost=group_units(query))
    await services.admission.charge(request, price, services.tier_limits(caller.actor))
    statement = compile_groups(query)
    work = services.engine.fetch(statement, services.settings.statement_timeout, caller=request.state.caller)
    found = await until_disconnect(request.receive, work)
    rows = [row[: statement.outputs] for row in found[: query.limit]]
    record_of(request).handed(len(rows))
    return rows, len(rows) == len(found)


async def _answer(
    request: Request,
    caller: Caller,
    release: OpenRelease,
    body: bytes,
    *,
    suffix: str,
    digest: str,
    requests: Requests,
    headers: dict[str, str] | None = None,
) -> Response:
    all_headers = headers_of(services_of(request), caller, release.number) | (headers or {})
    variant = f"open311 {suffix} {origin_of(request)} {request.url.query} {coding_of(request)}"
    etag = make_etag(requests.view.edition, digest, variant)
    same = unchanged(request, etag, all_headers)
    media_type = writing.FORMS[suffix]
    return same or await body_answer(request, body, etag=etag, media_type=media_type, headers=all_headers)
