"""Meters: requests and cost of each caller against its limits, taken together or not at all.

Each limit is a bucket that refills evenly and holds one window's quota. Its state is one time: when it would be
full again. So a meter is two times per caller, changed in one step.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from catalog.policy.model import TierLimits

WINDOW = 60.0  # seconds: the limits of a tier are per minute
IMPOSSIBLE = 2  # windows: no bucket is further behind, even where the clocks of two machines differ
_SLACK = 1e-4  # times are floats: a caller is not refused for their last digit
_MANY = 50_000


@dataclass(frozen=True)
class Quota:
    """How many requests and units of cost there are in a `window`, in seconds."""

    requests: int
    cost: int
    window: float = WINDOW

    @classmethod
    def of(cls, limits: TierLimits) -> Quota:
        """What a caller of a tier has in a minute."""
        return cls(limits.requests_per_minute, limits.cost_per_minute)


Full = tuple[float, float]
"""When the bucket of requests and the bucket of cost would be full again, in seconds since 1970."""


@dataclass(frozen=True)
class Price:
    """What a step takes. More than a whole quota takes the whole quota."""

    requests: int = 0
    cost: int = 0

    def waits(self, quota: Quota) -> Full:
        """By how many seconds each bucket is set back."""
        return (
            min(self.requests / quota.requests, 1.0) * quota.window,
            min(self.cost / quota.cost, 1.0) * quota.window,
        )


@dataclass(frozen=True)
class Gauge:
    """One bucket after a step: its name, quota, what is left in it, and in how many seconds it is full again."""

    name: str
    quota: int
    left: int
    full_in: int


@dataclass(frozen=True)
class Reading:
    """The outcome of a step: the gauges after it, the names of the limits that refused it, and when to try again."""

    gauges: tuple[Gauge, ...]
    refused_by: tuple[str, ...] = ()
    retry_after: int = 0


class Meter(Protocol):
    """Takes a price from a caller's buckets, from all or from none; never lets two takers have the same."""

    async def take(self, caller: str, price: Price, quota: Quota, now: float) -> Reading:
        """One step at a time, `now` in seconds since 1970; a caller's quota has the same window each time."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


class MemoryMeter:
    """The meter of a single process."""

    def __init__(self) -> None:
        self._full: dict[str, Full] = {}

    async def take(self, caller: str, price: Price, quota: Quota, now: float) -> Reading:
        """There is no await in here, so nobody comes in between."""
        before = self._full.get(caller, (now, now))
        after = step(before, price.waits(quota), now, quota.window)
        if after is None:
            return refusal(before, price, quota, now)
        if caller not in self._full and len(self._full) >= _MANY:
            self._full = {name: full for name, full in self._full.items() if max(full) > now}
        self._full[caller] = after
        return reading(after, quota, now)

    def close(self) -> None:
        """Nothing is held."""


def step(full: Full, waits: Full, now: float, window: float = WINDOW) -> Full | None:
    """The buckets after a step, None when one of them has not enough."""
    after = tuple(_bounded(time, now, window) + wait for time, wait in zip(full, waits, strict=True))
    return None if max(after) - now > window + _SLACK else (after[0], after[1])


def reading(full: Full, quota: Quota, now: float) -> Reading:
    """The gauges of buckets in this state."""
    window = quota.window
    wholes = (("requests", quota.requests), ("cost", quota.cost))
    return Reading(
        tuple(
            Gauge(name, whole, max(0, math.floor((window - behind) * whole / window + _SLACK)), math.ceil(behind))
            for (name, whole), behind in zip(wholes, (_bounded(time, now, window) - now for time in full), strict=True)
        )
    )


def refusal(full: Full, price: Price, quota: Quota, now: float) -> Reading:
    """The reading of a step that was refused, with the limits that refused it."""
    gauges, window = reading(full, quota, now).gauges, quota.window
    short = [
        _bounded(time, now, window) + wait - now - window for time, wait in zip(full, price.waits(quota), strict=True)
    ]
    names = tuple(gauge.name for gauge, missing in zip(gauges, short, strict=True) if missing > _SLACK)
    return Reading(gauges, names or ("requests",), max(1, math.ceil(max(short))))


def _bounded(time: float, now: float, window: float) -> float:
    """Never in the past. A time no bucket can have was written before the clock was set back: it counts for nothing."""
    return now if time - now > IMPOSSIBLE * window else max(time, now)
