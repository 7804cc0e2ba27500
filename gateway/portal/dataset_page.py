"""/datasets/{id}: a dataset for a person in a browser: its first rows, filters in the address, downloads, columns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from gateway.answers.forms import forms_of
from gateway.answers.html_rows import row
from gateway.doors.deps import Caller, caller_of, only_parameters, services_of, visible
from gateway.doors.facades.paging import TextPage, exact_total, pay_for_rows, row_texts
from gateway.doors.native.deliver import place_of
from gateway.doors.native.howto import Reader, howto
from gateway.doors.native.pinned import pinned
from gateway.doors.native.rows import note
from gateway.doors.standards.common import entries_of, origin_of
from gateway.policy.actor import PUBLIC
from gateway.portal import form
from gateway.portal.parts import HTML, SAFE, embedded, files_of, filled, licence_link, published_at, style
from gateway.problems import Problem, UnknownParameter, describe
from gateway.query.cursor import Cursor
from gateway.query.keyset import total_order
from gateway.query.parse import parse_query
from gateway.query.tree import Query
from gateway.release.opened import OpenRelease
from gateway.services import Services
from gateway.standards import schema_org
from gateway.view.view import Column, View
from gateway.web.answers import document_answer
from gateway.web.negotiate import choose

router = APIRouter()

PAGE_ROWS = 20
"""Rows of a page unless the address says otherwise."""
_PROBLEM = "application/problem+json"


@dataclass(frozen=True)
class _Found:
    """What a question gave: its columns and rows, how many there are in all, or why it was refused."""

    query: Query | None
    page: TextPage
    total: int | None = None
    refusal: str = ""
    status: int = 200


@router.api_route("/datasets/{dataset}", methods=["GET", "HEAD"])
async def page(dataset: str, request: Request) -> Response:
    """The page. Where a caller may only read about the dataset, it has no rows."""
    services, caller = services_of(request), caller_of(request)
    release, cursor = await pinned(request, services)
    told = visible(release, caller, dataset, None)
    given = [(name, text) for name, text in request.query_params.multi_items() if text]
    body, status = "", 200
    if told.readable:
        view = visible(release, caller, dataset)
        found = await _ask(request, caller, release.number, view, given=given, cursor=cursor)
        body, status = _rows(request, caller, release, view, given=given, found=found), found.status
    else:
        only_parameters(request, ("release",))
    (entry,) = await entries_of(request, release, [told])
    text = _render(release, told, body, embedded(schema_org.dataset(entry))).encode()
    cache = services.cache_control(caller.actor)
    answer = await document_answer(request, text, media_type=f"{HTML}; charset=utf-8", cache=cache)
    if answer.status_code == 200:
        answer.status_code = status
    answer.headers["Content-Security-Policy"] = SAFE
    answer.headers["CivicLake-Release"] = str(release.number)
    return answer


async def _ask(
    request: Request, caller: Caller, release: int, view: View, *, given: form.Given, cursor: Cursor | None
) -> _Found:
    """The rows that the address asks for. What it asks amiss is told on the page, to who prefers one to JSON."""
    services = services_of(request)
    try:
        query = _query(services, caller, view, given, cursor)
    except Problem as problem:
        if choose(request.headers.get("accept"), [_PROBLEM, HTML]) != HTML:
            raise
        status, said = describe(problem, "")
        return _Found(None, TextPage(b"", 0, None, False), refusal=str(said["detail"]), status=status)
    note(request, services, tuple(column.name for column in query.select), query.where)
    await pay_for_rows(request, services, caller, query)
    found = await row_texts(request, services, release, query, row(query.select))
    known = view.facts.row_count if not query.where else None
    total = known if known is not None else await exact_total(request, services, caller, query)
    return _Found(query, found, total)


def _query(services: Services, caller: Caller, view: View, given: form.Given, cursor: Cursor | None) -> Query:
    for name in form.NOT_HERE:
        if name in dict(given):
            raise UnknownParameter(f"There is no parameter `{name}` here.", parameter=name)
    query = parse_query(view, given, services.query_limits(caller.actor), PAGE_ROWS)
    return replace(query, after=place_of(cursor, query.digest, lambda: total_order(query))) if cursor else query


def _rows(
    request: Request, caller: Caller, release: OpenRelease, view: View, *, given: form.Given, found: _Found
) -> str:
    values = dict(given)
    fields, shown = form.filter_fields(view, values)
    whole = release.view(view.dataset, caller.actor, caller.purpose, "export") is not None
    reader = Reader(origin_of(request), caller.actor != PUBLIC, whole, _pinned(request, release))
    columns = found.query.select if found.query is not None else view.columns
    return filled(
        "rows.html",
        id=escape(view.dataset),
        search=form.search_field(view, values),
        open=" open" if form.conditions_of(given) else "",
        fields=fields,
        hidden=form.kept_fields(given, shown),
        refusal=f'<p class="refusal">{escape(found.refusal)}</p>' if found.refusal else "",
        chips=form.chips(view, given),
        found=_counted(found),
        heads=form.heads(view, columns, given),
        rows=found.page.text.decode(),
        pages=_pages(view, given, found),
        downloads=_downloads(view, columns, given, whole=whole),
        howto="\n".join(
            f"<p>{escape(name)}</p><pre>{escape(line)}</pre>" for name, line in howto(view, reader).items()
        ),
    )


def _render(release: OpenRelease, view: View, body: str, described: str) -> str:
    """The page around its rows. Everything that comes from a catalog is escaped."""
    city, facts = release.catalog.city, view.facts
    return filled(
        "dataset.html",
        style=style(),
        id=escape(view.dataset),
        zh=escape(facts.title.zh),
        en=escape(facts.title.en),
        city_zh=escape(city.title.zh),
        city_en=escape(city.title.en),
        grain=escape(facts.grain),
        description=escape(facts.description),
        rows="–" if facts.row_count is None else f"{facts.row_count:,}",
        columns=len(view.columns),
        release=release.number,
        published=published_at(release),
        frequency=escape(facts.frequency),
        licence=licence_link(facts.licence),
        publisher=escape(f"{facts.publisher.zh} · {facts.publisher.en}"),
        described=described,
        body=body,
        dictionary="\n".join(
            f"<tr><td><code>{escape(column.name)}</code></td>"
            f'<td><span lang="zh">{escape(column.title.zh)}</span> {escape(column.title.en)}</td>'
            f"<td>{escape(column.kind.name)}</td><td>{escape(column.description)}</td></tr>"
            for column in view.columns
        ),
    )


def _counted(found: _Found) -> str:
    shown = f'<span lang="zh">本页</span> on this page: {found.page.rows}'
    if found.total is None:
        return shown
    return f'<b>{found.total:,}</b> <span lang="zh">行符合条件</span> rows · {shown}'


def _pages(view: View, given: form.Given, found: _Found) -> str:
    links = []
    if "cursor" in dict(given):
        links.append(f'<a href="{escape(form.address(view, given))}"><span lang="zh">首页</span> first</a>')
    if found.page.cursor is not None:
        following = escape(form.address(view, given, cursor=found.page.cursor))
        links.append(f'<a class="main" rel="next" href="{following}"><span lang="zh">下一页</span> next</a>')
    return "\n".join(links)


def _downloads(view: View, columns: Sequence[Column], given: form.Given, *, whole: bool) -> str:
    """The rows that meet the conditions in every format, all of them where the caller may take them; and the files."""
    asked = [(name, text) for name, text in given if name not in ("cursor", "limit")]
    suffix = f"?{urlencode(asked if whole else [*asked, ('limit', '1000')])}" if asked or not whole else ""
    links = [
        f'<a href="{escape(f"/v1/datasets/{view.dataset}/rows.{made.name}{suffix}")}">{escape(made.name)}</a>'
        for made in forms_of(columns)
    ]
    return "\n".join([*links, files_of(view)])


def _pinned(request: Request, release: OpenRelease) -> int | None:
    return release.number if "release" in request.query_params else None
