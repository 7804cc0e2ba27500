"""/resource/…: the rows of datasets as Socrata's Open Data API gives them, asked in SoQL."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from fastapi import APIRouter, Request, Response
from sqlglot import exp

from gateway.answers.fields import Field
from gateway.answers.forms import Form
from gateway.doors.deps import Caller, CallerDep, ServicesDep, visible
from gateway.doors.facades.paging import headers_of
from gateway.doors.facades.question import Question, compiled, first, names_of, order_of, price_of
from gateway.doors.native.deliver import Asked, deliver, place_of
from gateway.doors.native.pinned import pinned
from gateway.doors.native.rows import note
from gateway.doors.native.settle import Basis, pay_and_protect, settle, summed
from gateway.facades.soda.ids import dataset_named
from gateway.facades.soda.nodes import write
from gateway.facades.soda.parameters import DEFAULT_LIMIT, Soql, parse
from gateway.facades.soda.query import is_grouped, parse_groups, parse_rows
from gateway.facades.soda.records import RECORDS, TYPES
from gateway.problems import NotAcceptable, NotFound
from gateway.query.compile import counted
from gateway.query.grouping import GroupedQuery
from gateway.query.parse import Limits
from gateway.query.tree import Query
from gateway.release.opened import OpenRelease
from gateway.services import Services
from gateway.web.answers import coding_of, unchanged
from gateway.web.conditional import make_etag
from gateway.web.disconnect import until_disconnect
from gateway.web.negotiate import choose

router = APIRouter()


@router.api_route("/resource/{resource}.{suffix}", methods=["GET", "HEAD"])
async def rows_as(resource: str, suffix: str, request: Request, caller: CallerDep, services: ServicesDep) -> Response:
    """Rows or groups in the format that the address ends in."""
    if suffix not in RECORDS:
        raise NotFound(f"There is no format {suffix[:20]}; there are {', '.join(RECORDS)}.")
    return await _answer(request, services, caller, resource, RECORDS[suffix])


@router.api_route("/resource/{resource}", methods=["GET", "HEAD"])
async def rows(resource: str, request: Request, caller: CallerDep, services: ServicesDep) -> Response:
    """Rows or groups in the format that the caller accepts."""
    by_essence = {form.essence: form for form in RECORDS.values()}
    chosen = choose(request.headers.get("accept"), list(by_essence))
    if chosen is None:
        raise NotAcceptable(f"This is offered as {', '.join(by_essence)}.")
    return await _answer(request, services, caller, resource, by_essence[chosen])


async def _answer(request: Request, services: Services, caller: Caller, resource: str, form: Form) -> Response:
    release, cursor = await pinned(request, services)
    soql = parse(request.query_params.multi_items(), services.settings.max_offset)  # before it is told what there is
    dataset = dataset_named(release.datasets, resource)
    if dataset is None:
        raise NotFound("There is no such dataset.")  # as of a hidden one
    limits = services.query_limits(caller.actor)
    if soql.limit is None:
        soql = replace(soql, limit=min(DEFAULT_LIMIT, limits.max_rows))
    at_once = not 0 < (soql.limit or 0) <= limits.max_rows
    query, fields, basis = _question(release, caller, dataset, soql, limits)
    if not form.fits(fields):
        raise NotAcceptable(f"{form.name} needs numbers by the names lon and lat; offered are json and csv.")
    if cursor is not None:
        query = replace(query, after=place_of(cursor, query.digest, lambda: order_of(query)), offset=0)
    note(request, services, names_of(query), query.where)
    headers = headers_of(services, caller, release.number) | _types(fields)
    shown = f"{headers['X-SODA2-Fields']} {[write(item.node) for item in soql.select]}"
    variant = f"soda {form.name} {coding_of(request)} {query.limit} {query.offset} {shown} {basis.name}"
    etag = make_etag(query.view.edition, query.digest, variant, request.query_params.get("cursor", ""))
    same = unchanged(request, etag, headers)
    if same is not None:
        return same
    if isinstance(query, GroupedQuery):
        query = await pay_and_protect(request, services, caller, query, basis)
        headers["CivicLake-Withheld"] = str(bool(query.withheld)).lower()
    else:
        await services.admission.charge(request, price_of(query), services.tier_limits(caller.actor))
    complete = not at_once or await _ends(request, services, caller, query)
    asked = Asked(
        fields=fields,
        limit=None if at_once else query.limit,
        digest=query.digest,
        release=release.number,
        compile=lambda outputs: first(query, outputs) if at_once else compiled(query, outputs),
        form=form,
        headers=headers,
        limits=services.tier_limits(caller.actor),
        complete=complete,
    )
    return await deliver(request, services, asked, etag)


def _question(
    release: OpenRelease, caller: Caller, dataset: str, soql: Soql, limits: Limits
) -> tuple[Question, tuple[Field, ...], Basis]:
    """The question over what the caller may see for it. More rows than a page has leave only to those who export."""
    whole = (soql.limit or 0) > limits.max_rows
    if is_grouped(soql):
        asked = parse_groups(summed(release, caller, dataset), soql, limits)
        query, basis = settle(release, caller, asked.query)
        if whole and basis.minimum is None:
            visible(release, caller, dataset, "export")
        return query, asked.fields, basis
    rows = parse_rows(visible(release, caller, dataset, "export" if whole else "read"), soql, limits)
    return rows.query, rows.fields, Basis()


async def _ends(request: Request, services: Services, caller: Caller, query: Question) -> bool:
    """Whether there are no more rows than the limit of an answer that comes in one go."""
    known = query.view.facts.row_count
    if isinstance(query, Query) and not query.where and known is not None:
        return known - query.offset <= (query.limit or 0)
    await services.admission.charge(request, price_of(query), services.tier_limits(caller.actor))
    statement = counted(compiled(replace(query, limit=None), [exp.Literal.number(1)]), query.limit or 0)
    work = services.engine.fetch(statement, services.settings.statement_timeout, caller=request.state.caller)
    ((rows, *_),) = await until_disconnect(request.receive, work)
    return int(rows) <= (query.limit or 0)


def _types(fields: Sequence[Field]) -> dict[str, str]:
    """The names and types of the columns, as Socrata's headers tell them."""
    return {
        "X-SODA2-Fields": json.dumps([field.name for field in fields]),
        "X-SODA2-Types": json.dumps([TYPES[field.kind.family] for field in fields]),
    }
