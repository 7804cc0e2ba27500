"""Events reach those who may know of them, signed, until they are taken; and nobody else."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Any

import pytest
from http_message_signatures import HTTPMessageVerifier, InvalidSignature, algorithms

from catalog.breach import Breach, record_breach
from catalog.workspace import Workspace
from gateway.control import accounts, keys
from gateway.identity.secret_text import public_id
from tests.gateway.conftest import wait_for
from tests.gateway.notices.conftest import LIMITS, City
from tests.gateway.notices.receiver import Got
from tests.gateway.policy.city import entries, publish_city, tables
from tests.gateway.test_receipts import Keys

_ANY_TIME = timedelta(days=36_500)


def verify(city: City, got: Got) -> set[str]:
    """What the signature covers; InvalidSignature when it does not hold."""
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ED25519, key_resolver=Keys(city.client))
    verifier.max_clock_skew = _ANY_TIME  # the city's clock is set by hand
    (result,) = verifier.verify(got, expect_tag="civiclake-event", body=got.body, max_age=_ANY_TIME)
    return set(result.covered_components)


def test_a_withdrawal_reaches_its_subscriber_signed(city: City) -> None:
    subscription = city.subscribe("developer", types=["withdrawal"])
    city.withdraw("open_cases", 13)
    got = city.receiver.next()
    event = got.event
    assert {name: event[name] for name in ("specversion", "type", "subject", "source", "datacontenttype")} == {
        "specversion": "1.0", "type": "withdrawal", "subject": "open_cases", "source": "urn:civiclake:gateway",
        "datacontenttype": "application/json",
    }  # fmt: skip
    assert event["time"] == "2026-11-22T09:00:00Z"
    held = hashlib.sha256(b"open_cases\x1fC00013").hexdigest()[:32]
    assert event["data"]["withdrawals"] == [{"digest": held, "reason": "withdrawn", "effective_on": "2026-11-22"}]
    assert "C00013" not in city.ask("developer", "GET", "/v1/datasets/open_cases/rows?limit=100").text
    assert got.headers["content-type"] == "application/cloudevents+json"
    assert {'"@method"', '"@target-uri"', '"content-digest"', '"content-type"'} <= verify(city, got)
    for changed in (
        Got(got.method, got.url, got.headers, got.body.replace(b"withdrawn", b"published")),
        Got(got.method, got.url + "&x=1", got.headers, got.body),
    ):
        with pytest.raises(InvalidSignature):
            verify(city, changed)
    done = city.until("developer", subscription, state="delivered")
    assert (done["attempts"], done["status"], done["fault"], done["event"]) == (1, 204, None, event["id"])
    assert city.receiver.idle


def test_what_is_sent_is_accounted_for(city: City) -> None:
    subscription = city.subscribe("developer")
    city.withdraw("open_cases", 13)
    city.until("developer", subscription, state="delivered")
    own = "/v1/me/usage?dataset=open_cases&since=2026-01-01&until=2026-12-31"

    def told() -> bool:
        newest = city.ask("developer", "GET", own).json()["newest"]
        return any(access["door"] == "webhook" and access["action"] == "notify" for access in newest)

    wait_for(told)


def test_a_receiver_that_fails_is_tried_again_until_it_takes_the_event(city: City) -> None:
    city.receiver.answers = [(500, {}), (503, {"Retry-After": "100"})]
    subscription = city.subscribe("developer")
    city.withdraw("open_cases", 13)
    first = city.receiver.next()
    failed = city.until("developer", subscription, attempts=1)
    assert (failed["state"], failed["status"], failed["fault"]) == ("waiting", 500, "status")
    city.wait(seconds=10)
    city.receiver.next()
    asked = city.until("developer", subscription, attempts=2)
    assert asked["next_at"] == "2026-11-22T09:01:50+00:00", "as long as the receiver asked to be left alone"
    city.wait(seconds=99)
    assert city.deliveries("developer", subscription)[0]["attempts"] == 2
    city.wait(seconds=1)
    last = city.receiver.next()
    assert city.until("developer", subscription, state="delivered")["attempts"] == 3
    assert first.event == last.event
    assert first.headers["signature"] != last.headers["signature"]
    verify(city, last)


def test_a_delivery_given_up_is_replayed(city: City) -> None:
    city.receiver.answers = [(301, {"Location": "http://127.0.0.1:9/"}), (404, {}), (200, {}), (410, {})]
    city.receiver.answers[2:2] = [(500, {})]
    subscription = city.subscribe("developer")
    city.withdraw("open_cases", 13)
    for attempts, fault in ((1, "redirect"), (2, "status"), (3, "status")):
        city.receiver.next()
        assert city.until("developer", subscription, attempts=attempts)["fault"] == fault
        city.wait(hours=1)
    assert city.deliveries("developer", subscription)[0]["state"] == "dead"
    replay = f"/v1/subscriptions/{subscription}/replay?since="
    assert city.ask("developer", "POST", replay + "2026-11-23T00:00:00Z").json()["events"] == 0
    assert city.receiver.idle
    for since in ("soon", "2026-11-23", ""):
        assert city.ask("developer", "POST", replay + since).json()["code"] == "bad-value"
    again = city.ask("developer", "POST", replay + "2026-11-22T00:00:00Z")
    assert (again.status_code, again.json()["events"], again.json()["next_since"]) == (202, 1, None)
    verify(city, city.receiver.next())
    done = city.until("developer", subscription, state="delivered")
    assert (done["attempts"], done["replays"]) == (1, 1)
    city.ask("developer", "POST", replay + "2026-11-22T00:00:00Z")  # now the receiver says that it is gone
    wait_for(lambda: city.ask("developer", "GET", "/v1/subscriptions").json()["subscriptions"][0]["ended_at"])
    [ended] = city.ask("developer", "GET", "/v1/subscriptions").json()["subscriptions"]
    assert ended["ended_for"] == "gone"
    assert city.ask("developer", "POST", replay + "2026-11-22T00:00:00Z").status_code == 409


def test_nobody_is_told_of_what_it_may_not_see(city: City) -> None:
    """The bureau sees rows of `cases` but not its key, a street may read about it, a developer knows nothing of it."""
    subscribed = {who: city.subscribe(who) for who in ("bureau", "street_a", "developer")}
    city.withdraw("cases", 7)
    got = city.receiver.next()
    assert got.headers["civiclake-subscription"] == subscribed["bureau"]
    assert (got.event["subject"], got.event["data"]["withdrawals"]) == ("cases", [])
    city.withdraw("open_cases", 13)
    seen = [city.receiver.next() for _ in range(3)]
    assert {message.headers["civiclake-subscription"] for message in seen} == set(subscribed.values())
    assert {message.event["subject"] for message in seen} == {"open_cases"}
    for who in ("street_a", "developer"):
        city.until(who, subscribed[who], state="delivered")
        assert [row["dataset"] for row in city.deliveries(who, subscribed[who])] == ["open_cases"]
    for who in ("street_a", "developer"):
        found = city.ask(who, "POST", f"/v1/subscriptions/{subscribed[who]}/replay?since=2026-01-01T00:00:00Z")
        assert found.json()["events"] == 1
    assert city.receiver.next().event["subject"] == city.receiver.next().event["subject"] == "open_cases"
    assert city.ask("developer", "GET", f"/v1/subscriptions/{subscribed['bureau']}").status_code == 404
    assert city.ask("developer", "POST", "/v1/subscriptions", {"target": city.receiver.address, "datasets": ["cases"]}
                    ).json()["detail"] == "`datasets`: there is no dataset `cases`."  # fmt: skip
    assert city.receiver.idle


def test_a_breach_is_told_to_who_reads_the_dataset(city: City) -> None:
    city.subscribe("developer", types=["contract.breached"])
    workspace = Workspace(city.home)
    record_breach(
        workspace, Breach(id="old", kind="batch_held", at=city.now - timedelta(days=1), models=("open_cases",))
    )
    model = entries()[1].model
    record_breach(workspace, Breach(id="run-7", kind="release_blocked", at=city.now, models=(model,)))
    event = city.receiver.next().event
    assert (event["type"], event["data"]["kind"]) == ("contract.breached", "release_blocked")
    assert event["subject"] == "open_cases"


def test_a_subscription_ends_with_its_credential_and_moves_on_with_it(city: City) -> None:
    first, second = city.subscribe("developer"), city.subscribe("approved")
    with city.control() as store, store.begin() as session:
        held = {who: _key(city, who) for who in ("developer", "approved")}
        keys.revoke(session, held["developer"], city.now)
        hasher = _hasher(city)
        keys.rotate(session, hasher, held["approved"], overlap=timedelta(0), lifetime=timedelta(days=9), now=city.now,
                    by="test")  # fmt: skip
    city.withdraw("open_cases", 13)
    assert city.receiver.next().headers["civiclake-subscription"] == second != first
    with city.control() as store, store.begin() as session:
        accounts.suspend_principal(session, "approved", city.now)
    city.withdraw("open_cases", 14)
    publish_city(city.home, tables(), 2)
    wait_for(lambda: city.client.get("/healthz").json()["release"] == 2)
    with city.control() as store:
        _looked_at(store)
    assert city.receiver.idle


def test_a_subscription_ended_by_its_owner_gets_nothing(city: City) -> None:
    first, second = city.subscribe("developer"), city.subscribe("developer")
    assert city.ask("developer", "DELETE", f"/v1/subscriptions/{first}").status_code == 204
    assert city.ask("developer", "GET", f"/v1/subscriptions/{first}").status_code == 404
    city.withdraw("open_cases", 13)
    assert city.receiver.next().headers["civiclake-subscription"] == second
    assert [row["id"] for row in city.ask("developer", "GET", "/v1/subscriptions").json()["subscriptions"]] == [second]


def test_two_gateways_tell_an_event_once(city: City) -> None:
    subscription = city.subscribe("developer")
    with city.served():
        publish_city(city.home, tables(), 2)
        city.withdraw("open_cases", 13)
        got = [city.receiver.next() for _ in range(2)]
        assert {message.event["type"] for message in got} == {"release.published", "withdrawal"}
        wait_for(lambda: [row["state"] for row in city.deliveries("developer", subscription)] == ["delivered"] * 2)
    assert city.receiver.idle


def test_the_public_subscribes_to_nothing_and_callers_to_so_much(city: City) -> None:
    asked = {"target": city.receiver.address}
    assert city.ask("public", "POST", "/v1/subscriptions", asked).status_code == 401
    assert city.ask("public", "GET", "/v1/subscriptions").status_code == 401
    for _ in range(LIMITS.subscriptions_per_caller):
        city.subscribe("developer")
    assert city.ask("developer", "POST", "/v1/subscriptions", asked).json()["code"] == "conflict"
    assert (
        city.ask("developer", "POST", "/v1/subscriptions", asked | {"types": ["lunch"]}).json()["code"] == "bad-value"
    )


def _key(city: City, who: str) -> str:
    found = public_id("clk", next(iter(city.holders[who].headers.values())))
    assert found is not None
    return found


def _hasher(city: City) -> Any:
    from gateway.identity.secret_files import load_secrets
    from gateway.identity.secret_text import Hasher
    from gateway.settings import GatewaySettings

    settings = GatewaySettings(home=city.home)
    return Hasher(load_secrets(settings, Workspace(city.home).control.parent).pepper)


def _looked_at(store: Any) -> None:
    """Wait until every event was looked at for every subscription."""
    from sqlalchemy import select

    from gateway.control.tables.notices import Subscription
    from gateway.notices.outbox import newest_number

    def done() -> bool:
        with store.read() as session:
            return set(session.scalars(select(Subscription.position))) == {newest_number(session)}

    wait_for(done)
