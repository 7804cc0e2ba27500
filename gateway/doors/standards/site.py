"""/robots.txt and /sitemap.xml."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.doors.deps import CallerDep, ReleaseDep, only_parameters
from gateway.doors.standards.common import answer, entries_of, origin_of, site_of
from gateway.standards.sitemap import robots, sitemap
from gateway.web.answers import document_answer

router = APIRouter()


@router.api_route("/robots.txt", methods=["GET", "HEAD"])
async def for_crawlers(request: Request) -> Response:
    """What crawlers may fetch; it tells nothing about data."""
    return await document_answer(request, robots(origin_of(request)), media_type="text/plain; charset=utf-8")


@router.api_route("/sitemap.xml", methods=["GET", "HEAD"])
async def site_map(request: Request, release: ReleaseDep, caller: CallerDep) -> Response:
    """The addresses of every dataset the caller may read about."""
    only_parameters(request)
    site = site_of(request, release)
    entries = await entries_of(request, release, release.views(caller.actor, caller.purpose))

    def write() -> bytes:
        return sitemap(site, entries)

    return await answer(request, caller, entries, what="sitemap", write=write, media_type="application/xml")
