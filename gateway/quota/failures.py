"""Guessing: what an address proves wrongly is counted, and after too much of it none of its proofs is looked at."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.requests import Request

from catalog.policy.model import TierLimits
from gateway.problems import QuotaExceeded, Unauthenticated
from gateway.quota.admission import Admission, record_of
from gateway.quota.meter import WINDOW, Gauge, Price

_POLICY = "failed-credentials"


@dataclass(frozen=True)
class Failures:
    """Refused credentials by the address they came from; `per_minute` says how many it may have.

    What is right is not looked at either while an address has none left: that it passes would tell a right guess from
    a wrong one.
    """

    admission: Admission
    per_minute: Callable[[], int]

    @asynccontextmanager
    async def counted(self, request: Request) -> AsyncIterator[None]:
        """Look at a credential in here. An Unauthenticated counts; QuotaExceeded when the address has none left."""
        await self.check(request)
        try:
            yield
        except Unauthenticated:
            await self.count(request)
            raise

    async def check(self, request: Request) -> None:
        """Raises QuotaExceeded when the address has no failure left."""
        gauge = await self._take(request, Price())
        if gauge.left < 1:
            self._refuse(request, gauge)

    async def count(self, request: Request) -> None:
        """Count one failure. Raises QuotaExceeded when others, at the same time, have taken the last."""
        await self._take(request, Price(requests=1))

    async def _take(self, request: Request, price: Price) -> Gauge:
        limits = TierLimits(requests_per_minute=self.per_minute(), cost_per_minute=1, concurrent_exports=0, page_rows=1)
        caller = f"failures {self.admission.address(request)}"
        found = await self.admission.meter.take(caller, price, limits, self.admission.clock())
        gauge = found.gauges[0]
        if found.refused_by:
            self._refuse(request, gauge)
        return gauge

    @staticmethod
    def _refuse(request: Request, gauge: Gauge) -> None:
        record_of(request).denied(f"quota.{_POLICY}")
        wait = math.ceil(gauge.full_in - WINDOW + WINDOW / gauge.quota)
        raise QuotaExceeded(
            "Too many credentials from this address were refused; for now none is looked at.",
            headers={"Retry-After": str(max(1, wait))},
            **{"violated-policies": [_POLICY]},
        )
