"""/odata: datasets as entity sets of OData v4, read by Excel, Power BI and other programs for tables."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response
from sqlglot import exp

from gateway.answers.json_rows import dumps
from gateway.doors.deps import Caller, CallerDep, ReleaseDep, ServicesDep, visible
from gateway.doors.facades.accepted import require_accepted
from gateway.doors.facades.paging import exact_total, headers_of, pay_for_rows, row_texts, text_page
from gateway.doors.native.deliver import place_of
from gateway.doors.native.pinned import pinned
from gateway.doors.native.rows import note
from gateway.doors.native.settle import pay_and_protect, settle, summed
from gateway.doors.standards.common import origin_of
from gateway.facades.given import given_once
from gateway.facades.odata import model
from gateway.facades.odata.apply import parse_groups
from gateway.facades.odata.model import Written
from gateway.facades.odata.parse import Bounds, Wanted, options, parse_key, parse_rows, wanted
from gateway.problems import BadValue, NotFound, QueryTimeout
from gateway.query.compile_groups import compile_groups, group_order
from gateway.query.cursor import Cursor
from gateway.query.keyset import total_order
from gateway.query.tree import Query
from gateway.release.opened import OpenRelease
from gateway.services import Services
from gateway.view.view import View
from gateway.web.answers import body_answer, coding_of, document_answer, unchanged
from gateway.web.conditional import make_etag

router = APIRouter()

_JSON = "application/json;odata.metadata=minimal;odata.streaming=true"
_OFFERED = ("application/json",)
_PLAIN = ("$format", "release")
_QUOTED = "IEEE754Compatible=true"
_VERSION = {"OData-Version": "4.0"}
_ADDRESS = re.compile(r"([a-z][a-z0-9_]*)(?:\((.*)\))?", re.DOTALL)
_PAGE = re.compile(r"(?:^|[,;\s])(?:odata\.)?maxpagesize=([0-9]{1,9})(?:$|[,;\s])")
_KEPT = ("$filter", "$select", "$orderby", "$apply", "$search", "$format", "release")


@router.api_route("/odata/", methods=["GET", "HEAD"])
@router.api_route("/odata", methods=["GET", "HEAD"])
async def service(request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep) -> Response:
    """The service document."""
    options(request.query_params.multi_items(), _PLAIN)
    require_accepted(request, _OFFERED, "$format")
    body = dumps(model.service(_views(release, caller), _root(request)))
    return await _document(request, services, caller, body, _JSON)


@router.api_route("/odata/$metadata", methods=["GET", "HEAD"])
async def metadata(request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep) -> Response:
    """The entity model in XML, or in JSON for who asks for that."""
    given = given_once(request.query_params.multi_items(), _PLAIN)
    accepted = require_accepted(request, ("application/xml", *_OFFERED), "$format")
    form = given.get("$format", accepted).partition(";")[0].removeprefix("application/")
    if form not in ("xml", "json"):
        raise BadValue("`$format`: expected xml or json.", parameter="$format")
    views = _views(release, caller)
    if form == "xml":
        return await _document(request, services, caller, model.metadata_xml(views), "application/xml")
    return await _document(request, services, caller, dumps(model.metadata_json(views)), "application/json")


@router.api_route("/odata/{dataset}", methods=["GET", "HEAD"])
async def entities(dataset: str, request: Request, caller: CallerDep, services: ServicesDep) -> Response:
    """Entities of a set, groups of them, or one by its key."""
    name, key = _named(dataset)
    given = options(request.query_params.multi_items())
    require_accepted(request, _OFFERED, "$format")
    if key is not None:
        return await _entity(request, services, caller, name, key=key)
    release, cursor = await _pinned(request, services, given)
    if "$apply" in given:
        return await _groups(request, services, caller, name, release=release, cursor=cursor, given=given)
    view, bounds = visible(release, caller, name), _bounds(request, services, caller, release)
    asked, query = wanted(given, bounds), parse_rows(view, given, bounds)
    if cursor is not None:
        query = replace(query, after=place_of(cursor, query.digest, lambda: total_order(query)))
    note(request, services, tuple(column.name for column in query.select), query.where)
    headers = _headers(request, services, caller, release)
    etag = _etag(request, view, query.digest)
    same = unchanged(request, etag, headers)
    if same is not None:
        return same
    fields = tuple(Written(column.name, column) for column in query.select)
    head: dict[str, Any] = {"@odata.context": _context(request, name, given, fields)}
    if asked.count:
        found = await _counted(request, services, caller, query)
        head["@odata.count"] = str(found) if _quoted(request) else found
    if asked.top == 0:
        return await body_answer(request, _page(head, b"", None), etag=etag, media_type=_json(request), headers=headers)
    await pay_for_rows(request, services, caller, query)
    page = await row_texts(request, services, release.number, query, _line(request, fields, release))
    onwards = _onwards(request, given, asked, page.cursor, page.rows)
    return await body_answer(
        request, _page(head, page.text, onwards), etag=etag, media_type=_json(request), headers=headers
    )


@router.api_route("/odata/{dataset}/$count", methods=["GET", "HEAD"])
async def count(
    dataset: str, request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep
) -> Response:
    """The number of entities, as text."""
    given = options(request.query_params.multi_items(), ("$filter", "$search", "release"))
    view, bounds = visible(release, caller, dataset), _bounds(request, services, caller, release)
    query = parse_rows(view, given, bounds)
    note(request, services, (), query.where)
    body = str(await _counted(request, services, caller, query)).encode()
    return await _document(request, services, caller, body, "text/plain; charset=utf-8")


async def _entity(request: Request, services: Services, caller: Caller, dataset: str, *, key: str) -> Response:
    given = options(request.query_params.multi_items(), (*_PLAIN, "$select"))
    release, _ = await _pinned(request, services, given)
    view = visible(release, caller, dataset)
    query = parse_key(view, key, given, _bounds(request, services, caller, release))
    note(request, services, tuple(column.name for column in query.select), query.where)
    fields = tuple(Written(column.name, column) for column in query.select)
    await pay_for_rows(request, services, caller, query)
    page = await row_texts(request, services, release.number, query, _line(request, fields, release))
    if not page.rows:
        raise NotFound("There is no such entity.")
    headers, etag = _headers(request, services, caller, release), _etag(request, view, query.digest)
    same = unchanged(request, etag, headers)
    if same is not None:
        return same
    context = dumps({"@odata.context": f"{_context(request, dataset, given, fields)}/$entity"})
    return await body_answer(
        request, context[:-1] + b"," + page.text[2:], etag=etag, media_type=_json(request), headers=headers
    )


async def _groups(
    request: Request,
    services: Services,
    caller: Caller,
    dataset: str,
    *,
    release: OpenRelease,
    cursor: Cursor | None,
    given: Mapping[str, str],
) -> Response:
    """What `$apply` asks for. A group that is too small to be told is left out, and the answer says so."""
    refused = [name for name in ("$select", "$search", "$count") if name in given]
    if refused:
        raise BadValue(f"`{refused[0]}` does not go with `$apply`.", parameter=refused[0])
    bounds = _bounds(request, services, caller, release)
    grouped = parse_groups(summed(release, caller, dataset), given, bounds)
    asked = wanted(given, bounds)
    query, basis = settle(release, caller, grouped.query)
    note(request, services, query.names, query.where)
    if cursor is not None:
        query = replace(query, after=place_of(cursor, query.digest, lambda: group_order(query)))
    headers = _headers(request, services, caller, release)
    etag = _etag(request, query.view, f"{query.digest} {basis.name}")
    same = unchanged(request, etag, headers)
    if same is not None:
        return same
    told = await pay_and_protect(request, services, caller, query, basis)
    fields = grouped.fields(told)
    statement = compile_groups(told, [_line(request, fields, release)])
    page = await text_page(request, services, release.number, statement, told)
    context = f"{_root(request)}/$metadata#{dataset}({','.join(field.name for field in fields)})"
    head = {"@odata.context": context, "@CivicLake.basis": basis.name, "@CivicLake.withheld": bool(told.withheld)}
    rows, onwards = page.text, _onwards(request, given, asked, page.cursor, page.rows)
    if asked.top == 0:
        rows, onwards = b"", None
    return await body_answer(request, _page(head, rows, onwards), etag=etag, media_type=_json(request), headers=headers)


def _views(release: OpenRelease, caller: Caller) -> list[View]:
    return [view for view in release.views(caller.actor, caller.purpose) if view.readable]


def _named(address: str) -> tuple[str, str | None]:
    found = _ADDRESS.fullmatch(address)
    if found is None:
        raise NotFound("There is no such dataset.")
    return found[1], found[2]


async def _pinned(request: Request, services: Services, given: Mapping[str, str]) -> tuple[OpenRelease, Cursor | None]:
    place = {"cursor": given["$skiptoken"]} if "$skiptoken" in given else {}
    return await pinned(request, services, place | ({"release": given["release"]} if "release" in given else {}))


def _bounds(request: Request, services: Services, caller: Caller, release: OpenRelease) -> Bounds:
    """A page is as large as it may be, unless the caller prefers smaller ones."""
    limits = services.query_limits(caller.actor)
    preferred = _preferred(request)
    page = limits.max_rows if preferred is None else min(preferred, limits.max_rows)
    return Bounds(limits, page, services.settings.max_offset, ZoneInfo(release.catalog.city.timezone))


def _preferred(request: Request) -> int | None:
    found = _PAGE.search(request.headers.get("prefer", ""))
    return max(int(found[1]), 1) if found else None


def _headers(request: Request, services: Services, caller: Caller, release: OpenRelease) -> dict[str, str]:
    found = headers_of(services, caller, release.number) | _VERSION
    found["Vary"] = f"{found['Vary']}, Prefer"
    preferred = _preferred(request)
    return found if preferred is None else found | {"Preference-Applied": f"odata.maxpagesize={preferred}"}


def _etag(request: Request, view: View, digest: str) -> str:
    variant = f"odata {_root(request)} {request.url.query} {_preferred(request)} {_json(request)} {coding_of(request)}"
    return make_etag(view.edition, digest, variant)


def _root(request: Request) -> str:
    return f"{origin_of(request)}{model.ROOT}"


def _context(request: Request, dataset: str, given: Mapping[str, str], fields: tuple[Written, ...]) -> str:
    chosen = f"({','.join(field.name for field in fields)})" if "$select" in given else ""
    return f"{_root(request)}/$metadata#{dataset}{chosen}"


def _line(request: Request, fields: tuple[Written, ...], release: OpenRelease) -> exp.Expr:
    return model.line(fields, release.catalog.city.timezone, quoted=_quoted(request))


def _quoted(request: Request) -> bool:
    """Whether the caller's numbers are floats, so that long ones must be texts."""
    asked = f"{request.query_params.get('$format', '')};{request.headers.get('accept', '')}"
    return _QUOTED.lower() in asked.lower()


