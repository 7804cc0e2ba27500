"""/v1/datasets/{id}/files/{name}: the files of a release, byte for byte."""

from __future__ import annotations

from base64 import b64encode
from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from gateway.doors.deps import CallerDep, ExportedDep, ReleaseDep, ServicesDep, only_parameters
from gateway.problems import FileBeingMade, NotFound
from gateway.quota.admission import record_of
from gateway.quota.cost import file_units
from gateway.quota.meter import Price
from gateway.web.answers import VARY, unchanged
from gateway.web.filebody import FileAnswer

router = APIRouter()


@router.api_route("/v1/datasets/{dataset}/files/{name}", methods=["GET", "HEAD"])
async def download(
    request: Request, view: ExportedDep, release: ReleaseDep, caller: CallerDep, services: ServicesDep
) -> Response:
    """A whole file or a range of it. Its entity tag is the sha256 of its bytes, so a download can be resumed after
    a new release as long as the file is the same."""
    only_parameters(request, ("release",))
    record_of(request).columns = tuple(column.name for column in view.columns)
    name = request.path_params["name"]
    file = next((file for file in view.distributions if file.name == name), None)
    if file is None:
        raise NotFound("There is no such file.")
    if not file.sha256:
        raise _being_made()
    etag = f'"{file.sha256}"'
    headers = {
        "Cache-Control": services.cache_control(caller.actor),
        "Vary": VARY,
        "CivicLake-Release": str(release.number),
        "Content-Disposition": f'attachment; filename="{file.name}"',
        "Repr-Digest": f"sha-256=:{b64encode(bytes.fromhex(file.sha256)).decode()}:",
    }
    same = unchanged(request, etag, headers)
    if same is not None:
        return same
    limits = services.tier_limits(caller.actor)
    await services.admission.charge(request, Price(cost=file_units(file.bytes)), limits)
    path = release.file(view.dataset, file.name, file.sha256)
    if path is None:
        raise _being_made()
    answer = FileAnswer(
        path,
        file.bytes,
        etag=etag,
        media_type=file.media_type,
        headers=headers,
        range_header=request.headers.get("range"),
        if_range=request.headers.get("if-range"),
    )
    if answer.status_code == HTTPStatus.OK:
        record_of(request).rows = view.facts.row_count
    return answer


def _being_made() -> FileBeingMade:
    return FileBeingMade(headers={"Retry-After": "2"})
