"""/v1/datasets and /v1/datasets/{id}: what can be read, and how it is built."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.answers.json_rows import MEDIA_TYPE, dumps
from gateway.doors.deps import CallerDep, DescribedDep, ReleaseDep, ServicesDep, only_parameters
from gateway.doors.native.describe import dataset_document, dataset_summary, release_document
from gateway.doors.native.howto import Reader, howto
from gateway.doors.standards.catalogue import dataset_as
from gateway.doors.standards.common import entries_of, origin_of
from gateway.policy.actor import PUBLIC
from gateway.standards.syntax import BY_MEDIA_TYPE
from gateway.web.answers import document_answer
from gateway.web.negotiate import choose

router = APIRouter()


@router.api_route("/v1/datasets", methods=["GET", "HEAD"])
async def list_datasets(request: Request, release: ReleaseDep, caller: CallerDep, services: ServicesDep) -> Response:
    """Every dataset the caller may read, or read about."""
    only_parameters(request, ("release",))
    datasets = [dataset_summary(view) for view in release.views(caller.actor, caller.purpose)]
    body = dumps({"release": release_document(release), "datasets": datasets})
    return await document_answer(request, body, cache=services.cache_control(caller.actor))


@router.api_route("/v1/datasets/{dataset}", methods=["GET", "HEAD"])
async def show_dataset(
    request: Request, view: DescribedDep, release: ReleaseDep, caller: CallerDep, services: ServicesDep
) -> Response:
    """One dataset: titles, grain, licence, columns with types and operators, files, and how it is read.

    As a graph for who accepts that.
    """
    only_parameters(request, ("release",))
    chosen = choose(request.headers.get("accept"), [MEDIA_TYPE, *BY_MEDIA_TYPE])
    if chosen in BY_MEDIA_TYPE:
        return await dataset_as(request, caller, await entries_of(request, release, [view]), BY_MEDIA_TYPE[chosen])
    whole = release.view(view.dataset, caller.actor, caller.purpose, "export") is not None
    pinned = release.number if "release" in request.query_params else None
    reader = Reader(origin_of(request), caller.actor != PUBLIC, whole, pinned)
    body = dumps({**dataset_document(view, release), "howto": howto(view, reader)})
    return await document_answer(request, body, cache=services.cache_control(caller.actor))
