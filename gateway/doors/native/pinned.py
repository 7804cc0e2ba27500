"""Which release a page is answered from: that of its cursor, else the one asked for, else the current one."""

from __future__ import annotations

from collections.abc import Mapping

from fastapi import Request

from gateway.doors.deps import release_asked, release_numbered
from gateway.problems import BadCursor, ReleaseMoved
from gateway.query.cursor import Cursor
from gateway.release.opened import OpenRelease
from gateway.services import Services


async def pinned(
    request: Request, services: Services, given: Mapping[str, str] | None = None
) -> tuple[OpenRelease, Cursor | None]:
    """The release, and the cursor that names it: a walk stays on its release when a new one lands. Both stand in the
    address, or where a request is put in a body in what was `given`.

    Raises BadCursor, or ReleaseMoved where the walk's release cannot be read any more.
    """
    found = request.query_params if given is None else given
    sealed = found.get("cursor")
    if sealed is None:
        return await release_asked(request, found), None
    cursor = services.signer.open(sealed)
    if found.get("release", str(cursor.release)) != str(cursor.release):
        raise BadCursor("The cursor belongs to another release.")
    release = await release_numbered(request, cursor.release)
    if cursor.release != release.number and not await request.state.lease.change_to(cursor.release):
        raise ReleaseMoved(f"The walk began on release {cursor.release}, release {release.number} is current.")
    return await release_numbered(request, cursor.release), cursor
