"""Guessing credentials: refusals count for the address they come from, and it is told when to come back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from catalog.policy.model import CompiledPolicy
from catalog.workspace import Workspace
from gateway.identity.presented import KEY_HEADER
from gateway.identity.secret_text import mint
from tests.gateway.conftest import client_over
from tests.gateway.fake_policy import put_policy
from tests.gateway.fake_release import publish
from tests.gateway.key_holders import issue_keys

MOST = 3


@dataclass
class Guesser:
    """A client behind a trusted proxy, at an address of its choice; time stands still until told."""

    client: httpx.Client
    key: dict[str, str]
    clock: list[datetime]

    def ask(self, headers: dict[str, str], address: str = "198.51.100.1") -> httpx.Response:
        return self.client.get("/v1/datasets", headers=headers | {"X-Forwarded-For": address})

    def guess(self) -> httpx.Response:
        return self.ask({KEY_HEADER: mint("clk").text})

    def token(self) -> httpx.Response:
        form = {"grant_type": "client_credentials", "client_id": "cls-none", "client_secret": mint("cls").text}
        return self.client.post("/oauth/token", data=form, headers={"X-Forwarded-For": "198.51.100.1"})


@pytest.fixture
def guesser(tmp_path: Path) -> Iterator[Guesser]:
    publish(tmp_path, 1)
    policy = CompiledPolicy.model_validate_json(Workspace(tmp_path).policy.read_bytes())
    put_policy(tmp_path, policy.model_copy(update={"failed_credentials_per_minute": MOST}))
    clock = [datetime.now(UTC)]
    key = issue_keys(tmp_path, lambda: clock[0])["owner"]
    with client_over(tmp_path, clock=lambda: clock[0], trusted_proxies=("127.0.0.0/8",)) as client:
        yield Guesser(client, key, clock)


def test_after_too_many_wrong_keys_an_address_is_told_to_wait(guesser: Guesser) -> None:
    assert [guesser.guess().status_code for _ in range(MOST + 1)] == [401] * MOST + [429]
    refused = guesser.guess()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "20")
    assert refused.json()["violated-policies"] == ["failed-credentials"]
    assert guesser.ask({}).status_code == 200  # the public needs no credential
    assert guesser.ask(guesser.key).status_code == 200  # others behind the same address go on working
    assert guesser.ask({KEY_HEADER: mint("clk").text}, "198.51.100.2").status_code == 401
    guesser.clock[0] += timedelta(seconds=20)
    assert [guesser.guess().status_code for _ in range(2)] == [401, 429]


def test_right_credentials_cost_no_failures(guesser: Guesser) -> None:
    assert {guesser.ask(guesser.key).status_code for _ in range(3 * MOST)} == {200}
    assert guesser.guess().status_code == 401


def test_wrong_client_secrets_count_with_wrong_keys(guesser: Guesser) -> None:
    assert [guesser.token().status_code for _ in range(MOST)] == [401] * MOST
    refused = guesser.token()
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "20")
    assert guesser.guess().status_code == 429
