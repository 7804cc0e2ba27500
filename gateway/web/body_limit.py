"""No request may send more than any request here needs: counted while it arrives, not believed from its length."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.problems import BodyTooLarge
from gateway.web.handlers import problem_response


class BodyLimit:
    """Answers 413 as soon as a body is longer than `most` bytes."""

    def __init__(self, app: ASGIApp, most: int) -> None:
        self._app, self._most = app, most

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        received, begun = 0, False

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self._most:
                raise _TooLongError
            return message

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = True
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except _TooLongError:
            if begun:
                raise
            refusal = BodyTooLarge(f"A request body has at most {self._most} bytes.", headers={"Connection": "close"})
            await problem_response(refusal, scope)(scope, receive, send)


class _TooLongError(Exception):
    """The body went on past the limit."""
