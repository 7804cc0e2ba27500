"""A file as an HTTP answer: whole, in part, or in several parts, with constant memory."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import BinaryIO

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.problems import RangeNotSatisfiable
from gateway.web.conditional import range_still_valid
from gateway.web.disconnect import until_disconnect
from gateway.web.ranges import Span, parse_ranges
from gateway.web.zero_copy import EXTENSION, part_of_file

CHUNK = 1 << 20
_PIECE = 8 << 20
_Give = Callable[[BinaryIO, Span, Send], Awaitable[None]]


class FileAnswer(Response):
    """Answers with the bytes of an immutable file, honouring Range and If-Range.

    Where the server can send files by itself (`http.response.zerocopysend`), their bytes never pass through Python.
    Raises RangeNotSatisfiable when made, before anything was sent.
    """

    def __init__(
        self,
        path: Path,
        size: int,
        *,
        etag: str,
        media_type: str,
        headers: Mapping[str, str],
        range_header: str | None,
        if_range: str | None,
    ) -> None:
        super().__init__(headers={**headers, "ETag": etag, "Accept-Ranges": "bytes"}, media_type=None)
        self._path, self._size, self._type = path, size, media_type
        spans = parse_ranges(range_header, size) if range_still_valid(if_range, etag) else None
        if spans is not None and not spans:
            raise RangeNotSatisfiable(
                f"The file has {size} bytes.", headers={"Content-Range": f"bytes */{size}", "ETag": etag}
            )
        self._spans: list[Span] = spans or [(0, size)]
        self._boundary = f"civiclake-{etag[1:17]}"
        self._describe(partial=spans is not None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer; the file is read in chunks in a thread. It is opened before anything is sent."""
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        if scope["method"] == "HEAD":
            await send(start)
            await send({"type": "http.response.body", "body": b""})
            return
        with await asyncio.to_thread(self._path.open, "rb") as file:
            await send(start)
            give = self._hand_over if EXTENSION in scope.get("extensions", {}) else self._send_span
            await until_disconnect(receive, self._send_spans(file, send, give))

    def _describe(self, *, partial: bool) -> None:
        """Set status and the headers that depend on which bytes go out."""
        several = len(self._spans) > 1
        length = sum(end - first for first, end in self._spans)
        if partial:
            self.status_code = 206
        if several:
            length += sum(len(self._part_head(span)) for span in self._spans) + len(self._closing)
            self.headers["Content-Type"] = f"multipart/byteranges; boundary={self._boundary}"
        else:
            self.headers["Content-Type"] = self._type
            if partial:
                self.headers["Content-Range"] = self._content_range(self._spans[0])
        self.headers["Content-Length"] = str(length)

    async def _send_spans(self, file: BinaryIO, send: Send, give: _Give) -> None:
        several = len(self._spans) > 1
        for span in self._spans:
            if several:
                await send({"type": "http.response.body", "body": self._part_head(span), "more_body": True})
            await give(file, span, send)
        await send({"type": "http.response.body", "body": self._closing if several else b""})

    async def _send_span(self, file: BinaryIO, span: Span, send: Send) -> None:
        place, end = span
        file.seek(place)
        while place < end:
            chunk = await asyncio.to_thread(file.read, min(CHUNK, end - place))
            if not chunk:
                raise OSError(f"{self._path} is shorter than its manifest says")
            place += len(chunk)
            await send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def _hand_over(self, file: BinaryIO, span: Span, send: Send) -> None:
        """Have the server send a span, in pieces, so that it is known how far it came."""
        for place in range(*span, _PIECE):
            count = min(_PIECE, span[1] - place)
            await send(part_of_file(file.fileno(), place, count))

    def _part_head(self, span: Span) -> bytes:
        return (
            f"\r\n--{self._boundary}\r\nContent-Type: {self._type}\r\n"
            f"Content-Range: {self._content_range(span)}\r\n\r\n"
        ).encode()

    @property
    def _closing(self) -> bytes:
        return f"\r\n--{self._boundary}--\r\n".encode()

    def _content_range(self, span: Span) -> str:
        return f"bytes {span[0]}-{span[1] - 1}/{self._size}"
