"""A feed reaches its configured host and nothing else, whatever names and redirects say."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from catalog.guarded_http import GuardedTransport
from orchestration.connectors.errors import AddressRefusedError
from orchestration.connectors.guard import Guard
from tests.orchestration.http_department import TOKEN, department

CONTRACT = Path("feeds/feed.odcs.yaml")
PUBLIC = "93.184.215.14"


def guard(*answers: str, host: str = "data.example.org", allow_private: bool = False) -> Guard:
    """A guard whose names lead to `answers`."""
    return Guard(host, allow_private=allow_private, contract=CONTRACT, key="url", resolver=lambda *_: answers)


@pytest.mark.parametrize("address", [PUBLIC, "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_public_addresses_pass(address: str) -> None:
    assert guard(address).addresses("DATA.example.org", 443) == [address]


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "::1", "fd00::1", "::ffff:10.0.0.1",
     "64:ff9b::a00:1", "2002:a00:1::", "0.0.0.1", "198.18.0.1"],
)  # fmt: skip
def test_private_addresses_need_leave(address: str) -> None:
    with pytest.raises(AddressRefusedError, match=r"feed\.odcs\.yaml: url: .*private address"):
        guard(PUBLIC, address).addresses("data.example.org", 443)
    assert len(guard(address, allow_private=True).addresses("data.example.org", 443)) == 1


@pytest.mark.parametrize(
    "address", ["169.254.169.254", "fe80::1", "224.0.0.1", "0.0.0.0", "::", "::ffff:169.254.1.1", "255.255.255.255"]
)
def test_link_local_and_the_like_are_never_reached(address: str) -> None:
    with pytest.raises(AddressRefusedError, match="no feed may reach"):
        guard(address, allow_private=True).addresses("data.example.org", 80)


@pytest.mark.parametrize("spelling", ["2130706433", "0x7f.1", "127.1", "localhost"])
def test_other_spellings_of_loopback_are_loopback(spelling: str) -> None:
    real = Guard(spelling, allow_private=False, contract=CONTRACT, key="url")
    with pytest.raises(AddressRefusedError, match="private address"):
        real.addresses(spelling, 80)


def test_another_host_is_refused_before_it_is_resolved() -> None:
    with pytest.raises(AddressRefusedError, match=r"another host, evil\.example"):
        guard(PUBLIC).addresses("evil.example", 443)


def test_the_connection_goes_to_the_address_that_was_checked() -> None:
    """The name is resolved once per request, by the guard; a second, different answer is never asked for."""
    with department({"2026-01-05": []}) as served:
        answers = iter([["127.0.0.1"], [PUBLIC]])
        rebinding = Guard(
            "data.example.org", allow_private=True, contract=CONTRACT, key="url", resolver=lambda *_: next(answers)
        )
        port = httpx.URL(served.url).port
        with httpx.Client(transport=GuardedTransport(rebinding.addresses), trust_env=False) as client:
            url = f"http://data.example.org:{port}/v1?updated_since=2026-01-05&page_size=1"
            answer = client.get(url, headers={"Authorization": f"Bearer {TOKEN}"})
    assert answer.status_code == 200
    assert str(answer.request.url) == url
    assert served.headers[0]["host"] == f"data.example.org:{port}"


def test_a_name_that_turns_private_between_requests_is_refused() -> None:
    with department({}) as served:
        turned = Guard(
            "data.example.org", allow_private=False, contract=CONTRACT, key="url", resolver=lambda *_: ["127.0.0.1"]
        )
        with (
            httpx.Client(transport=GuardedTransport(turned.addresses), trust_env=False) as client,
            pytest.raises(AddressRefusedError),
        ):
            client.get(f"http://data.example.org:{httpx.URL(served.url).port}/")
        assert served.requests == []
