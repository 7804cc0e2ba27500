"""What the handlers of the catalogue's documents share: the address we are reached under, entries, answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, Sequence

from fastapi import Request, Response

from catalog.policy.load import shared_limits
from gateway.doors.deps import Caller, release_of, services_of
from gateway.problems import BadValue
from gateway.quota.meter import Price
from gateway.release.opened import OpenRelease
from gateway.standards.entry import Entry, Site
from gateway.view.view import View
from gateway.web.answers import document_answer

_HOST = re.compile(r"[A-Za-z0-9._-]{1,253}(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:[0-9]{1,5})?")


def origin_of(request: Request) -> str:
    """Our address: the public one if it is set, else the one the caller used."""
    origin = services_of(request).settings.public_url
    if origin is not None:
        return origin
    host = request.headers.get("host", "")
    if not _HOST.fullmatch(host):
        raise BadValue("`Host`: expected a name or an address, and a port where there is one.")
    return f"{request.url.scheme}://{host}"


def site_of(request: Request, release: OpenRelease) -> Site:
    """The city, the release and our address."""
    pinned = "release" in request.query_params
    return Site(release.catalog.city, release.number, release.manifest.published_at, origin_of(request), pinned)


async def entries_of(request: Request, release: OpenRelease, views: Sequence[View]) -> list[Entry]:
    """The datasets of these views."""
    return await services_of(request).library.entries(release, views, site_of(request, release))


async def answer(
    request: Request,
    caller: Caller,
    entries: Sequence[Entry],
    *,
    what: Hashable,
    write: Callable[[], bytes],
    media_type: str,
) -> Response:
    """A document about these entries, for each of which the caller pays.

    `what` tells it from all others about the same entries.
    """
    services, site = services_of(request), site_of(request, release_of(request))
    price = Price(cost=shared_limits().cost.description * len(entries))
    await services.admission.charge(request, price, services.tier_limits(caller.actor))
    seen = tuple(
        (entry.view.dataset, entry.view.policy, entry.view.edition, entry.modified, entry.previous) for entry in entries
    )
    known = (site.number, site.published, site.origin, site.pinned)
    body = await services.library.document((what, known, seen), write)
    return await document_answer(request, body, media_type=media_type, cache=services.cache_control(caller.actor))
