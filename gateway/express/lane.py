"""The lane itself: in front of the application, it answers plain requests that it knows how to, and hands on the rest.

Each is decided, parsed, charged, held against its tag, recorded and logged by the same functions as there. What is
left out are the framework, its routes and its middleware: they take many times as long as an answer that is kept.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from catalog.policy.model import TierLimits
from gateway.audit.record import restated
from gateway.express.look_up import LookedUp
from gateway.express.plain import Plain, plain_of
from gateway.express.ready import Made, Ready
from gateway.express.repeats import Repeats
from gateway.identity.presented import refuse_in_address
from gateway.policy.actor import PUBLIC
from gateway.problems import Problem
from gateway.quota.admission import fields
from gateway.quota.client import client_address
from gateway.quota.meter import Gauge, Price
from gateway.services import Services
from gateway.web.conditional import not_modified
from gateway.web.middleware import access_log, milliseconds_since

_OK, _UNCHANGED = HTTPStatus.OK.value, HTTPStatus.NOT_MODIFIED.value


class ExpressLane:
    """Answers what is asked most; `answered` counts it. `vary` are the headers that tell who asks, and from where."""

    def __init__(self, services: Services, vary: str) -> None:
        self.answered = 0
        self._services, self._repeats = services, Repeats(services)
        self._look_ups = LookedUp(services, vary)

    async def serve(self, scope: Scope, receive: Receive, send: Send, application: ASGIApp) -> None:
        """Serve one request, or have it served."""
        plain = plain_of(scope)
        if plain is None:
            await application(scope, receive, send)
        elif not await self._answered(plain, send):
            await application(scope, receive, self._repeats.learning(plain, scope, send))

    def forget(self) -> None:
        """Repeat nothing that was answered before."""
        self._repeats.clear()

    async def _answered(self, plain: Plain, send: Send) -> bool:
        """Whether the request was answered here. If not, nothing was taken, recorded or sent."""
        began, limits = time.perf_counter(), self._services.tier_limits(PUBLIC)
        with self._services.shelf.lease() as lease:
            if lease.release is None or limits is None:
                return False
            try:
                refuse_in_address(plain.query.encode())
                ready = self._repeats.find(plain, lease.release) or self._look_ups.find(plain, lease.release)
                if ready is None:
                    return False
                same = not_modified(plain.same, ready.etag)
                paid = await self._paid(plain, Price(1, 0 if same else ready.price.cost), limits)
            except Problem:  # of the request: the application says so
                return False
            if paid is None:
                return False
            made = Made(_UNCHANGED, ready.unchanged, b"", None) if same else await ready.make()
            if made is None:
                with suppress(Problem):  # what cannot be given back now refills by itself
                    await self._paid(plain, Price(-1, -ready.price.cost), limits)
                return False
            if made.kept is not None:
                self._repeats.keep(plain, lease.release, ready, made)
            await self._give(plain, ready, made, paid, send)
            self._log(plain, ready, made, began)
        self.answered += 1
        return True

    async def _paid(self, plain: Plain, price: Price, limits: TierLimits) -> Sequence[Gauge] | None:
        """The caller's gauges after a price was taken; None where the quota refuses it."""
        admission = self._services.admission
        caller = admission.public(client_address(plain.peer, plain.forwarded, admission.trusted))
        found = await admission.take(caller, price, limits)
        return None if found.refused_by else found.gauges

    async def _give(self, plain: Plain, ready: Ready, made: Made, paid: Sequence[Gauge], send: Send) -> None:
        """Send an answer, and record it however its sending ends."""
        headers = [*made.headers, (b"x-request-id", plain.id.encode())]
        headers += [(name.lower().encode(), value.encode()) for name, value in fields(paid).items()]
        if made.status == _OK:
            headers.append((b"content-length", str(len(made.body)).encode()))
        log, whole = self._services.admission.log, False
        try:
            await send({"type": "http.response.start", "status": made.status, "headers": headers})
            await send({"type": "http.response.body", "body": made.body})
            whole = True
        finally:
            row = restated(ready.access, log.clock(), plain.id, status=made.status, sent=len(made.body), rows=made.rows)
            log.put(row if whole else {**row, "complete": 0}, kept=False)

    def _log(self, plain: Plain, ready: Ready, made: Made, began: float) -> None:
        told = {
            "request_id": plain.id,
            "client": plain.peer,
            "method": "GET",
            "route": ready.access["door"],
            "dataset": ready.access["dataset"],
            "parameters": ready.parameters,
            "release": ready.access["release"],
            "status": made.status,
            "bytes": len(made.body),
            "milliseconds": milliseconds_since(began),
        }
        access_log.info("request", extra={"fields": told})
