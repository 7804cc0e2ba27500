"""Guessing: what an address proves wrongly is counted, and after too much of it the answer is to wait."""

from __future__ import annotations

import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.requests import Request

from gateway.problems import QuotaExceeded, Unauthenticated
from gateway.quota.admission import Admission, record_of
from gateway.quota.meter import WINDOW, Gauge, Price, Quota

_POLICY = "failed-credentials"


@dataclass(frozen=True)
class Failures:
    """Refused credentials by the address they came from; `per_minute` says how many it may have.

    A right credential passes whatever its address has had refused: a department behind one address must not be shut
    out by one script with an expired key, and a secret of 290 bits is not guessed, however many tries there are.
    """

    admission: Admission
    per_minute: Callable[[], int]

    @asynccontextmanager
    async def counted(self, request: Request) -> AsyncIterator[None]:
        """Look at a credential in here. An Unauthenticated counts, and may turn into QuotaExceeded."""
        try:
            yield
        except Unauthenticated:
            await self.count(request)
            raise

    async def count(self, request: Request) -> None:
        """Count one failure. Raises QuotaExceeded when the address had none left."""
        quota = Quota(self.per_minute(), 1)
        caller = f"failures {self.admission.address(request)}"
        found = await self.admission.meter.take(caller, Price(requests=1), quota, self.admission.clock())
        if found.refused_by:
            self._refuse(request, found.gauges[0])

    @staticmethod
    def _refuse(request: Request, gauge: Gauge) -> None:
        record_of(request).denied(f"quota.{_POLICY}")
        wait = math.ceil(gauge.full_in - WINDOW + WINDOW / gauge.quota)
        raise QuotaExceeded(
            "Too many credentials from this address were refused. Use one that is valid, or wait.",
            headers={"Retry-After": str(max(1, wait))},
            **{"violated-policies": [_POLICY]},
        )
