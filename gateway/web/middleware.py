"""What every request passes through: a request id, the access log, the last net for faults, and the release lease."""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections.abc import Iterable
from urllib.parse import parse_qsl

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.audit.record import AccessRecord
from gateway.problems import InternalError
from gateway.release.shelf import ReleaseShelf
from gateway.web.disconnect import ClientGoneError
from gateway.web.handlers import problem_response
from gateway.web.zero_copy import bytes_of

access_log = logging.getLogger("gateway.access")
error_log = logging.getLogger("gateway.error")

_GIVEN_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")
_CLIENT_GONE = 499
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
}


class RequestLog:
    """Gives each request an id and writes one structured line about it.

    The line has the names of the parameters and no values: what people search for is not ours to keep.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = request_id_of(Headers(scope=scope).get("x-request-id"))
        scope.setdefault("state", {})["request_id"] = request_id
        began, status, sent = time.perf_counter(), 0, 0

        async def watched(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
                headers.update(scope["state"].get("fields", {}))
            else:
                sent += bytes_of(message)
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except ClientGoneError:
            status = _CLIENT_GONE
        except Exception:
            error_log.exception("request failed", extra={"fields": {"request_id": request_id}})
            if status:
                raise  # the answer has begun: breaking the connection is the only way left to say that it is not whole
            await problem_response(InternalError(), scope)(scope, receive, watched)
        finally:
            access_log.info("request", extra={"fields": _fields(scope, request_id, status, sent, began)})


class ReleaseLease:
    """Holds the current release for the whole request, streamed answers included."""

    def __init__(self, app: ASGIApp, shelf: ReleaseShelf) -> None:
        self._app = app
        self._shelf = shelf

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request under a lease."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        with self._shelf.lease() as lease:
            scope["state"]["lease"] = lease
            await self._app(scope, receive, send)


def request_id_of(given: str | None) -> str:
    """The id of a request: the one it was given, where that has the form of one, else a new one."""
    return given if given is not None and _GIVEN_ID.fullmatch(given) else uuid.uuid4().hex


def parameters_of(names: Iterable[str]) -> list[str]:
    """The names of parameters as the log has them."""
    return sorted({name[:80] for name in names})[:100]


def milliseconds_since(began: float) -> float:
    """The time a request took, as the log has it."""
    return round((time.perf_counter() - began) * 1000, 2)


def _fields(scope: Scope, request_id: str, status: int, sent: int, began: float) -> dict[str, object]:
    state = scope["state"]
    route = scope.get("route")
    query = parse_qsl(scope.get("query_string", b"").decode("latin-1"), keep_blank_values=True)
    return {
        "request_id": request_id,
        "client": scope["client"][0] if scope.get("client") else None,
        "method": scope["method"],
        "route": getattr(route, "path", None),
        "dataset": _datasets(scope),
        "parameters": parameters_of(name for name, _ in query),
        "release": state.get("release"),
        "status": status,
        "bytes": sent,
        "milliseconds": milliseconds_since(began),
    }


def _datasets(scope: Scope) -> str | None:
    """The datasets that were asked for, comma separated: as the door has noted them, else by the address."""
    record: AccessRecord | None = scope["state"].get("access")
    noted = [one.dataset for one in (record, *record.others) if one.dataset] if record is not None else []
    named: str | None = scope.get("path_params", {}).get("dataset")
    return ",".join(dict.fromkeys(noted)) or named
