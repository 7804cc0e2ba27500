"""Which release a request is answered from: that of its cursor, else the current one."""

from __future__ import annotations

from fastapi import Request

from gateway.doors.deps import release_numbered, release_of
from gateway.problems import ReleaseMoved
from gateway.query.cursor import Cursor
from gateway.release.opened import OpenRelease
from gateway.services import Services


async def pinned(request: Request, services: Services) -> tuple[OpenRelease, Cursor | None]:
    """The release, and the cursor that names it. Raises BadCursor, or ReleaseMoved where the walk's release is gone."""
    sealed = request.query_params.get("cursor")
    if sealed is None:
        return release_of(request), None
    cursor = services.signer.open(sealed)
    release = await release_numbered(request, cursor.release)
    if cursor.release != release.number:
        raise ReleaseMoved(f"The walk began on release {cursor.release}, release {release.number} is current.")
    return release, cursor
