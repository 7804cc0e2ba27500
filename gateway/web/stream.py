"""A streamed answer: chunks as they come, stopped when the caller hangs up, compressed if asked for."""

from __future__ import annotations

import asyncio
import gzip
import zlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.web.disconnect import until_disconnect

_LEVEL = 5
_WORTH_IT = 1024  # shorter bodies do not get smaller enough to pay for it
_GZIP_WINDOW = 31


class StreamAnswer(Response):
    """Sends chunks while they are made. The first one is awaited before the status goes out, so that a query that
    fails at once is a proper problem; later failures break the connection, and the caller sees that."""

    def __init__(
        self, chunks: AsyncGenerator[bytes, None], *, headers: Mapping[str, str], media_type: str, compress: bool
    ) -> None:
        super().__init__(headers=headers, media_type=None)
        self.headers["Content-Type"] = media_type
        del self.headers["Content-Length"]
        if compress:
            self.headers["Content-Encoding"] = "gzip"
        self._chunks = _compressed(chunks) if compress else chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer; a HEAD request computes nothing."""
        if scope["method"] == "HEAD":
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": b""})
            return
        await until_disconnect(receive, self._send(send))

    async def _send(self, send: Send) -> None:
        async with aclosing(self._chunks):
            first = await anext(self._chunks, b"")
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await send({"type": "http.response.body", "body": first, "more_body": True})
            async for chunk in self._chunks:
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})


async def compressed_if_worth(body: bytes) -> bytes | None:
    """The gzip form of a body, or None when it is too short to bother. The same body gives the same bytes."""
    if len(body) < _WORTH_IT:
        return None
    return await asyncio.to_thread(gzip.compress, body, _LEVEL, mtime=0)


async def _compressed(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
    async with aclosing(chunks):
        async for chunk in chunks:
            yield await asyncio.to_thread(packer.compress, chunk)
    yield packer.flush()
