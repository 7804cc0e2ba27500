"""/v1/feeds/events.atom and /v1/datasets/{id}/events.atom: what happened, as far as the caller may know of it."""

from __future__ import annotations

from typing import Any

import anyio.to_thread
from fastapi import APIRouter, Request, Response

from gateway.control.tables.notices import OutboxEvent
from gateway.doors.deps import CallerDep, DescribedDep, ReleaseDep, ServicesDep, only_parameters
from gateway.notices import outbox
from gateway.notices.atom import MEDIA_TYPE, feed
from gateway.notices.tell import Listener, Teller
from gateway.web.answers import document_answer

router = APIRouter()

_SHOWN, _LOOKED_AT = 100, 1000


@router.api_route("/v1/feeds/events.atom", methods=["GET", "HEAD"])
async def events(request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep) -> Response:
    """The newest events of all datasets."""
    return await _answer(request, release, caller, services, None)


@router.api_route("/v1/datasets/{dataset}/events.atom", methods=["GET", "HEAD"])
async def events_of_dataset(
    request: Request, view: DescribedDep, release: ReleaseDep, caller: CallerDep, services: ServicesDep
) -> Response:
    """The newest events of one dataset."""
    return await _answer(request, release, caller, services, view.dataset)


async def _answer(
    request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep, dataset: str | None
) -> Response:
    only_parameters(request)

    def look() -> list[OutboxEvent]:
        with services.identity.store.read() as session:
            return list(outbox.newest(session, _LOOKED_AT, dataset))

    origin = services.settings.public_url
    teller, listener = Teller(release, services.withdrawals, origin), Listener(caller.actor, caller.purpose)
    documents: list[dict[str, Any]] = []
    for event in await anyio.to_thread.run_sync(look):
        told = await teller.told(event, listener)
        if told is not None:
            documents.append(told)
        if len(documents) == _SHOWN:
            break
    body = feed(release, documents, request.url.path, origin)
    return await document_answer(request, body, media_type=MEDIA_TYPE, cache=services.cache_control(caller.actor))
