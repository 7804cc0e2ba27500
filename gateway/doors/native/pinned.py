"""Which release a page is answered from: that of its cursor, else the one asked for, else the current one."""

from __future__ import annotations

from fastapi import Request

from gateway.doors.deps import release_asked, release_numbered
from gateway.problems import BadCursor, ReleaseMoved
from gateway.query.cursor import Cursor
from gateway.release.opened import OpenRelease
from gateway.services import Services


async def pinned(request: Request, services: Services) -> tuple[OpenRelease, Cursor | None]:
    """The release, and the cursor that names it: a walk stays on its release when a new one lands.

    Raises BadCursor, or ReleaseMoved where the walk's release cannot be read any more.
    """
    sealed = request.query_params.get("cursor")
    if sealed is None:
        return await release_asked(request), None
    cursor = services.signer.open(sealed)
    if request.query_params.get("release", str(cursor.release)) != str(cursor.release):
        raise BadCursor("The cursor belongs to another release.")
    release = await release_numbered(request, cursor.release)
    if cursor.release != release.number and not await request.state.lease.change_to(cursor.release):
        raise ReleaseMoved(f"The walk began on release {cursor.release}, release {release.number} is current.")
    return await release_numbered(request, cursor.release), cursor
