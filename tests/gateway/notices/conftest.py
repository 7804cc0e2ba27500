"""A city whose gateway tells of events: callers with keys, a clock set by hand, a receiver."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from catalog.policy.load import shared_limits
from catalog.workspace import Workspace
from gateway.control.store import ControlStore, sqlite_url
from gateway.control.tables.notices import Outbox
from gateway.withdrawal.manual import Order, withdraw
from tests.gateway.conftest import client_over, wait_for
from tests.gateway.control.conftest import postgres_url, store, store_url  # noqa: F401  -- fixtures
from tests.gateway.fake_policy import put_policy
from tests.gateway.notices.receiver import Receiver, receiving
from tests.gateway.policy.city import NOW, SECRET, Holder, policy, publish_city, register, tables

SETTINGS: dict[str, Any] = {
    **SECRET,
    "webhook_networks": ["127.0.0.0/8"],
    "notice_poll": 0.05,
    "release_poll": 0.05,
    "withdrawal_poll": 0.05,
}
LIMITS = shared_limits().webhooks.model_copy(
    update={"attempts": 3, "timeout_seconds": 5, "subscriptions_per_caller": 4}
)


@dataclass
class City:
    """A served city; `now` is what its clock says."""

    home: Path
    holders: dict[str, Holder]
    receiver: Receiver
    client: httpx.Client = field(default_factory=httpx.Client)
    now: datetime = NOW

    def ask(self, who: str, method: str, address: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.client.request(method, address, json=body, headers=self.holders[who].headers | headers)

    def subscribe(self, who: str, **asked: Any) -> str:
        made = self.ask(who, "POST", "/v1/subscriptions", {"target": self.receiver.address} | asked)
        assert made.status_code == 201, made.text
        found: str = made.json()["id"]
        return found

    def deliveries(self, who: str, subscription: str) -> list[dict[str, Any]]:
        answer = self.ask(who, "GET", f"/v1/subscriptions/{subscription}/deliveries")
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["deliveries"]
        return found

    def until(self, who: str, subscription: str, **expected: Any) -> dict[str, Any]:
        """The newest delivery as soon as it is as expected."""

        def there() -> bool:
            found = self.deliveries(who, subscription)
            return bool(found) and expected.items() <= found[0].items()

        wait_for(there)
        return self.deliveries(who, subscription)[0]

    def withdraw(self, dataset: str, number: int) -> None:
        """A steward orders that a row is shown no more."""
        with self.control() as opened, opened.begin() as session:
            order = Order(dataset, (f"C{number:05d}",), "ordered", "Decision 7", self.now.date())
            withdraw(session, order, now=self.now, by="steward")

    def wait(self, **span: float) -> None:
        self.now += timedelta(**span)

    @contextmanager
    def control(self) -> Iterator[ControlStore]:
        opened = ControlStore(sqlite_url(Workspace(self.home).control))
        try:
            yield opened
        finally:
            opened.close()

    @contextmanager
    def served(self, **settings: Any) -> Iterator[httpx.Client]:
        with client_over(self.home, clock=lambda: self.now, **(SETTINGS | settings)) as client:
            yield client


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    """A city of its own for each test, served."""
    publish_city(tmp_path, tables())
    put_policy(tmp_path, policy().model_copy(update={"webhooks": LIMITS}))
    with ExitStack() as stack:
        made = City(tmp_path, register(tmp_path), stack.enter_context(receiving()))
        made.client = stack.enter_context(made.served())
        with made.control() as opened:
            wait_for(lambda: _has_begun(opened))
        yield made


def _has_begun(opened: ControlStore) -> bool:
    """Whether what is there from the start is known; all that comes after it is told."""
    with opened.read() as session:
        outbox = session.scalars(select(Outbox)).one()
        return outbox.began_at is not None and outbox.listed
