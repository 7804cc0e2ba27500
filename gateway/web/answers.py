"""A document as an HTTP answer: entity tag, 304, compression, cache headers."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from gateway.web.conditional import make_etag, not_modified
from gateway.web.negotiate import accepts_gzip
from gateway.web.stream import compressed_if_worth

VARY = "Accept, Accept-Encoding, CivicLake-Purpose"
"""What an answer can depend on besides its address and its caller; who asks is added to every answer on its way out."""


def wants_gzip(request: Request) -> bool:
    """Whether the caller takes gzip."""
    return accepts_gzip(request.headers.get("accept-encoding"))


def unchanged(request: Request, etag: str, headers: Mapping[str, str]) -> Response | None:
    """304 when the caller already holds the representation with this tag, else None."""
    if not_modified(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers={**headers, "ETag": etag})
    return None


async def body_answer(
    request: Request, body: bytes, *, etag: str, media_type: str, headers: Mapping[str, str]
) -> Response:
    """200 with a whole body, compressed when the caller takes it and it pays."""
    packed = await compressed_if_worth(body) if wants_gzip(request) else None
    answer = Response(body if packed is None else packed, headers={**headers, "ETag": etag}, media_type=None)
    answer.headers["Content-Type"] = media_type
    if packed is not None:
        answer.headers["Content-Encoding"] = "gzip"
    return answer


async def document_answer(
    request: Request, body: bytes, *, media_type: str = "application/json", cache: str = "public, no-cache"
) -> Response:
    """A small document whose tag is made from its bytes."""
    headers = {"Cache-Control": cache, "Vary": VARY}
    etag = make_etag(body.hex(), str(wants_gzip(request)))
    return unchanged(request, etag, headers) or await body_answer(
        request, body, etag=etag, media_type=media_type, headers=headers
    )