def _json(request: Request) -> str:
    return f"{_JSON};{_QUOTED}" if _quoted(request) else _JSON


async def _counted(request: Request, services: Services, caller: Caller, query: Query) -> int:
    """The number of entities that meet the conditions. An estimate would be taken for it, so there is none."""
    found = await exact_total(request, services, caller, query)
    if found is None:
        raise QueryTimeout("To count so many takes too long.")
    return found


def _onwards(request: Request, given: Mapping[str, str], asked: Wanted, cursor: str | None, rows: int) -> str | None:
    """Address of the page after this one, of what is left of `$top`."""
    left = None if asked.top is None else asked.top - rows
    if cursor is None or left == 0:
        return None
    kept = {name: given[name] for name in _KEPT if name in given}
    kept |= {} if left is None else {"$top": str(left)}
    query = urlencode(kept | {"$skiptoken": cursor}, quote_via=quote, safe="$")
    return f"{origin_of(request)}{request.url.path}?{query}"


def _page(head: dict[str, Any], entities: bytes, onwards: str | None) -> bytes:
    end = b"]}" if onwards is None else b'],"@odata.nextLink":' + dumps(onwards) + b"}"
    return dumps(head)[:-1] + b',"value":[' + entities[1:] + end


async def _document(request: Request, services: Services, caller: Caller, body: bytes, media_type: str) -> Response:
    cache = services.cache_control(caller.actor)
    answer = await document_answer(request, body, media_type=media_type, cache=cache)
    answer.headers.update(_VERSION)
    return answer
