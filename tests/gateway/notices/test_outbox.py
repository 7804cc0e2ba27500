"""The outbox and its deliveries on SQLite and PostgreSQL: each event once, each attempt by one process."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from catalog.policy.divisions import DivisionTree
from gateway.control import accounts
from gateway.control.store import ControlStore
from gateway.control.tables.notices import Delivery, OutboxEvent, Subscription
from gateway.identity.callers import Identified
from gateway.notices import deliveries
from gateway.notices.deliveries import Terms
from gateway.notices.outbox import NewEvent, append, clear, newest, newest_number, writing
from gateway.notices.send import Outcome
from gateway.notices.subscriptions import NewSubscription, Standing, subscribe
from gateway.policy.actor import Actor, TokenScope

NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
STANDING = Standing(DivisionTree(()), None)
TERMS = Terms(first_wait=10, longest_wait=1000, attempts=3, timeout=5)
CALLERS = 6


def event(number: int, dataset: str = "tickets") -> NewEvent:
    return NewEvent("release.published", dataset, str(number), {"release": number, "replaces": None})


def subscribed(store: ControlStore) -> str:
    with store.begin() as session:
        accounts.add_organisation(
            session, code="apps", kind="department", title=("甲", "A"), divisions=(), now=NOW, by="t"
        )
        accounts.add_principal(session, name="ann", kind="person", title="", organisation="apps", now=NOW, by="t")
        caller = Identified(Actor("ann", "T2", token=TokenScope(datasets=frozenset({"tickets"}))), "session")
        asked = NewSubscription(target="https://example.org/")
        return subscribe(session, asked, caller, purpose=None, most=5, now=NOW).id


def test_an_event_is_appended_once_whoever_comes_first(store: ControlStore) -> None:
    start = threading.Barrier(CALLERS)

    def tell(_: int) -> int:
        start.wait()
        with writing(store) as (session, _outbox):
            return append(session, [event(1), event(2), event(1, "other")], NOW)

    with ThreadPoolExecutor(CALLERS) as pool:
        assert sorted(pool.map(tell, range(CALLERS))) == [0] * (CALLERS - 1) + [3]
    with writing(store) as (session, outbox):
        assert outbox.moves == CALLERS + 1
        assert append(session, [event(2), event(3)], NOW) == 1
    with store.read() as session:
        rows = newest(session, 10)
        assert [row.number for row in rows] == sorted((row.number for row in rows), reverse=True)
        assert len({row.id for row in rows}) == len(rows) == 4
        assert [row.dataset for row in newest(session, 10, "other")] == ["other"]
    assert store.revision() == 0, "nobody's rights have changed"


def test_a_replay_goes_past_a_moment_in_which_more_happened_than_is_sent_at_once(
    store: ControlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "_REPLAYED", 3)
    name = subscribed(store)
    moments = [NOW + timedelta(seconds=n) for n in (0, 0, 0, 0, 0, 1, 1, 2)]
    with writing(store) as (session, _):
        for number, at in enumerate(moments):
            append(session, [event(number)], at)
    pages: list[list[datetime]] = []
    with store.read() as session:
        row, since = session.get_one(Subscription, name), NOW
        while len(pages) < 5:
            again = deliveries.to_replay(session, row, since)
            pages.append([found.at for found in again.events])
            if again.following is None:
                break
            since = again.following
    assert pages == [moments[:5], moments[5:]]


def test_every_delivery_is_made_and_taken_once(store: ControlStore) -> None:
    name = subscribed(store)
    with writing(store) as (session, _):
        append(session, [event(1), event(2)], NOW)
    start = threading.Barrier(CALLERS)

    def run(_: int) -> int:
        with store.read() as session:
            seen = deliveries.unseen(session, STANDING, NOW)
        start.wait()
        for one in seen:
            with store.note() as session:
                deliveries.advance(session, one, [found.number for found in one.events], NOW)
        start.wait()
        taken = 0
        while True:
            with store.note() as session:
                found = deliveries.due(session, STANDING, TERMS, NOW, busy=[], most=10)
            if not found:
                return taken
            taken += len(found)

    with ThreadPoolExecutor(CALLERS) as pool:
        assert sum(pool.map(run, range(CALLERS))) == 2
    with store.read() as session:
        assert [row.subscription for row in session.scalars(select(Delivery))] == [name, name]
        assert deliveries.unseen(session, STANDING, NOW) == []


def test_an_attempt_that_nobody_ended_is_made_again_and_the_last_one_is_the_last(store: ControlStore) -> None:
    subscribed(store)
    with writing(store) as (session, _):
        append(session, [event(1)], NOW)
    with store.note() as session:
        [seen] = deliveries.unseen(session, STANDING, NOW)
        assert seen.listener is not None
        assert seen.listener.actor.token == TokenScope(datasets=frozenset({"tickets"})), "as narrow as its credential"
        deliveries.advance(session, seen, [seen.reached], NOW)
    now, states = NOW, []
    with store.note() as session:  # taken, and then the process is gone
        assert len(deliveries.due(session, STANDING, TERMS, now, busy=[], most=1)) == 1
    for _ in range(TERMS.attempts):
        now += timedelta(seconds=1000)
        with store.note() as session:
            [taken] = deliveries.due(session, STANDING, TERMS, now, busy=[], most=1)
            states.append(deliveries.record(session, taken, Outcome(500, "status", 10), TERMS, now))
    assert states == ["waiting", "waiting", "dead"]


def test_waits_double_by_chance_and_heed_the_receiver_within_limits() -> None:
    for attempts, least, most in ((1, 5, 10), (2, 10, 20), (4, 40, 80), (9, 500, 1000), (99, 500, 1000)):
        waits = [TERMS.wait(attempts, 0).total_seconds() for _ in range(200)]
        assert all(least <= wait <= most for wait in waits)
        assert len(set(waits)) > 100
    assert TERMS.wait(1, 300).total_seconds() == 300
    assert TERMS.wait(1, 1e12).total_seconds() == 1000


def test_old_events_are_cleared_away_and_their_numbers_never_given_again(store: ControlStore) -> None:
    name = subscribed(store)
    with writing(store) as (session, _):
        append(session, [event(1)], NOW)
        last = newest_number(session)
        deliveries.put(session, name, [last], NOW)
        assert clear(session, NOW) == 0
        assert clear(session, NOW + timedelta(seconds=1)) == 1
        append(session, [event(2)], NOW)
    with store.read() as session:
        assert [row.number for row in session.scalars(select(OutboxEvent))] == [last + 1]
