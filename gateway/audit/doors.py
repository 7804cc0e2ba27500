"""/v1/me/usage and /v1/admin/usage: a caller sees its own use, a department who used its data and why."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime, time, timedelta

from fastapi import APIRouter, Request, Response

from gateway.answers.json_rows import dumps
from gateway.audit.usage import Span, dataset_usage, own_usage
from gateway.doors.deps import ActorDep, ReleaseDep, ServicesDep, only_parameters
from gateway.policy.actor import WHOLE, Actor
from gateway.problems import BadValue, NotFound, NotPermitted
from gateway.quota.admission import record_of
from gateway.release.opened import OpenRelease
from gateway.web.answers import document_answer

router = APIRouter()

_PARAMETERS = ("dataset", "since", "until")
_DAYS = 30
_PRIVATE = "private, no-store"


@router.api_route("/v1/me/usage", methods=["GET", "HEAD"])
async def my_usage(request: Request, actor: ActorDep, services: ServicesDep) -> Response:
    """What the caller used: sums by dataset, purpose and decision, and its newest accesses."""
    record_of(request).action = "audit"
    only_parameters(request, _PARAMETERS)
    if actor.tier == "T0":
        raise NotPermitted("The public has no use of its own: it is counted as one.")
    span = _span(request)
    found = await asyncio.to_thread(own_usage, services.admission.log.store, actor.id, span, _covered(request, actor))
    return await _answer(request, span, {"caller": actor.id, **found})


@router.api_route("/v1/admin/usage", methods=["GET", "HEAD"])
async def dataset_use(request: Request, actor: ActorDep, release: ReleaseDep, services: ServicesDep) -> Response:
    """Who used the datasets of the caller's organisation, under which grants and for what; of all, for a steward."""
    record_of(request).action = "audit"
    only_parameters(request, _PARAMETERS)
    datasets = _overseen(actor, release)
    asked = request.query_params.get("dataset")
    if not datasets or (asked is not None and asked not in datasets):
        raise NotFound("There is no such dataset of yours.")
    chosen = [asked] if asked is not None else datasets
    span = _span(request)
    found = await asyncio.to_thread(dataset_usage, services.admission.log.store, chosen, span)
    return await _answer(request, span, {"datasets": chosen, **found})


def _covered(request: Request, actor: Actor) -> list[str] | None:
    """The datasets that the caller asks for and its credential covers; None for all."""
    asked, scope = request.query_params.get("dataset"), actor.token or WHOLE
    if asked is not None:
        return [asked] if scope.names(asked) else []
    return sorted(scope.datasets) if scope.datasets is not None else None


def _overseen(actor: Actor, release: OpenRelease) -> list[str]:
    """The datasets whose use a caller may see: a steward's are all, a department's its own."""
    scope = actor.token or WHOLE
    names = [name for name in release.datasets if scope.names(name)]
    if actor.tier == "T4":
        return names
    if actor.tier not in ("T2", "T3") or actor.organisation is None:
        return []
    return [name for name in names if release.datasets[name].entry.owner == actor.organisation]


def _span(request: Request) -> Span:
    """From `since` up to and with `until`, both days of UTC; the last 30 days unless said otherwise."""
    until = _day(request, "until") or datetime.now(UTC).date()
    since = _day(request, "since") or until - timedelta(days=_DAYS)
    if since > until:
        raise BadValue("`since` is later than `until`.", parameter="since")
    return Span(_midnight(since), _midnight(until + timedelta(days=1)))


def _day(request: Request, name: str) -> date | None:
    text = request.query_params.get(name)
    if text is None:
        return None
    try:
        found = date.fromisoformat(text)
    except ValueError:
        raise BadValue(f"`{name}`: expected a date such as 2026-03-31.", parameter=name) from None
    if not 2000 <= found.year < 9000:
        raise BadValue(f"`{name}`: expected a year from 2000.", parameter=name)
    return found


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)


async def _answer(request: Request, span: Span, found: dict[str, object]) -> Response:
    period = {"since": span.since.date().isoformat(), "until": (span.until - timedelta(days=1)).date().isoformat()}
    return await document_answer(request, dumps({**period, **found}), cache=_PRIVATE)
