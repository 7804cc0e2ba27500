"""A city with callers of every tier, and a server over it that is asked in SQL."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.gateway.conftest import client_over
from tests.gateway.policy.city import NOW, SECRET, Holder, publish_city, register, tables


@dataclass
class Asking:
    """Asks questions as one of the callers."""

    home: Path
    client: httpx.Client
    holders: dict[str, Holder]

    def __call__(self, text: str, caller: str = "developer", **more: object) -> httpx.Response:
        """The answer to a question sent as a body."""
        headers = self.holders[caller].headers
        return self.client.post("/v1/sql", json={"sql": text, **more}, headers=headers, timeout=60)

    def rows(self, text: str, caller: str = "developer") -> list[tuple[object, ...]]:
        """The rows of an answer that must be whole."""
        answer = self(text, caller)
        assert answer.status_code == 200, answer.text
        assert answer.json()["complete"] is True
        return [tuple(row.values()) for row in answer.json()["rows"]]

    def refused(self, text: str, caller: str = "developer") -> dict[str, object]:
        """The problem of a refusal that is the caller's to mend."""
        answer = self(text, caller)
        assert answer.status_code == 400, answer.text
        assert answer.headers["Content-Type"] == "application/problem+json"
        return {name: part for name, part in answer.json().items() if name not in ("instance", "request_id")}


@pytest.fixture(scope="package")
def asking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    home = tmp_path_factory.mktemp("asked")
    publish_city(home, tables())
    holders = register(home)
    with client_over(home, clock=lambda: NOW, **SECRET) as client:
        yield Asking(home, client, holders)
