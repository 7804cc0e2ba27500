"""/v1/catalog and /v1/datasets/{id}.ttl|.jsonld|.rdf: the catalogue for harvesters, as DCAT-AP."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from gateway.doors.deps import Caller, CallerDep, ReleaseDep, only_parameters, services_of, visible
from gateway.doors.standards.common import answer, entries_of, site_of
from gateway.problems import BadValue, NotAcceptable, NotFound
from gateway.release.opened import OpenRelease
from gateway.standards.entry import Entry, Site
from gateway.standards.syntax import BY_MEDIA_TYPE, SYNTAXES, Syntax
from gateway.web.negotiate import choose

router = APIRouter()

_PARAMETERS = ("modified_since", "after", "limit")


@router.api_route("/v1/catalog", methods=["GET", "HEAD"])
async def catalogue_by_accept(request: Request, release: ReleaseDep, caller: CallerDep) -> Response:
    """The catalogue in the syntax that the caller accepts; Turtle unless it says which."""
    chosen = choose(request.headers.get("accept"), list(BY_MEDIA_TYPE))
    if chosen is None:
        raise NotAcceptable(f"Offered are {', '.join(BY_MEDIA_TYPE)}.")
    return await _catalogue(request, release, caller, BY_MEDIA_TYPE[chosen])


@router.api_route("/v1/catalog.{syntax}", methods=["GET", "HEAD"])
async def catalogue(request: Request, syntax: str, release: ReleaseDep, caller: CallerDep) -> Response:
    """The catalogue in the syntax of the suffix."""
    return await _catalogue(request, release, caller, _syntax(syntax))


@router.api_route("/v1/datasets/{dataset}.{syntax}", methods=["GET", "HEAD"])
async def dataset(request: Request, dataset: str, syntax: str, release: ReleaseDep, caller: CallerDep) -> Response:
    """One dataset in the syntax of the suffix."""
    view, chosen = visible(release, caller, dataset, None), _syntax(syntax)
    only_parameters(request, ("release",))
    return await dataset_as(request, caller, await entries_of(request, release, [view]), chosen)


async def dataset_as(request: Request, caller: Caller, entries: Sequence[Entry], syntax: Syntax) -> Response:
    """The graph of the only entry."""

    def write() -> bytes:
        from gateway.standards.dcat import dataset_graph

        return dataset_graph(entries[0]).write(syntax)

    what = ("dcat", syntax.suffix)
    return await answer(request, caller, entries, what=what, write=write, media_type=_media_type(syntax))


async def _catalogue(request: Request, release: OpenRelease, caller: Caller, syntax: Syntax) -> Response:
    only_parameters(request, _PARAMETERS)
    site, limit = site_of(request, release), _limit(request, caller)
    since = _since(request, release)
    listed = await entries_of(request, release, release.views(caller.actor, caller.purpose))
    found = [entry for entry in listed if since is None or entry.changed_since(since)]
    after = request.query_params.get("after", "")
    left = [entry for entry in found if entry.view.dataset > after]
    entries = left[:limit]
    following = _address(request, site, syntax, after=entries[-1].view.dataset) if len(entries) < len(left) else None
    first = _address(request, site, syntax, after=None)
    this = _address(request, site, syntax, after=request.query_params.get("after"))

    def write() -> bytes:
        from gateway.standards.dcat import Page, catalogue_graph

        return catalogue_graph(site, Page(entries, len(found), this, first, following)).write(syntax)

    what = ("catalogue", syntax.suffix, this, following, len(found))
    response = await answer(request, caller, entries, what=what, write=write, media_type=_media_type(syntax))
    if following:
        response.headers["Link"] = f'<{following}>; rel="next"'
    return response


def _syntax(suffix: str) -> Syntax:
    if suffix not in SYNTAXES:
        raise NotFound()
    return SYNTAXES[suffix]


def _media_type(syntax: Syntax) -> str:
    return f"{syntax.media_type}; charset=utf-8" if syntax.media_type.startswith("text/") else syntax.media_type


def _address(request: Request, site: Site, syntax: Syntax, *, after: str | None) -> str:
    """Address of a page of the catalogue, with the caller's other parameters."""
    given = {name: request.query_params[name] for name in ("modified_since", "limit") if name in request.query_params}
    query = urlencode(given | ({"after": after} if after else {}))
    return f"{site.catalogue}.{syntax.suffix}{f'?{query}' if query else ''}"


def _limit(request: Request, caller: Caller) -> int:
    text = request.query_params.get("limit")
    most = services_of(request).query_limits(caller.actor).max_rows
    if text is None:
        return min(services_of(request).settings.default_page_rows, most)
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 1 <= int(text) <= most):
        raise BadValue(f"`limit`: expected a whole number from 1 to {most}.", parameter="limit")
    return int(text)


def _since(request: Request, release: OpenRelease) -> datetime | None:
    """The moment asked for; a day is from its beginning, and without an offset it is on the city's clocks."""
    text = request.query_params.get("modified_since")
    if text is None:
        return None
    try:
        day = date.fromisoformat(text) if len(text) == len("2026-01-31") else None
        moment = datetime.combine(day, time()) if day else datetime.fromisoformat(text)
    except ValueError:
        expected = "expected a day such as 2026-01-31 or a moment such as 2026-01-31T08:00:00Z"
        raise BadValue(f"`modified_since`: {expected}.", parameter="modified_since") from None
    zone = ZoneInfo(release.catalog.city.timezone)
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)
