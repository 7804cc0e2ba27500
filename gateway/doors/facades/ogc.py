"""/ogc: datasets as OGC API Features, read by QGIS, GDAL and other programs for maps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Request, Response

from gateway.answers.json_rows import dumps
from gateway.doors.deps import Caller, CallerDep, ReleaseDep, ServicesDep, only_parameters, services_of, visible
from gateway.doors.facades.accepted import ogc_accepted
from gateway.doors.facades.paging import exact_total, headers_of, pay_for_rows, row_texts
from gateway.doors.native.deliver import place_of
from gateway.doors.native.pinned import pinned
from gateway.doors.native.rows import note
from gateway.doors.standards.common import origin_of, site_of
from gateway.facades.identity import found_by
from gateway.facades.ogc import features, site
from gateway.facades.ogc.openapi import interface
from gateway.facades.ogc.parse import CRS84, Clock, parse_items, require_json
from gateway.facades.ogc.records import records_collection
from gateway.facades.ogc.times import time_column
from gateway.problems import NotFound
from gateway.query.cursor import Cursor
from gateway.query.keyset import total_order
from gateway.query.tree import Query
from gateway.release.opened import OpenRelease
from gateway.services import Services
from gateway.view.view import View
from gateway.web.answers import body_answer, coding_of, document_answer, unchanged
from gateway.web.conditional import make_etag

router = APIRouter(dependencies=[Depends(ogc_accepted)])

_DOCUMENT = ("f", "release")
_CRS = f"<{CRS84}>"


@router.api_route("/ogc/", methods=["GET", "HEAD"])
@router.api_route("/ogc", methods=["GET", "HEAD"])
async def landing(request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep) -> Response:
    """The landing page."""
    _only_json(request)
    city = release.catalog.city
    title, publisher = f"{city.title.zh} {city.title.en}", f"{city.publisher.zh} {city.publisher.en}"
    return await _document(request, services, caller, site.landing(title, publisher, origin_of(request)))


@router.api_route("/ogc/conformance", methods=["GET", "HEAD"])
async def conformance(request: Request, caller: CallerDep, services: ServicesDep) -> Response:
    """The conformance classes."""
    _only_json(request)
    return await _document(request, services, caller, {"conformsTo": site.CONFORMANCE})


@router.api_route("/ogc/api", methods=["GET", "HEAD"])
async def api(request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep) -> Response:
    """The addresses below /ogc in OpenAPI 3.0, as the standard has it."""
    _only_json(request)
    title = f"{release.catalog.city.title.zh} {release.catalog.city.title.en}"
    limits = services.query_limits(caller.actor)
    document = interface(
        _views(release, caller), f"{origin_of(request)}{site.ROOT}", title, str(release.number), limits
    )
    return await _document(request, services, caller, document, media_type=site.OPENAPI)


@router.api_route("/ogc/collections", methods=["GET", "HEAD"])
async def collections(request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep) -> Response:
    """Every dataset whose rows the caller may read, and the catalogue."""
    _only_json(request)
    place = site_of(request, release)
    found = [records_collection(place), *(features.collection(view, place) for view in _views(release, caller))]
    return await _document(request, services, caller, features.collections(found, place.origin))


@router.api_route("/ogc/collections/{dataset}", methods=["GET", "HEAD"])
async def collection(
    dataset: str, request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep
) -> Response:
    """One dataset as a collection."""
    _only_json(request)
    view = visible(release, caller, dataset)
    return await _document(request, services, caller, features.collection(view, site_of(request, release)))


@router.api_route("/ogc/collections/{dataset}/queryables", methods=["GET", "HEAD"])
async def queryables(
    dataset: str, request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep
) -> Response:
    """What filters of a collection may name."""
    _only_json(request)
    document = features.queryables(visible(release, caller, dataset), origin_of(request))
    return await _document(request, services, caller, document, media_type=site.SCHEMA)


@router.api_route("/ogc/collections/{dataset}/items", methods=["GET", "HEAD"])
async def items(dataset: str, request: Request, caller: CallerDep, services: ServicesDep) -> Response:
    """A page of features."""
    release, cursor = await pinned(request, services)
    view = visible(release, caller, dataset)
    limits, default = services.query_limits(caller.actor), services.settings.default_page_rows
    named = release.datasets[dataset].entry.scope.time
    clock = Clock(ZoneInfo(release.catalog.city.timezone), time_column(view, named))
    query = parse_items(view, request.query_params.multi_items(), limits, default, clock)
    if cursor is not None:
        query = replace(query, after=place_of(cursor, query.digest, lambda: total_order(query)))
    note(request, services, tuple(column.name for column in query.select), query.where)
    headers = headers_of(services, caller, release.number) | {"Content-Crs": _CRS}
    etag = _etag(request, query)
    same = unchanged(request, etag, headers)
    if same is not None:
        return same
    matched = await _matched(request, services, caller, query, cursor)
    await pay_for_rows(request, services, caller, query)
    page = await row_texts(
        request, services, release.number, query, features.line(query, release.catalog.city.timezone)
    )
    links = _links(request, view, page.cursor)
    if page.cursor is not None:
        headers["Link"] = f'<{links[-1]["href"]}>; rel="next"'
    body = features.page(page.text, page.rows, matched, links)
    return await body_answer(request, body, etag=etag, media_type=site.GEOJSON, headers=headers)


@router.api_route("/ogc/collections/{dataset}/items/{feature}", methods=["GET", "HEAD"])
async def item(dataset: str, feature: str, request: Request, release: ReleaseDep, caller: CallerDep) -> Response:
    """One feature by its id."""
    _only_json(request)
    services, view = services_of(request), visible(release, caller, dataset)
    where = found_by(view, feature)
    if where is None:
        raise NotFound("There is no such feature.")
    query = Query(view=view, select=view.columns, where=where, limit=1)
    note(request, services, tuple(column.name for column in query.select), query.where)
    headers = headers_of(services, caller, release.number) | {"Content-Crs": _CRS}
    await pay_for_rows(request, services, caller, query)
    page = await row_texts(
        request, services, release.number, query, features.line(query, release.catalog.city.timezone)
    )
    if not page.rows:
        raise NotFound("There is no such feature.")
    etag = _etag(request, query)
    same = unchanged(request, etag, headers)
    if same is not None:
        return same
    place = site_of(request, release)
    address = f"{place.origin}{site.ROOT}/collections/{dataset}"
    links = [
        site.link(f"{address}/items/{quote(feature, safe='')}{place.query}", "self", site.GEOJSON),
        site.link(f"{address}{place.query}", "collection", site.JSON),
    ]
    body = features.with_links(page.text, links)
    return await body_answer(request, body, etag=etag, media_type=site.GEOJSON, headers=headers)


def _views(release: OpenRelease, caller: Caller) -> list[View]:
    return [view for view in release.views(caller.actor, caller.purpose) if view.readable]


def _only_json(request: Request) -> None:
    only_parameters(request, _DOCUMENT)
    require_json(request.query_params.get("f"))


async def _matched(
    request: Request, services: Services, caller: Caller, query: Query, cursor: Cursor | None
) -> int | None:
    """How many features there are in all: counted for the first page of a walk, told on every page where known."""
    if cursor is not None and (query.where or query.view.facts.row_count is None):
        return None
    return await exact_total(request, services, caller, query)


def _etag(request: Request, query: Query) -> str:
    variant = f"ogc {origin_of(request)} {request.url.query} {coding_of(request)}"
    return make_etag(query.view.edition, query.digest, variant)


def _links(request: Request, view: View, cursor: str | None) -> list[dict[str, str]]:
    address = f"{origin_of(request)}{site.ROOT}/collections/{view.dataset}"
    given = request.url.query
    found = [
        site.link(f"{address}/items{f'?{given}' if given else ''}", "self", site.GEOJSON),
        site.link(address, "collection", site.JSON),
    ]
    if cursor is not None:
        kept = [(name, text) for name, text in request.query_params.multi_items() if name != "cursor"]
        found.append(site.link(f"{address}/items?{urlencode([*kept, ('cursor', cursor)])}", "next", site.GEOJSON))
    return found


async def _document(
    request: Request,
    services: Services,
    caller: Caller,
    document: dict[str, Any],
    *,
    media_type: str = site.JSON,
) -> Response:
    body = dumps(document)
    return await document_answer(request, body, media_type=media_type, cache=services.cache_control(caller.actor))
