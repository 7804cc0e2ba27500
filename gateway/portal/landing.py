"""The landing page: what there is, for a person in a browser; the same as JSON for a program."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Request, Response

from gateway.answers.json_rows import MEDIA_TYPE, dumps
from gateway.doors.deps import CallerDep, ReleaseDep, ServicesDep
from gateway.doors.native.describe import dataset_summary, file_link, release_document
from gateway.doors.standards.common import entries_of, site_of
from gateway.release.opened import OpenRelease
from gateway.standards.schema_org import catalogue
from gateway.view.view import Distribution, View
from gateway.web.answers import document_answer
from gateway.web.negotiate import choose

router = APIRouter()

_HTML = "text/html"
_WEB_ADDRESS = re.compile(r"https?://(?P<rest>[^\s<>\"']+?)/?")
_CREATIVE_COMMONS = re.compile(r"creativecommons\.org/licenses/(?P<kind>[a-z-]+)/(?P<version>[\d.]+)")
_UNITS = ("B", "KB", "MB", "GB", "TB")


@router.api_route("/", methods=["GET", "HEAD"])
async def landing(request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep) -> Response:
    """HTML for those who ask for it, JSON for all others."""
    views = release.views(caller.actor, caller.purpose)
    cache = services.cache_control(caller.actor)
    if choose(request.headers.get("accept"), [MEDIA_TYPE, _HTML]) == _HTML:
        entries = await entries_of(request, release, views)
        page = render(release, views, catalogue(site_of(request, release), entries)).encode()
        return await document_answer(request, page, media_type=f"{_HTML}; charset=utf-8", cache=cache)
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
    return _template("landing.html").substitute(
        city_zh=escape(city.title.zh),
        city_en=escape(city.title.en),
        publisher=escape(f"{city.publisher.zh} · {city.publisher.en}"),
        release=manifest.number,
        published=_local(manifest.published_at, city.timezone).strftime("%Y-%m-%d %H:%M"),
        datasets=len(views),
        rows=f"{sum(view.facts.row_count or 0 for view in views):,}",
        example=escape(_example(views)),
        described=dumps(described).decode().replace("<", "\\u003c"),
        cards="\n".join(_card(view) for view in views),
    )


def _local(moment: datetime, timezone: str) -> datetime:
    """A moment on the city's clocks; one without a zone is on them already."""
    return moment if moment.tzinfo is None else moment.astimezone(ZoneInfo(timezone))


def _card(view: View) -> str:
    facts = view.facts
    return _template("card.html").substitute(
        id=escape(view.dataset),
        zh=escape(facts.title.zh),
        en=escape(facts.title.en),
        grain=escape(facts.grain),
        rows="–" if facts.row_count is None else f"{facts.row_count:,}",
        columns=len(view.columns),
        frequency=escape(facts.frequency),
        licence=_licence(facts.licence),
        themes="".join(f"<li>{escape(theme)}</li>" for theme in facts.themes),
        files="\n".join(_file(view, file) for file in view.distributions if file.sha256),
    )


def _licence(licence: str) -> str:
    """A licence given by its address becomes a link with a short name, any other is written as it is."""
    address = _WEB_ADDRESS.fullmatch(licence)
    if address is None:
        return escape(licence)
    known = _CREATIVE_COMMONS.fullmatch(address["rest"])
    name = f"CC {known['kind'].upper()} {known['version']}" if known else address["rest"]
    return f'<a href="{escape(licence)}">{escape(name)}</a>'


def _file(view: View, file: Distribution) -> str:
    label = f"{escape(file.format.upper())} <small>{_size(file.bytes)}</small>"
    return f'<a href="{escape(file_link(view, file))}">{label}</a>'


def _example(views: list[View]) -> str:
    view = next((view for view in views if view.readable), None)
    if view is None:
        return "/v1/datasets"
    return f"/v1/datasets/{view.dataset}/rows.csv?order=-{(view.key or view.columns)[0].name}&limit=20"


def _size(count: float) -> str:
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} {_UNITS[-1]}"


@cache
def _template(name: str) -> Template:
    return Template((Path(__file__).parent / name).read_text(encoding="utf-8"))
