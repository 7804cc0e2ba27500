"""A streamed answer: chunks as they come, stopped when the caller hangs up, compressed if asked for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.web.codings import PACKERS, WHOLE, Packer
from gateway.web.disconnect import until_disconnect

_WORTH_IT = 1024  # shorter bodies do not get smaller enough to pay for it


class StreamAnswer(Response):
    """Sends chunks while they are made. The first one is awaited before the status goes out, so that a query that
    fails at once is a proper problem; later failures break the connection, and the caller sees that."""

    def __init__(
        self, chunks: AsyncGenerator[bytes, None], *, headers: Mapping[str, str], media_type: str, coding: str | None
    ) -> None:
        super().__init__(headers=headers, media_type=None)
        self.headers["Content-Type"] = media_type
        del self.headers["Content-Length"]
        if coding is not None:
            self.headers["Content-Encoding"] = coding
        self._chunks = chunks if coding is None else _compressed(chunks, PACKERS[coding]())

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


async def compressed_if_worth(body: bytes, coding: str) -> bytes | None:
    """A body in a content coding, or None when it is too short to bother. The same body gives the same bytes."""
    if len(body) < _WORTH_IT:
        return None
    return await asyncio.to_thread(WHOLE[coding], body)


async def _compressed(chunks: AsyncGenerator[bytes, None], packer: Packer) -> AsyncGenerator[bytes, None]:
    async with aclosing(chunks):
        async for chunk in chunks:
            piece = await asyncio.to_thread(packer.pack, chunk)
            if piece:
                yield piece
    yield await asyncio.to_thread(packer.end)
