"""/v1/datasets/{id}/rows: filtered, ordered pages of a dataset, and whole answers as streamed CSV."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from catalog.policy.model import TierLimits
from gateway.answers import csv_rows, json_rows
from gateway.doors.deps import Caller, CallerDep, ServicesDep, release_numbered, release_of, visible
from gateway.problems import BadCursor, BadValue, NotAcceptable, NotFound, ReleaseMoved
from gateway.query.compile import compile_all, compile_page
from gateway.query.cursor import Cursor
from gateway.query.keyset import total_order
from gateway.query.parse import parse_query
from gateway.query.tree import Query, conditions_text
from gateway.quota.admission import record_of
from gateway.quota.cost import estimate
from gateway.quota.meter import Price
from gateway.services import Services
from gateway.web.answers import VARY, body_answer, unchanged, wants_gzip
from gateway.web.conditional import make_etag
from gateway.web.disconnect import until_disconnect
from gateway.web.negotiate import choose
from gateway.web.stream import StreamAnswer

Format = Literal["json", "csv"]

router = APIRouter()

_MEDIA: dict[Format, str] = {"json": json_rows.MEDIA_TYPE, "csv": csv_rows.MEDIA_TYPE}
_ESSENCE: dict[str, Format] = {media.partition(";")[0]: name for name, media in _MEDIA.items()}
_NAMED: dict[str, Format] = {name: name for name in _MEDIA}


@dataclass(frozen=True)
class _Ask:
    """One request for rows, understood: the query, the release it is pinned to and the form of the answer."""

    query: Query
    release: int
    format: Format
    bom: bool
    headers: dict[str, str]
    limits: TierLimits | None


@router.api_route("/v1/datasets/{dataset}/rows", methods=["GET", "HEAD"])
async def rows(dataset: str, request: Request, caller: CallerDep, services: ServicesDep) -> Response:
    """Rows in the format that the parameter `format` names, else the one the Accept header prefers."""
    name = request.query_params.get("format")
    if name is None:
        media = choose(request.headers.get("accept"), list(_ESSENCE))
        if media is None:
            raise NotAcceptable("Rows are offered as application/json and text/csv.")
        return await _answer(request, services, caller, dataset, _ESSENCE[media])
    if name not in _NAMED:
        raise BadValue("`format`: expected json or csv.", parameter="format")
    return await _answer(request, services, caller, dataset, _NAMED[name])


@router.api_route("/v1/datasets/{dataset}/rows.{suffix}", methods=["GET", "HEAD"])
async def rows_as(dataset: str, suffix: str, request: Request, caller: CallerDep, services: ServicesDep) -> Response:
    """Rows in the format that the address ends in."""
    if suffix not in _NAMED:
        raise NotFound()
    if request.query_params.get("format", suffix) != suffix:
        raise BadValue(f"`format`: the address asks for {suffix} already.", parameter="format")
    return await _answer(request, services, caller, dataset, _NAMED[suffix])


async def _answer(request: Request, services: Services, caller: Caller, dataset: str, form: Format) -> Response:
    bom = _bom(request, form)
    sealed = request.query_params.get("cursor")
    cursor = services.signer.open(sealed) if sealed is not None else None
    release = await release_numbered(request, cursor.release) if cursor else release_of(request)
    if cursor is not None and cursor.release != release.number:
        raise ReleaseMoved(f"The walk began on release {cursor.release}, release {release.number} is current.")
    whole = form == "csv" and cursor is None and "limit" not in request.query_params
    view = visible(release, caller, dataset, "export" if whole else "read")
    default = None if whole else services.settings.default_page_rows
    query = parse_query(view, request.query_params.multi_items(), services.query_limits(caller.actor), default)
    if cursor is not None:
        query = _continued(query, cursor)
    _note(request, services, query)
    headers = {
        "Cache-Control": services.cache_control(caller.actor),
        "Vary": VARY,
        "CivicLake-Release": str(release.number),
    }
    if form == "csv":
        headers["Content-Disposition"] = f'attachment; filename="{dataset}.csv"'
    variant = f"{form} {bom} {wants_gzip(request)} {query.limit}"
    etag = make_etag(view.edition, query.digest, variant, sealed or "")
    same = unchanged(request, etag, headers)
    if same is not None:
        return same
    limits = services.tier_limits(caller.actor)
    await services.admission.charge(request, Price(cost=estimate(query).units), limits)
    ask = _Ask(query, release.number, form, bom, headers, limits)
    return (
        _everything(request, services, ask, etag) if query.limit is None else await _page(request, services, ask, etag)
    )


def _note(request: Request, services: Services, query: Query) -> None:
    """Tell the record of the access which columns are asked, and a digest of the filter, which is all it keeps."""
    record, key = record_of(request), services.admission.log.key
    record.columns = tuple(column.name for column in query.select)
    if query.where and key is not None:
        record.filter = key.digest(conditions_text(query.where))


def _continued(query: Query, cursor: Cursor) -> Query:
    if cursor.query != query.digest:
        raise BadCursor("The cursor belongs to another query: filters, columns and order must stay the same.")
    return replace(query, after=cursor.values(total_order(query)))


def _bom(request: Request, form: Format) -> bool:
    text = request.query_params.get("bom")
    if text is None:
        return False
    if form != "csv":
        raise BadValue("`bom`: a byte order mark is for CSV only.", parameter="bom")
    if text not in {"true", "false"}:
        raise BadValue("`bom`: expected true or false.", parameter="bom")
    return text == "true"


async def _page(request: Request, services: Services, ask: _Ask, etag: str) -> Response:
    """One page, with the link to the next one; `complete` is true when nothing follows."""
    query = ask.query
    statement = compile_page(query, [csv_rows.line(query.select)] if ask.format == "csv" else None)
    fetched = await until_disconnect(
        request.receive,
        services.engine.fetch(statement, services.settings.statement_timeout, caller=request.state.caller),
    )
    page = [row[: statement.outputs] for row in fetched[: query.limit]]
    record_of(request).handed(len(page))
    complete = len(page) == len(fetched)
    following = None
    headers = {**ask.headers, "CivicLake-Complete": str(complete).lower()}
    if not complete:
        place = Cursor.at(ask.release, query.digest, fetched[len(page) - 1][statement.outputs :])
        following = _next_link(request, services.signer.seal(place))
        headers["Link"] = f'<{following}>; rel="next"'
    if ask.format == "csv":
        body = csv_rows.header(query.select, bom=ask.bom) + "".join(line for (line,) in page).encode()
    else:
        head: dict[str, Any] = {"dataset": query.view.dataset, "release": ask.release, "complete": complete}
        body = json_rows.rows_document([column.name for column in query.select], page, {**head, "next": following})
    return await body_answer(request, body, etag=etag, media_type=_MEDIA[ask.format], headers=headers)


def _everything(request: Request, services: Services, ask: _Ask, etag: str) -> Response:
    """Every row of the query, streamed: CSV without a limit is never cut."""
    return StreamAnswer(
        _csv_chunks(request, services, ask),
        headers={**ask.headers, "ETag": etag, "CivicLake-Complete": "true"},
        media_type=_MEDIA[ask.format],
        compress=wants_gzip(request),
    )


async def _csv_chunks(request: Request, services: Services, ask: _Ask) -> AsyncGenerator[bytes, None]:
    """Header and lines; nothing is given out before the engine has given the first lines."""
    columns, settings = ask.query.select, services.settings
    statement = compile_all(ask.query, [csv_rows.line(columns)])
    head = csv_rows.header(columns, bom=ask.bom)
    with services.admission.export(request, ask.limits):
        lines = services.engine.stream_text(
            statement,
            first=settings.statement_timeout,
            total=settings.export_timeout,
            caller=request.state.caller,
            handed=record_of(request).handed,
        )
        async with aclosing(lines):
            async for chunk in lines:
                yield head + chunk
                head = b""
    if head:
        yield head


def _next_link(request: Request, cursor: str) -> str:
    kept = [(name, text) for name, text in request.query_params.multi_items() if name != "cursor"]
    return f"{request.url.path}?{urlencode([*kept, ('cursor', cursor)])}"
