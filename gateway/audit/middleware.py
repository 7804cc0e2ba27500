"""The audit trail: makes one row of every access when its answer is over, however it ended."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.audit.record import AccessRecord
from gateway.audit.writer import AuditLog
from gateway.web.disconnect import ClientGoneError
from gateway.web.zero_copy import bytes_of

_CLIENT_GONE, _FAULT = 499, 500
_READING = ("GET", "HEAD", "OPTIONS")
WITHOUT_DATA = frozenset(
    {"/healthz", "/problems", "/problems/{code}", "/robots.txt", "/.well-known/http-message-signatures-directory"}
)
"""Routes that tell nothing about data or people; health checks alone would fill the log."""


class AuditTrail:
    """Puts a record into the request's state for the doors to fill, and hands it to the log at the end.

    Counts the bytes of the body that were given to the server, so that a broken stream is told truly.
    """

    def __init__(self, app: ASGIApp, log: AuditLog) -> None:
        self._app = app
        self._log = log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        record = AccessRecord(scope["state"]["request_id"])
        scope["state"]["access"] = record
        status, sent, complete = 0, 0, False

        async def watched(message: Message) -> None:
            nonlocal status, sent, complete
            await send(message)
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                sent += bytes_of(message)
                complete = not message.get("more_body", False)

        try:
            await self._app(scope, receive, watched)
        except ClientGoneError:
            status = _CLIENT_GONE
            raise
        except BaseException:
            status = status or _FAULT
            raise
        finally:
            door = getattr(scope.get("route"), "path", "")
            if record.actor is None:
                record.actor = getattr(scope["state"].get("identified"), "actor", None)
            reading = record.reading or scope["method"] in _READING
            if not reading and record.action == "read":
                record.action = "change"
            if record.place or door not in WITHOUT_DATA:
                body = 0 if scope["method"] == "HEAD" else sent
                for each in (record, *record.others):
                    each.rows, each.filter = record.rows, record.filter
                    row = each.row(self._log.clock(), door, status, body, complete=complete)
                    self._log.put(row, kept=each.place)
