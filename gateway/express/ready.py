"""An answer that is decided and only waits to be paid for."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from gateway.audit.chain import Fields
from gateway.doors.native.deliver import KeptKey
from gateway.quota.meter import Price

RawHeaders = list[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class Made:
    """A whole answer: its status, its headers but for those of the single request, its body, how many rows it hands
    out; where it was kept, if it is not repeated yet."""

    status: int
    headers: RawHeaders
    body: bytes
    rows: int | None
    kept: KeptKey | None = None


@dataclass(frozen=True, slots=True)
class Ready:
    """What is known of an answer before it is made: its tag, the headers that say it is unchanged, what it costs beside
    the request itself, what the audit log has of it, the names of its parameters.

    `make` gives it, or None where the application has to.
    """

    etag: str
    unchanged: RawHeaders
    price: Price
    access: Fields
    parameters: list[str]
    make: Callable[[], Awaitable[Made | None]]
