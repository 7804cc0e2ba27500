"""Signs answers for callers that ask for it with Accept-Signature."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.audit.keys import SigningKey
from gateway.receipts.signature import content_digest, label_of, sign


class Receipts:
    """Signs an answer that is whole when it begins: documents, pages, and files whose digest is known (`Repr-Digest`).

    A streamed answer has no digest when its fields go out; it stays without a signature, which the caller sees.
    """

    def __init__(self, app: ASGIApp, key: Callable[[], SigningKey], clock: Callable[[], datetime]) -> None:
        self._app, self._key, self._clock = app, key, clock

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        accepted = Headers(scope=scope).get("accept-signature") if scope["type"] == "http" else None
        if accepted is None:
            await self._app(scope, receive, send)
            return
        started: Message | None = None

        async def signed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = message
                if "repr-digest" not in Headers(raw=message["headers"]):
                    return  # wait for the body: its digest belongs into the fields
            elif started is not None and message["type"] == "http.response.body":
                if message.get("more_body", False):
                    await send(started)
                    started = None
                else:
                    headers = MutableHeaders(raw=started["headers"])
                    headers["Content-Digest"] = content_digest(
                        b"" if scope["method"] == "HEAD" else message.get("body", b"")
                    )
            if started is not None:
                self._sign(scope, started, label_of(accepted))
                begun, started = started, None
                await send(begun)
                if message is begun:
                    return
            await send(message)

        await self._app(scope, receive, signed)

    def _sign(self, scope: Scope, start: Message, label: str) -> None:
        headers = MutableHeaders(scope=start)
        if "X-Request-Id" not in headers:
            headers["X-Request-Id"] = scope["state"]["request_id"]
        query = scope.get("query_string", b"").decode("latin-1")
        path = scope.get("raw_path") or scope["path"].encode()
        headers.update(
            sign(
                self._key(),
                label,
                status=start["status"],
                headers={name.lower(): value for name, value in headers.items()},
                request=[("@method", scope["method"]), ("@path", path.decode("latin-1")), ("@query", f"?{query}")],
                created=int(self._clock().timestamp()),
            )
        )
