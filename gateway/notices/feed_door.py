"""/v1/feeds/events.atom and /v1/datasets/{id}/events.atom: what happened, as far as the caller may know of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
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

_SHOWN, _READ_AHEAD = 100, 1000


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
    origin = services.settings.public_url
    documents: list[dict[str, Any]] = []
    async for told in _told(release, caller, services, dataset):
        documents.append(told)
        if len(documents) == _SHOWN:
            break
    body = feed(release, documents, request.url.path, origin)
    return await document_answer(request, body, media_type=MEDIA_TYPE, cache=services.cache_control(caller.actor))


async def _told(
    release: ReleaseDep, caller: CallerDep, services: ServicesDep, dataset: str | None
) -> AsyncIterator[dict[str, Any]]:
    """What the caller is told of, the newest first, however many events it is not told of lie between."""
    teller = Teller(release, services.withdrawals, services.settings.public_url)
    listener = Listener(caller.actor, caller.purpose)
    hidden = release.datasets.keys() - {view.dataset for view in release.views(caller.actor, caller.purpose)}
    before: int | None = None

    def look() -> list[OutboxEvent]:
        with services.identity.store.read() as session:
            return list(outbox.newest(session, _READ_AHEAD, dataset, before))

    while events := await anyio.to_thread.run_sync(look):
        for event in events:
            if event.dataset not in hidden and (told := await teller.told(event, listener)) is not None:
                yield told
        before = events[-1].number
