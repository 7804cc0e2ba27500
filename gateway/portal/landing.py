"""The landing page: what there is, for a person in a browser; the same as JSON for a program."""

from __future__ import annotations

from html import escape
from typing import Any

from fastapi import APIRouter, Request, Response

from gateway.answers.json_rows import MEDIA_TYPE, dumps
from gateway.doors.deps import CallerDep, ReleaseDep, ServicesDep
from gateway.doors.native.describe import dataset_summary, release_document
from gateway.doors.standards.common import entries_of, site_of
from gateway.portal.parts import HTML, SAFE, embedded, files_of, filled, licence_link, published_at, style
from gateway.release.opened import OpenRelease
from gateway.standards.schema_org import catalogue
from gateway.view.view import View
from gateway.web.answers import document_answer
from gateway.web.negotiate import choose

router = APIRouter()


@router.api_route("/", methods=["GET", "HEAD"])
async def landing(request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep) -> Response:
    """HTML for those who ask for it, JSON for all others."""
    views = release.views(caller.actor, caller.purpose)
    cache = services.cache_control(caller.actor)
    if choose(request.headers.get("accept"), [MEDIA_TYPE, HTML]) == HTML:
        entries = await entries_of(request, release, views)
        page = render(release, views, catalogue(site_of(request, release), entries)).encode()
        answer = await document_answer(request, page, media_type=f"{HTML}; charset=utf-8", cache=cache)
        answer.headers["Content-Security-Policy"] = SAFE
        return answer
    links = {
        "datasets": "/v1/datasets",
        "catalogue": "/v1/catalog",
        "openapi": "/openapi.json",
        "health": "/healthz",
        "problems": "/problems",
    }
    datasets = [dataset_summary(view) for view in views]
    document = {"release": release_document(release), "links": links, "datasets": datasets}
    return await document_answer(request, dumps(document), cache=cache)


def render(release: OpenRelease, views: list[View], described: dict[str, Any]) -> str:
    """The page, with the same `described` for search engines. Everything that comes from a catalog is escaped."""
    city, manifest = release.catalog.city, release.manifest
    return filled(
        "landing.html",
        style=style(),
        city_zh=escape(city.title.zh),
        city_en=escape(city.title.en),
        publisher=escape(f"{city.publisher.zh} · {city.publisher.en}"),
        release=manifest.number,
        published=published_at(release),
        datasets=len(views),
        rows=f"{sum(view.facts.row_count or 0 for view in views):,}",
        example=escape(_example(views)),
        described=embedded(described),
        cards="\n".join(_card(view) for view in views),
    )


def _card(view: View) -> str:
    facts = view.facts
    return filled(
        "card.html",
        id=escape(view.dataset),
        zh=escape(facts.title.zh),
        en=escape(facts.title.en),
        grain=escape(facts.grain),
        rows="–" if facts.row_count is None else f"{facts.row_count:,}",
        columns=len(view.columns),
        frequency=escape(facts.frequency),
        licence=licence_link(facts.licence),
        themes="".join(f"<li>{escape(theme)}</li>" for theme in facts.themes),
        files=files_of(view),
    )


def _example(views: list[View]) -> str:
    view = next((view for view in views if view.readable), None)
    if view is None:
        return "/v1/datasets"
    return f"/v1/datasets/{view.dataset}/rows.csv?order=-{(view.key or view.columns)[0].name}&limit=20"
