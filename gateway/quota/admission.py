"""Admission: a request is named in the audit log and paid for before anything is done for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from starlette.requests import Request

from catalog.policy.model import TierLimits
from gateway.audit.keys import SigningKey
from gateway.audit.record import AccessRecord
from gateway.audit.writer import AuditLog
from gateway.policy.actor import Actor
from gateway.problems import AuditUnavailable, QuotaExceeded
from gateway.quota.client import Network, client_address
from gateway.quota.exports import ExportPlaces
from gateway.quota.meter import WINDOW, Gauge, Meter, Price, Quota, Reading

_PUBLIC_TIER = "T0"


@dataclass(frozen=True)
class Admission:
    """What decides whether a request may go on. `clock` gives seconds since 1970; the meter of `guesses` counts over
    days and months, so it outlives the process."""

    log: AuditLog
    meter: Meter
    guesses: Meter
    exports: ExportPlaces
    receipt_key: SigningKey
    trusted: Sequence[Network] = ()
    clock: Callable[[], float] = field(default=time.time)

    def start(self, patience: float) -> None:
        """Open the log; at most `patience` seconds, after that it goes on trying by itself."""
        self.log.start(patience)

    def stop(self, patience: float) -> None:
        """Write what is left to write and let go of everything."""
        self.log.stop(patience)
        self.meter.close()
        self.guesses.close()
        self.exports.close()

    async def admit(self, request: Request, actor: Actor, limits: TierLimits | None) -> None:
        """Name the caller in the log and take one request from its quota.

        Raises AuditUnavailable for everybody but the public while the log takes no rows, QuotaExceeded when
        nothing is left. Without limits the policy lets the tier do nothing, so there is nothing to count.
        """
        record = record_of(request)
        if record.actor is None:
            record.actor = actor
            self._keep_place(record, actor)
            request.state.caller = self._caller(request, actor)
            await self.charge(request, Price(requests=1), limits)

    def also(self, request: Request) -> AccessRecord:
        """The record of the same access to one more dataset. Raises AuditUnavailable as `admit` does."""
        record = record_of(request)
        other = record.also()
        if record.actor is not None:
            self._keep_place(other, record.actor)
        return other

    async def charge(self, request: Request, price: Price, limits: TierLimits | None) -> None:
        """Take a price from the caller's quota; a negative one gives back what was taken before.

        Raises QuotaExceeded, and then nothing was taken.
        """
        if limits is None:
            return
        found = await self.take(request.state.caller, price, limits)
        request.state.fields = fields(found.gauges)
        request.state.paid = (*getattr(request.state, "paid", ()), price)
        if found.refused_by:
            record_of(request).denied(*(f"quota.{name}" for name in found.refused_by))
            raise _exceeded(found)

    async def take(self, caller: str, price: Price, limits: TierLimits) -> Reading:
        """Take a price from the quota of a caller of this name; what refuses it is told, and not raised."""
        return await self.meter.take(caller, price, Quota.of(limits), self.clock())

    @contextmanager
    def export(self, request: Request, limits: TierLimits | None) -> Iterator[None]:
        """Hold one of the caller's places for streamed answers. Raises QuotaExceeded when all are taken."""
        if limits is None:
            yield
            return
        with self.exports.hold(request.state.caller, limits.concurrent_exports) as held:
            if not held:
                record_of(request).denied("quota.exports")
                raise QuotaExceeded(
                    f"{limits.concurrent_exports} streamed answers at a time are allowed.",
                    headers={"Retry-After": "10"},
                    **{"violated-policies": ["exports"]},
                )
            yield

    def address(self, request: Request) -> str:
        """The address a request comes from, as far as it can be believed."""
        peer = request.client.host if request.client else None
        return client_address(peer, request.headers.getlist("x-forwarded-for"), self.trusted)

    def _keep_place(self, record: AccessRecord, actor: Actor) -> None:
        if actor.tier == _PUBLIC_TIER:
            return
        record.place = self.log.keep_place()
        if not record.place:
            record.denied("audit.unavailable")
            raise AuditUnavailable(headers={"Retry-After": "5"})

    def _caller(self, request: Request, actor: Actor) -> str:
        """Whose quota it is: the caller's own, and for the public that of the address it comes from."""
        if actor.tier != _PUBLIC_TIER:
            return f"caller {actor.id}"
        return self.public(self.address(request))

    @staticmethod
    def public(address: str) -> str:
        """Whose quota it is where anybody asks from an address."""
        return f"public {address}"


def record_of(request: Request) -> AccessRecord:
    """What is known of the access so far."""
    record: AccessRecord = request.state.access
    return record


def fields(gauges: Sequence[Gauge]) -> dict[str, str]:
    """The fields RateLimit-Policy and RateLimit, in the form of draft-ietf-httpapi-ratelimit-headers-11."""
    units = {"requests": "", "cost": ';qu="cost-units"'}
    return {
        "RateLimit-Policy": ", ".join(f'"{g.name}";q={g.quota};w={WINDOW:.0f}{units.get(g.name, "")}' for g in gauges),
        "RateLimit": ", ".join(f'"{g.name}";r={g.left};t={g.full_in}' for g in gauges),
    }


def _exceeded(found: Reading) -> QuotaExceeded:
    names = " and ".join(found.refused_by)
    return QuotaExceeded(
        f"The quota of {names} is used up; it refills within {WINDOW:.0f} seconds.",
        headers={"Retry-After": str(found.retry_after)},
        **{"violated-policies": list(found.refused_by)},
    )
