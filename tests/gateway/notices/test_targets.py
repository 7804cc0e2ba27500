"""Webhooks go where they may and nowhere else, whatever names and redirects say."""

from __future__ import annotations

import asyncio
from ipaddress import ip_network

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.audit.keys import SigningKey
from gateway.notices.send import Outcome, Sender
from gateway.notices.target import TargetRefusedError, Targets
from gateway.policy.shelf import utc_now
from tests.gateway.notices.conftest import City
from tests.gateway.notices.receiver import receiving

PUBLIC = "93.184.215.14"
TRIAL = (ip_network("127.0.0.0/8"),)
INTRANET = (ip_network("10.2.0.0/16"), ip_network("169.254.0.0/16"))


@pytest.mark.parametrize(
    "target",
    ["https://127.0.0.1/", "https://localhost/", "https://10.1.2.3/x", "https://192.168.1.1/", "https://[::1]/",
     "https://[fd00::1]/", "https://169.254.169.254/latest/meta-data", "https://[::ffff:10.0.0.1]/", "https://0.0.0.0/",
     "https://2130706433/", "https://0x7f.1/", "https://[64:ff9b::a00:1]/", "http://93.184.215.14/",
     "http://127.0.0.1/", "ftp://93.184.215.14/", "https://user:pw@93.184.215.14/", "https://93.184.215.14/#x",
     "https:///x", "example.org", "https://" + PUBLIC + "/" + "x" * 2000, "https://93.184.215.14:99999/", ""],
)  # fmt: skip
def test_targets_that_are_refused(target: str) -> None:
    with pytest.raises(TargetRefusedError, match=r"^target: ") as refused:
        Targets(()).check(target)
    assert "10." not in str(refused.value)


def test_targets_that_are_taken() -> None:
    assert Targets(()).check(f"https://{PUBLIC}/events?a=1") == f"https://{PUBLIC}/events?a=1"
    assert Targets(INTRANET).check("https://10.2.3.4/") == "https://10.2.3.4/"
    assert Targets(TRIAL).check("http://127.0.0.1:8000/x")
    for target in ("http://10.2.3.4/", "https://10.3.0.1/", "https://169.254.169.254/"):
        with pytest.raises(TargetRefusedError):
            Targets(INTRANET).check(target)


def test_every_address_of_a_name_must_be_one() -> None:
    with pytest.raises(TargetRefusedError):
        Targets((), lambda *_: [PUBLIC, "10.0.0.1"]).check("https://data.example.org/")
    with pytest.raises(TargetRefusedError):
        Targets((), lambda *_: []).check("https://data.example.org/")


def test_a_name_that_turns_private_after_it_was_checked_is_not_connected_to() -> None:
    """CKAN CVE-2024-43371, and DNS rebinding: an address is judged when it is connected to, and no other is."""
    with receiving() as receiver:
        port = receiver.address.split(":")[2].split("/")[0]
        answers = iter([[PUBLIC], ["127.0.0.1"]])
        targets = Targets((), lambda *_: next(answers))
        target = targets.check(f"https://data.example.org:{port}/events")
        assert _sent(targets, target) == Outcome(None, "address", 0)
        assert receiver.idle


def test_a_redirect_is_not_followed() -> None:
    with receiving() as receiver, receiving() as other:
        receiver.answers = [(307, {"Location": other.address})]
        assert _sent(Targets(TRIAL), receiver.address).fault == "redirect"
        receiver.next()
        assert other.idle


def test_what_does_not_answer_is_a_fault_and_no_more() -> None:
    with receiving() as receiver:
        closed = receiver.address
    assert _sent(Targets(TRIAL), closed).fault == "connection"


def _sent(targets: Targets, target: str) -> Outcome:
    key = SigningKey.of(Ed25519PrivateKey.generate())

    async def run() -> Outcome:
        sender = Sender(targets, lambda: key, utc_now)
        try:
            return await sender.send(target, "sub-1", {"id": "1"}, timeout=10)
        finally:
            await sender.close()

    return asyncio.run(run())


def test_a_subscription_to_a_refused_target_is_not_made(city: City) -> None:
    for target in ("https://10.1.2.3/", "http://10.1.2.3/", "gopher://x", "https://169.254.169.254"):
        answer = city.ask("developer", "POST", "/v1/subscriptions", {"target": target})
        assert (answer.status_code, answer.json()["code"]) == (400, "bad-value"), target
    assert city.ask("developer", "GET", "/v1/subscriptions").json() == {"subscriptions": []}
