"""Sends one event to one target: a signed CloudEvent by POST, within a time, without following anything."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from catalog.guarded_http import AsyncGuardedTransport
from catalog.retry_after import retry_after
from gateway.answers.json_rows import dumps
from gateway.audit.keys import SigningKey
from gateway.notices.target import TargetRefusedError, Targets
from gateway.notices.tell import MEDIA_TYPE
from gateway.policy.shelf import Clock
from gateway.receipts.signature import content_digest, sign_request

GONE = 410


@dataclass(frozen=True)
class Outcome:
    """What came of one attempt: the status, or the `fault` that there was none for; `sent` bytes.

    `wait` is how many seconds the receiver asks to be left alone.
    """

    status: int | None
    fault: str | None
    sent: int
    wait: float = 0.0

    @property
    def delivered(self) -> bool:
        """Whether the receiver has taken it."""
        return self.status is not None and 200 <= self.status < 300


class Sender:
    """One client for all targets; `key` is the one receipts are signed with."""

    def __init__(self, targets: Targets, key: Callable[[], SigningKey], clock: Clock) -> None:
        self._targets, self._key, self._clock = targets, key, clock
        self._made: httpx.AsyncClient | None = None

    async def send(self, target: str, subscription: str, document: dict[str, Any], timeout: float) -> Outcome:
        """Try once, for so many seconds. Nothing of the answer but its status and Retry-After is read."""
        body = dumps(document)
        url = httpx.URL(target)
        whole = f"{url.scheme}://{url.netloc.decode()}{url.raw_path.decode()}"
        headers = {"content-type": MEDIA_TYPE, "content-digest": content_digest(body)}
        signed = sign_request(self._key(), "POST", whole, headers, int(self._clock().timestamp()))
        more = {"User-Agent": "CivicLake", "CivicLake-Subscription": subscription}
        try:
            async with (
                asyncio.timeout(timeout),
                self._client.stream(
                    "POST", url, content=body, headers={**headers, **signed, **more}, timeout=timeout
                ) as answer,
            ):
                status, asked = answer.status_code, retry_after(answer.headers.get("Retry-After"), 0.0)
        except (TimeoutError, httpx.TimeoutException):
            return Outcome(None, "timeout", len(body))
        except TargetRefusedError:
            return Outcome(None, "address", 0)
        except httpx.HTTPError:
            return Outcome(None, "connection", len(body))
        fault = None if 200 <= status < 300 else "redirect" if 300 <= status < 400 else "status"
        return Outcome(status, fault, len(body), asked)

    async def close(self) -> None:
        """Close all connections."""
        if self._made is not None:
            await self._made.aclose()

    @property
    def _client(self) -> httpx.AsyncClient:
        """Made for the first event: reading the trusted certificates would hold up the start of the server."""
        if self._made is None:
            judge = self._targets.judge
            self._made = httpx.AsyncClient(
                transport=AsyncGuardedTransport(judge("https")),
                mounts={"http://": AsyncGuardedTransport(judge("http"))},
                trust_env=False,
                follow_redirects=False,
            )
        return self._made
