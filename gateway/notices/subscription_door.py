"""/v1/subscriptions: events sent to an address of the caller's, what became of each, and once more on request."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, TypeVar

import anyio.to_thread
from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy.orm import Session

from gateway.control.errors import ConflictError, UnknownError
from gateway.control.tables.notices import Delivery, OutboxEvent, Subscription
from gateway.doors.admin.steward import answer, as_problems, within
from gateway.doors.deps import CallerDep, IdentifiedDep, ReleaseDep, ServicesDep, only_parameters
from gateway.identity.callers import Identified
from gateway.identity.presented import unauthenticated
from gateway.notices import deliveries, subscriptions
from gateway.notices.subscriptions import NewSubscription, Standing
from gateway.notices.target import Targets
from gateway.notices.tell import Listener, Teller, instant
from gateway.problems import BadValue
from gateway.quota.admission import record_of
from gateway.receipts.door import DIRECTORY
from gateway.receipts.signature import EVENT_TAG
from gateway.services import Services

router = APIRouter(tags=["events"])

_LISTED = 200
_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Counter:
    """One request of a registered caller about its subscriptions."""

    services: Services
    identified: Identified

    @property
    def now(self) -> datetime:
        """This moment."""
        return self.services.identity.clock()

    async def act(self, work: Callable[[Session], _Result]) -> _Result:
        """Do the work in one writing transaction. Nobody's rights change by it."""
        return await within(self.services.identity.store.note, work)

    async def look(self, work: Callable[[Session], _Result]) -> _Result:
        """Do the work in one reading transaction."""
        return await within(self.services.identity.store.read, work)

    def own(self, session: Session, name: str) -> Subscription:
        """A subscription of the caller; UnknownError for any other."""
        return subscriptions.subscription_of(session, name, self.identified)


async def _counter(request: Request, identified: IdentifiedDep, services: ServicesDep) -> Counter:
    record_of(request).action = "subscribe"
    if identified.actor.tier == "T0":
        raise unauthenticated("Subscriptions are for registered callers; everybody may read the feeds.", None)
    return Counter(services, identified)


CounterDep = Annotated[Counter, Depends(_counter)]


@router.post("/v1/subscriptions", status_code=201)
async def subscribe(
    request: Request, body: NewSubscription, counter: CounterDep, release: ReleaseDep, caller: CallerDep
) -> Response:
    """Have events sent to an https address. Each is signed with the gateway's key; the public one checks it."""
    only_parameters(request)
    settings = counter.services.settings
    for name in body.datasets or ():
        if release.described(name, caller.actor, caller.purpose) is None:
            raise BadValue(f"`datasets`: there is no dataset `{name[:80]}`.")
    with as_problems():
        target = await anyio.to_thread.run_sync(Targets(settings.webhook_networks).check, body.target)
    asked = body.model_copy(update={"target": target})

    def work(session: Session) -> Subscription:
        most = subscriptions.webhook_limits(counter.services.policies.current).subscriptions_per_caller
        return subscriptions.subscribe(
            session, asked, counter.identified, purpose=caller.purpose, most=most, now=counter.now
        )

    made = answer(_document(row := await counter.act(work)), 201)
    made.headers["Location"] = f"/v1/subscriptions/{row.id}"
    return made


@router.get("/v1/subscriptions")
async def list_subscriptions(request: Request, counter: CounterDep) -> Response:
    """The caller's subscriptions, the newest first; those that a receiver ended as well."""
    only_parameters(request)
    rows = await counter.look(lambda session: subscriptions.of_caller(session, counter.identified))
    return answer({"subscriptions": [_document(row) for row in rows]})


@router.get("/v1/subscriptions/{subscription}")
async def show_subscription(request: Request, subscription: str, counter: CounterDep) -> Response:
    """One subscription."""
    only_parameters(request)
    return answer(_document(await counter.look(lambda session: counter.own(session, subscription))))


@router.delete("/v1/subscriptions/{subscription}", status_code=204)
async def end_subscription(request: Request, subscription: str, counter: CounterDep) -> Response:
    """End a subscription: nothing more is sent."""
    only_parameters(request)
    await counter.act(lambda session: subscriptions.end(counter.own(session, subscription), "asked", counter.now))
    return Response(status_code=204)


@router.get("/v1/subscriptions/{subscription}/deliveries")
async def list_deliveries(request: Request, subscription: str, counter: CounterDep, release: ReleaseDep) -> Response:
    """What became of the newest events sent: state, attempts, the receiver's last status, when it is tried next."""
    only_parameters(request)

    def work(session: Session) -> tuple[Listener | None, list[tuple[Delivery, OutboxEvent]]]:
        row = counter.own(session, subscription)
        return _listener(session, row, counter), deliveries.newest(session, row, _LISTED)

    listener, rows = await counter.look(work)
    teller = _teller(counter, release)
    listed = [
        _delivery(row, event)
        for row, event in rows
        if listener is not None and await teller.told(event, listener) is not None
    ]
    return answer({"subscription": subscription, "deliveries": listed})


@router.post("/v1/subscriptions/{subscription}/replay", status_code=202)
async def replay(request: Request, subscription: str, counter: CounterDep, release: ReleaseDep) -> Response:
    """Send the events of a time on again, also those from before the subscription; `since` is a moment with a zone."""
    only_parameters(request, ("since",))
    since = _since(request)

    def look(session: Session) -> tuple[Listener, deliveries.Again]:
        row = counter.own(session, subscription)
        listener = _listener(session, row, counter)
        if listener is None:
            raise ConflictError("the subscription or the credential it was made with has ended")
        return listener, deliveries.to_replay(session, row, since)

    listener, again = await counter.look(look)
    teller = _teller(counter, release)
    told = [event for event in again.events if await teller.told(event, listener) is not None]  # and when it is sent

    def work(session: Session) -> int:
        return deliveries.put(session, counter.own(session, subscription).id, [e.number for e in told], counter.now)

    count = await counter.act(work)
    following = instant(again.following) if again.following else None
    return answer({"subscription": subscription, "events": count, "next_since": following}, 202)


def _teller(counter: Counter, release: ReleaseDep) -> Teller:
    return Teller(release, counter.services.withdrawals, counter.services.settings.public_url)


def _listener(session: Session, row: Subscription, counter: Counter) -> Listener | None:
    policy = counter.services.policies.current
    if policy is None:
        raise UnknownError("there is no policy in force")
    standing = Standing(policy.division_tree, counter.services.settings.terms_version)
    return subscriptions.listener_of(session, row, standing, counter.now)


def _document(row: Subscription) -> dict[str, Any]:
    return {
        "id": row.id,
        "target": row.target,
        "types": row.types,
        "datasets": row.datasets,
        "purpose": row.purpose,
        "created_at": row.created_at,
        "ended_at": row.ended_at,
        "ended_for": row.ended_for,
        "signature": {"keys": DIRECTORY, "tag": EVENT_TAG},
        "links": {"deliveries": f"/v1/subscriptions/{row.id}/deliveries"},
    }


def _delivery(row: Delivery, event: OutboxEvent) -> dict[str, Any]:
    return {
        "event": event.id,
        "type": event.type,
        "dataset": event.dataset,
        "state": row.state,
        "attempts": row.attempts,
        "replays": row.replays,
        "tried_at": row.tried_at,
        "next_at": row.due_at if row.state == "waiting" else None,
        "status": row.status,
        "fault": row.fault,
    }


def _since(request: Request) -> datetime:
    try:
        found = datetime.fromisoformat(request.query_params.get("since", ""))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise BadValue("`since`: expected a moment such as 2026-01-31T08:00:00Z.", parameter="since")
    return found
