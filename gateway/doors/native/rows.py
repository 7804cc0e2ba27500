"""/v1/datasets/{id}/rows: filtered, ordered pages of a dataset, and whole answers as streams."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from fastapi import APIRouter, Request, Response
from sqlglot import exp

from gateway.answers.forms import Form
from gateway.audit.record import AccessRecord
from gateway.doors.deps import caller_of, services_of, visible
from gateway.doors.native.deliver import Asked, bom_of, deliver, form_of, place_of, require_fit
from gateway.doors.native.pinned import pinned
from gateway.doors.native.totals import count_rows, counting, total_asked
from gateway.policy.actor import Actor
from gateway.query.compile import Statement, compile_all, compile_page
from gateway.query.keyset import total_order
from gateway.query.parse import parse_query
from gateway.query.tree import Filter, Query, conditions_text
from gateway.quota.admission import record_of
from gateway.quota.cost import estimate
from gateway.quota.group_cost import group_units
from gateway.quota.meter import Price
from gateway.release.opened import OpenRelease
from gateway.services import Services
from gateway.web.answers import VARY, coding_of, unchanged
from gateway.web.conditional import make_etag

router = APIRouter()


@router.api_route("/v1/datasets/{dataset}/rows", methods=["GET", "HEAD"])
async def rows(dataset: str, request: Request) -> Response:
    """Rows in the format that the parameter `format` names, else the one the Accept header prefers."""
    return await _answer(request, dataset, form_of(request, None))


@router.api_route("/v1/datasets/{dataset}/rows.{suffix}", methods=["GET", "HEAD"])
async def rows_as(dataset: str, suffix: str, request: Request) -> Response:
    """Rows in the format that the address ends in."""
    return await _answer(request, dataset, form_of(request, suffix))


async def _answer(request: Request, dataset: str, form: Form) -> Response:
    services, caller = services_of(request), caller_of(request)
    bom = bom_of(request, form)
    release, cursor = await pinned(request, services)
    whole = form.writer is not None and cursor is None and "limit" not in request.query_params
    view = visible(release, caller, dataset, "export" if whole else "read")
    default = None if whole else services.settings.default_page_rows
    query = parse_query(view, request.query_params.multi_items(), services.query_limits(caller.actor), default)
    require_fit(form, query.select)
    if cursor is not None:
        query = replace(query, after=place_of(cursor, query.digest, lambda: total_order(query)))
    note(request, services, tuple(column.name for column in query.select), query.where)
    headers = page_headers(services, caller.actor, release)
    if form.writer is not None:
        headers["Content-Disposition"] = f'attachment; filename="{dataset}.{form.name}"'
    limits = services.tier_limits(caller.actor)
    members: dict[str, Any] = {"dataset": dataset, "release": release.number}
    wanted = total_asked(request, "none")
    if wanted != "none":
        question = counting(view, query.where)
        await services.admission.charge(request, Price(cost=group_units(question)), limits)
        total = await count_rows(request, services, question, wanted)
        headers["CivicLake-Total"] = total.header
        members["total"] = asdict(total)
    total_told, at = headers.get("CivicLake-Total"), request.query_params.get("cursor", "")
    etag = page_tag(query, form, coding_of(request), at, bom=bom, total=total_told)
    same = unchanged(request, etag, headers)
    if same is not None:
        return same
    await services.admission.charge(request, Price(cost=estimate(query).units), limits)

    def compiled(outputs: list[exp.Expr]) -> Statement:
        return compile_all(query, outputs) if query.limit is None else compile_page(query, outputs)

    asked = Asked(
        fields=query.select,
        limit=query.limit,
        digest=query.digest,
        release=release.number,
        compile=compiled,
        form=form,
        headers=headers,
        limits=limits,
        bom=bom,
        members=members,
        looked_up=lambda: services.look_ups.rows(release, query),
    )
    return await deliver(request, services, asked, etag)


def page_headers(services: Services, actor: Actor, release: OpenRelease) -> dict[str, str]:
    """What is said of an answer from a release: who may keep it, and what it depends on."""
    return {"Cache-Control": services.cache_control(actor), "Vary": VARY, "CivicLake-Release": str(release.number)}


def page_tag(
    query: Query, form: Form, coding: str | None, cursor: str = "", *, bom: bool = False, total: str | None = None
) -> str:
    """The entity tag of rows: of what of the release is seen, the question, and all that the bytes depend on."""
    variant = f"{form.name} {bom} {coding} {query.limit} {total}"
    return make_etag(query.view.edition, query.digest, variant, cursor)


def note(request: Request, services: Services, columns: tuple[str, ...], where: tuple[Filter, ...]) -> None:
    """Tell the record of the access which columns are asked, and a digest of the filter, which is all it keeps."""
    note_on(record_of(request), services, columns, where)


def note_on(record: AccessRecord, services: Services, columns: tuple[str, ...], where: tuple[Filter, ...]) -> None:
    """As `note`, on a record itself."""
    record.columns, record.filter = columns, filter_digest(services, where)


def filter_digest(services: Services, where: tuple[Filter, ...]) -> str | None:
    """The digest of a filter; None without one, or before the log was opened once."""
    key = services.admission.log.key
    return key.digest(conditions_text(where)) if where and key is not None else None
