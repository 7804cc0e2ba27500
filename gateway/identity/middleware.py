"""Who is asking, settled before anything else: no route is reached with a wrong credential, or by mistake as public."""

from __future__ import annotations

import logging

import anyio.to_thread
from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.identity.callers import ANYBODY, Callers, Identified
from gateway.identity.foreign import dialect_of
from gateway.identity.presented import KEY_HEADER, presented, refuse_in_address
from gateway.identity.token_endpoint import ADDRESS
from gateway.problems import ControlUnavailable, CrossSite, Problem
from gateway.quota.admission import record_of
from gateway.quota.failures import Failures
from gateway.web.handlers import problem_response

log = logging.getLogger("gateway.identity")

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def vary_of(*, people: bool) -> str:
    """The headers that tell who asks; `people` says whether anybody can be signed in at all."""
    return f"Authorization, {KEY_HEADER}" + (", Cookie" if people else "")


class Identify:
    """Puts the caller into `state["identified"]`. `origin` is our own public address, for requests from our own
    pages; `people` says whether anybody can be signed in at all."""

    def __init__(self, app: ASGIApp, callers: Callers, failures: Failures, origin: str | None, *, people: bool) -> None:
        self._app, self._callers, self._failures, self._origin = app, callers, failures, origin
        self._vary = vary_of(people=people)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request for whoever it turns out to be."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        caller: Identified | None = None
        dialect = dialect_of(scope["path"])

        async def marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.add_vary_header(self._vary if dialect is None else f"{self._vary}, {dialect.header}")
                if caller is not ANYBODY and "no-store" not in headers.get("cache-control", ""):
                    headers["Cache-Control"] = "private, no-cache"
            await send(message)

        try:
            scope["state"]["identified"] = caller = await self._caller(scope)
        except Problem as problem:
            await problem_response(problem, scope)(scope, receive, marked)
            return
        await self._app(scope, receive, marked)

    async def _caller(self, scope: Scope) -> Identified:
        refuse_in_address(scope.get("query_string", b""))
        if scope["path"] == ADDRESS:  # its credentials are those of OAuth clients, and checked there
            return ANYBODY
        headers = Headers(scope=scope)
        dialect = dialect_of(scope["path"])
        found = (dialect.read(headers) if dialect else None) or presented(headers)
        if found is None:
            return ANYBODY
        if found.kind == "session" and scope["method"] not in _SAFE:
            self._require_own_page(headers)
        try:
            async with self._failures.counted(Request(scope)):
                try:
                    return await anyio.to_thread.run_sync(self._callers.find, found)
                except Problem as refused:
                    record_of(Request(scope)).credential = refused.credential
                    raise
        except SQLAlchemyError as error:
            log.error("the control store does not answer: %s", type(error).__name__)
            raise ControlUnavailable(headers={"Retry-After": "5"}) from None

    def _require_own_page(self, headers: Headers) -> None:
        """A browser adds the cookie to what any site asks of us; only what our own pages ask counts.

        The cookie's SameSite already keeps it from other sites; this holds where a browser does not honour it.
        """
        origin = headers.get("origin")
        if headers.get("sec-fetch-site", "same-origin") != "same-origin" or origin is None or origin != self._origin:
            raise CrossSite("Changes in a signed-in browser are taken from this site's own pages only.")
