"""/api/3/action/… and /datastore/dump/…: the Action API of CKAN, read only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request, Response

from gateway.answers.json_rows import dumps
from gateway.doors.deps import Caller, CallerDep, ServicesDep
from gateway.doors.facades.ckan_catalogue import CATALOGUE_ACTIONS, Ask, CkanAction
from gateway.doors.facades.ckan_datastore import DATASTORE_ACTIONS, pay, searched
from gateway.doors.facades.paging import headers_of
from gateway.doors.facades.question import compiled
from gateway.doors.native.deliver import Asked, deliver
from gateway.facades.ckan import envelope
from gateway.facades.ckan.datastore import PARAMETERS
from gateway.facades.ckan.parameters import Parameters
from gateway.facades.ckan.records import DUMPS
from gateway.problems import BadValue, RepeatedParameter
from gateway.quota.admission import record_of
from gateway.services import Services
from gateway.web.answers import coding_of, document_answer, unchanged
from gateway.web.conditional import make_etag

router = APIRouter()

_OF_PAGES = ("records_format", "include_total", "total_estimation_threshold", "resource_id", "id")
_DUMPED = ("format", "bom", *(name for name in PARAMETERS if name not in _OF_PAGES))


async def _help(ask: Ask) -> str:
    action = _action(ask.given.required("name"), "name")
    return f"{action.sentence} Parameters: {', '.join(action.parameters) or 'none'}."


ACTIONS: Mapping[str, CkanAction] = {
    action.name: action
    for action in (
        *CATALOGUE_ACTIONS,
        *DATASTORE_ACTIONS,
        CkanAction("help_show", "What an action does.", ("name",), _help),
    )
}


@router.api_route("/api/3/action/{action}", methods=["GET", "HEAD", "POST"])
async def act(action: str, request: Request, caller: CallerDep, services: ServicesDep) -> Response:
    """One action, its parameters in the address or in a JSON body."""
    return await _act(action, request, caller, services)


@router.api_route("/api/action/{action}", methods=["GET", "HEAD", "POST"])
async def act_of_any_version(action: str, request: Request, caller: CallerDep, services: ServicesDep) -> Response:
    """The same, as clients ask that do not name a version."""
    return await _act(action, request, caller, services)


async def _act(name: str, request: Request, caller: Caller, services: Services) -> Response:
    record_of(request).reading = True
    action = _action(name, "action")
    given = await _given(request)
    given.only(action.parameters)
    told = await action.run(Ask(request, services, caller, given))
    body = dumps(envelope.result(action.name, told))
    return await document_answer(request, body, cache=services.cache_control(caller.actor))


def _action(name: str, parameter: str) -> CkanAction:
    if name not in ACTIONS:
        detail = f"There is no action `{name[:80]}` here; there are {', '.join(ACTIONS)}, which all only read."
        raise BadValue(detail, parameter=parameter)
    return ACTIONS[name]


async def _given(request: Request) -> Parameters:
    """The parameters of the address and those of a body, which is JSON or a form."""
    body = await request.body() if request.method == "POST" else b""
    pairs: list[tuple[str, Any]] = [*request.query_params.multi_items()]
    if body.strip() and not body.lstrip().startswith((b"{", b"[")):
        pairs += parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
    else:
        pairs += Parameters.of_body(body).given.items()
    given: dict[str, Any] = {}
    for name, value in pairs:
        if name in given:
            raise RepeatedParameter(f"`{name[:80]}` was given more than once.", parameter=name[:80])
        given[name] = value
    return Parameters(given)


@router.api_route("/datastore/dump/{resource}", methods=["GET", "HEAD"])
async def dump(resource: str, request: Request, caller: CallerDep, services: ServicesDep) -> Response:
    """All rows of a resource, or with `limit` a page of them, as a file."""
    given = await _given(request)
    given.only(_DUMPED)
    form = DUMPS.get(given.text("format") or "csv")
    if form is None:
        raise BadValue(f"`format`: expected {', '.join(DUMPS)}.", parameter="format")
    ask = Ask(request, services, caller, replace(given, given={**given.given, "resource_id": resource}))
    found = await searched(ask, None, services.query_limits(caller.actor).max_rows)
    if found.query.limit == 0:
        raise BadValue("`limit`: expected at least one row.", parameter="limit")
    query, bom = found.query, given.flag("bom", False)
    headers = headers_of(services, caller, found.release.number)
    headers["Content-Disposition"] = f'attachment; filename="{found.view.dataset}.{form.name}"'
    variant = f"ckan dump {form.name} {bom} {coding_of(request)} {query.limit} {query.offset}"
    etag = make_etag(found.view.edition, query.digest, variant, given.text("cursor") or "")
    same = unchanged(request, etag, headers)
    if same is not None:
        return same
    await pay(ask, query)
    asked = Asked(
        fields=found.fields,
        limit=query.limit,
        digest=query.digest,
        release=found.release.number,
        compile=lambda outputs: compiled(query, outputs),
        form=form,
        headers=headers,
        limits=services.tier_limits(caller.actor),
        bom=bom,
    )
    return await deliver(request, services, asked, etag)
