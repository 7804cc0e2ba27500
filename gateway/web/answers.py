"""A document as an HTTP answer: entity tag, 304, compression, cache headers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from gateway.web.codings import PACKERS
from gateway.web.conditional import make_etag, not_modified
from gateway.web.negotiate import choose_coding
from gateway.web.stream import compressed_if_worth

VARY = "Accept, Accept-Encoding, CivicLake-Purpose"
"""What an answer can depend on besides its address and its caller; who asks is added to every answer on its way out."""


def coding_of(request: Request) -> str | None:
    """The content coding the caller likes best, of those we have; None for plain bytes."""
    return choose_coding(request.headers.get("accept-encoding"), tuple(PACKERS))


def unchanged(request: Request, etag: str, headers: Mapping[str, str]) -> Response | None:
    """304 when the caller already holds the representation with this tag, else None."""
    if not_modified(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers={**headers, "ETag": etag})
    return None


async def body_answer(
    request: Request, body: bytes, *, etag: str, media_type: str, headers: Mapping[str, str]
) -> Response:
    """200 with a whole body, compressed when the caller takes it and it pays."""
    return await whole_answer(coding_of(request), body, etag=etag, media_type=media_type, headers=headers)


async def whole_answer(
    coding: str | None, body: bytes, *, etag: str, media_type: str, headers: Mapping[str, str]
) -> Response:
    """200 with a whole body, in a coding where it pays."""
    packed = await compressed_if_worth(body, coding) if coding is not None else None
    answer = Response(body if packed is None else packed, headers={**headers, "ETag": etag}, media_type=None)
    answer.headers["Content-Type"] = media_type
    if packed is not None and coding is not None:
        answer.headers["Content-Encoding"] = coding
    return answer


async def document_answer(
    request: Request, body: bytes, *, media_type: str = "application/json", cache: str = "public, no-cache"
) -> Response:
    """A small document whose tag is made from its bytes."""
    headers = {"Cache-Control": cache, "Vary": VARY}
    etag = make_etag(hashlib.sha256(body).hexdigest(), str(coding_of(request)))
    return unchanged(request, etag, headers) or await body_answer(
        request, body, etag=etag, media_type=media_type, headers=headers
    )
