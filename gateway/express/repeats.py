"""Repeated questions: what the application said, took and recorded when it gave a kept answer, to be done alike."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl

from starlette.types import Message, Scope, Send

from catalog.policy.model import CompiledPolicy
from gateway.express.plain import Plain
from gateway.express.ready import Made, Ready
from gateway.policy.actor import PUBLIC
from gateway.quota.meter import Price
from gateway.release.opened import OpenRelease, StoredDataset
from gateway.services import Services
from gateway.web.kept import Kept
from gateway.web.middleware import SECURITY_HEADERS, parameters_of

_WEIGHT = 4096  # bytes that one takes, roughly
_SHARE = 16  # which part of the room for kept answers may be taken beside them
_OWN = frozenset({b"x-request-id", b"ratelimit", b"ratelimit-policy", b"content-length"})
"""What each request is told for itself."""
_UNCHANGED = frozenset(
    {b"cache-control", b"vary", b"civiclake-release", b"content-disposition", b"etag"}
    | {name.lower().encode() for name in SECURITY_HEADERS}
)
"""What of an answer is said of it when the caller holds it already."""


@dataclass(frozen=True, slots=True)
class _State:
    """Everything that decides what the public sees of a dataset; while it is the same, so is the answer."""

    release: OpenRelease
    dataset: str
    stored: StoredDataset
    policy: CompiledPolicy
    today: date

    def holds(self, services: Services, release: OpenRelease) -> bool:
        """Whether nothing has changed."""
        policies = services.policies
        return (
            self.release is release
            and self.stored is release.datasets.get(self.dataset)
            and self.policy is policies.current
            and self.today == policies.today(release.catalog.city.timezone)
        )


@dataclass(frozen=True, slots=True)
class _Repeat:
    state: _State
    answer: Ready


class Repeats:
    """Answers that were kept and given again, by their addresses. It holds no bodies: these are kept once, and what is
    forgotten there is not given here."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._known = Kept[_Repeat](services.settings.answer_cache // _SHARE, lambda _: _WEIGHT)

    def clear(self) -> None:
        """Forget everything."""
        self._known.clear()

    def find(self, plain: Plain, release: OpenRelease) -> Ready | None:
        """The answer, if it was given before and nothing has changed since."""
        known = self._known.find(plain.address)
        return known.answer if known is not None and known.state.holds(self._services, release) else None

    def keep(self, plain: Plain, release: OpenRelease, answer: Ready, made: Made) -> None:
        """Repeat from now on an answer that was kept; `made` tells where, and with what headers it goes out."""
        policies, dataset, key = self._services.policies, str(answer.access["dataset"]), made.kept
        if key is None or policies.current is None:
            return
        today = policies.today(release.catalog.city.timezone)
        state = _State(release, dataset, release.datasets[dataset], policies.current, today)

        async def again() -> Made | None:
            found = self._services.kept.find(key, "")
            return None if found is None else replace(made, body=bytes(found[0].body), rows=found[1], kept=None)

        self._known.keep(plain.address, _Repeat(state, replace(answer, make=again)))

    def learning(self, plain: Plain, scope: Scope, send: Send) -> Send:
        """What the application sends an answer with, so that one it took from those it keeps is repeated."""

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and "kept" in scope["state"]:
                self._learn(plain, scope["route"].path, scope["state"], message)
            await send(message)

        return watched

    def _learn(self, plain: Plain, door: str, state: Mapping[str, Any], start: Message) -> None:
        """Keep what was said, if the public was told it of the current release, at the address that was asked; not
        where a total was counted for it, which is done anew each time."""
        key, record, release = state["kept"], state["access"], state["lease"].release
        headers = [(name.lower(), value) for name, value in start["headers"] if name.lower() not in _OWN]
        told = {name for name, _ in headers}
        plainly = record.actor == PUBLIC and not record.others and record.dataset is not None
        here = key[1:] == (plain.path, plain.query) and release is self._services.shelf.current
        if start["status"] != HTTPStatus.OK or not plainly or not here or b"civiclake-total" in told:
            return
        answer = Ready(
            key[0],
            [header for header in headers if header[0] in _UNCHANGED],
            Price(cost=sum(price.cost for price in state["paid"])),
            record.row(datetime.now(UTC), door, HTTPStatus.OK, 0, complete=True),
            parameters_of(name for name, _ in parse_qsl(plain.query, keep_blank_values=True)),
            _never,
        )
        self.keep(plain, release, answer, Made(HTTPStatus.OK, headers, b"", None, key))


async def _never() -> Made | None:
    """What is learned was sent already."""
    return None
