"""Whether a caller of a facade takes what the facade writes; where the address names a form, that is asked for."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import Request

from gateway.facades.ogc import site
from gateway.problems import NotAcceptable
from gateway.web.negotiate import choose

_OGC = (site.GEOJSON, site.JSON, site.SCHEMA, site.OPENAPI.partition(";")[0])


def require_accepted(request: Request, offered: Sequence[str], form: str) -> str:
    """The media type of those offered that the Accept header likes best, the first one where the parameter `form`
    is given. Raises NotAcceptable where the header excludes them all."""
    accept = None if form in request.query_params else request.headers.get("accept")
    found = choose(accept, offered)
    if found is None:
        raise NotAcceptable(f"This is offered as {', '.join(offered)}.")
    return found


async def ogc_accepted(request: Request) -> None:
    """For every address of OGC's: whoever takes one of its kinds of JSON takes the others."""
    require_accepted(request, _OGC, "f")
