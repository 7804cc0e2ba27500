"""/ogc/collections/dataset-records: the catalogue as OGC API Records."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response

from gateway.answers.json_rows import dumps
from gateway.doors.deps import CallerDep, ReleaseDep, ServicesDep, only_parameters, visible
from gateway.doors.facades.accepted import ogc_accepted
from gateway.doors.standards.common import answer, entries_of, origin_of, site_of
from gateway.facades.ogc import site
from gateway.facades.ogc.parse import require_json
from gateway.facades.ogc.records import parse_search, queryables, record, records_collection
from gateway.web.answers import document_answer

router = APIRouter(dependencies=[Depends(ogc_accepted)])

_ROOT = f"{site.ROOT}/collections/{site.RECORDS}"


@router.api_route(_ROOT, methods=["GET", "HEAD"])
async def catalogue(request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep) -> Response:
    """The catalogue as a collection."""
    only_parameters(request, ("f", "release"))
    require_json(request.query_params.get("f"))
    body = dumps(records_collection(site_of(request, release)))
    return await document_answer(request, body, cache=services.cache_control(caller.actor))


@router.api_route(f"{_ROOT}/queryables", methods=["GET", "HEAD"])
async def words(request: Request, caller: CallerDep, services: ServicesDep) -> Response:
    """What records tell."""
    only_parameters(request, ("f",))
    require_json(request.query_params.get("f"))
    body, cache = dumps(queryables(origin_of(request))), services.cache_control(caller.actor)
    return await document_answer(request, body, media_type=site.SCHEMA, cache=cache)


@router.api_route(f"{_ROOT}/items", methods=["GET", "HEAD"])
async def items(request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep) -> Response:
    """A page of the records that are asked for, by their ids."""
    place = site_of(request, release)
    most, default = services.query_limits(caller.actor).max_rows, services.settings.default_page_rows
    search = parse_search(request.query_params.multi_items(), place, most, default)
    entries = await entries_of(request, release, release.views(caller.actor, caller.purpose))
    found = [entry for entry in entries if search.finds(entry)]
    left = [entry for entry in found if entry.view.dataset > search.after]
    page = left[: search.limit]
    address, given = f"{place.origin}{_ROOT}/items", request.query_params.multi_items()
    links = [
        site.link(f"{address}{f'?{urlencode(given)}' if given else ''}", "self", site.GEOJSON),
        site.link(f"{place.origin}{_ROOT}", "collection", site.JSON),
    ]
    if len(page) < len(left):
        kept = [(name, text) for name, text in given if name != "after"]
        onwards = urlencode([*kept, ("after", page[-1].view.dataset)])
        links.append(site.link(f"{address}?{onwards}", "next", site.GEOJSON))

    def write() -> bytes:
        document: dict[str, Any] = {
            "type": "FeatureCollection",
            "links": links,
            "numberMatched": len(found),
            "numberReturned": len(page),
            "features": [record(entry) for entry in page],
        }
        return dumps(document)

    what = ("records", str(request.url.query), len(found), len(left))
    return await answer(request, caller, page, what=what, write=write, media_type=site.GEOJSON)


@router.api_route(f"{_ROOT}/items/{{dataset}}", methods=["GET", "HEAD"])
async def item(dataset: str, request: Request, release: ReleaseDep, caller: CallerDep) -> Response:
    """One record."""
    only_parameters(request, ("f", "release"))
    require_json(request.query_params.get("f"))
    entries = await entries_of(request, release, [visible(release, caller, dataset, None)])
    return await answer(
        request,
        caller,
        entries,
        what="record",
        write=lambda: dumps(record(entries[0])),
        media_type=site.GEOJSON,
    )
