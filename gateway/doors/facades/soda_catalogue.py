"""/api/views/… and /api/catalog/v1: datasets as Socrata describes and lists them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response

from catalog.policy.load import shared_limits
from gateway.answers.json_rows import dumps
from gateway.doors.deps import Caller, CallerDep, ReleaseDep, ServicesDep, only_parameters, visible
from gateway.doors.standards.common import entries_of, origin_of
from gateway.facades.soda.catalogue import found
from gateway.facades.soda.ids import dataset_named
from gateway.facades.soda.views import catalogue_entry, metadata_document, view_document
from gateway.problems import BadValue, NotFound
from gateway.quota.meter import Price
from gateway.release.opened import OpenRelease
from gateway.services import Services
from gateway.standards.entry import Entry
from gateway.web.answers import document_answer

router = APIRouter()

_DEFAULT_LIMIT = 100
_MOST_OFFSET = 10**9


@router.api_route("/api/views/metadata/v1", methods=["GET", "HEAD"])
async def metadata(request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep) -> Response:
    """The metadata of all datasets, by pages."""
    only_parameters(request, ("limit", "page", "$$app_token"))
    most = shared_limits().questions.catalogue_page
    limit, page = _number(request, "limit", most, most), _number(request, "page", 1, _MOST_OFFSET)
    entries = await entries_of(request, release, release.views(caller.actor, caller.purpose))
    shown = entries[max(page - 1, 0) * limit :][:limit]
    return await _told(request, services, caller, [metadata_document(entry) for entry in shown], len(shown))


@router.api_route("/api/views/metadata/v1/{resource}", methods=["GET", "HEAD"])
async def metadata_of(
    resource: str, request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep
) -> Response:
    """The metadata of one dataset."""
    return await _one(resource, request, release, caller, services, write=metadata_document)


@router.api_route("/api/views/{resource}", methods=["GET", "HEAD"])
async def view(
    resource: str, request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep
) -> Response:
    """One dataset with its columns."""
    return await _one(resource, request, release, caller, services, write=view_document)


@router.api_route("/api/catalog/v1", methods=["GET", "HEAD"])
async def catalogue(request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep) -> Response:
    """The datasets that meet the conditions, and how many they are."""
    given: dict[str, list[str]] = {}
    for name, text in request.query_params.multi_items():
        given.setdefault(name.removesuffix("[]"), []).append(text)
    origin = urlsplit(origin_of(request))
    domains = (origin.netloc, origin.hostname or "", request.headers.get("host", ""))
    entries = await entries_of(request, release, release.views(caller.actor, caller.purpose))
    listed = found(entries, given, domains)
    offset = _number(request, "offset", 0, _MOST_OFFSET)
    shown = listed[offset:][: _number(request, "limit", _DEFAULT_LIMIT, shared_limits().questions.catalogue_page)]
    results = [catalogue_entry(entry, origin.netloc) for entry in shown]
    return await _told(request, services, caller, {"results": results, "resultSetSize": len(listed)}, len(shown))


async def _one(
    resource: str,
    request: Request,
    release: OpenRelease,
    caller: Caller,
    services: Services,
    *,
    write: Callable[[Entry], dict[str, Any]],
) -> Response:
    only_parameters(request, ("$$app_token",))
    name = resource.removesuffix(".json")
    dataset = dataset_named(release.datasets, name)
    if dataset is None:
        raise NotFound("There is no such dataset.")
    seen = visible(release, caller, dataset, None)
    (entry,) = await entries_of(request, release, [seen])
    return await _told(request, services, caller, write(entry), 1)


async def _told(request: Request, services: Services, caller: Caller, document: Any, described: int) -> Response:
    """A document, for each dataset of which the caller pays."""
    price = Price(cost=shared_limits().cost.description * described)
    await services.admission.charge(request, price, services.tier_limits(caller.actor))
    return await document_answer(request, dumps(document), cache=services.cache_control(caller.actor))


def _number(request: Request, name: str, default: int, most: int) -> int:
    text = request.query_params.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 11 and int(text) <= most):
        raise BadValue(f"`{name}`: expected a whole number from 0 to {most}.", parameter=name)
    return int(text)
