"""`civiclake subscriptions`: whom events are sent to, what became of them, and once more on request."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.control.cli.option_sets import CommandGroup
from gateway.control.cli.options import Names, Place, now, opened, say, show

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from sqlalchemy.orm import Session

    from catalog.policy.model import CompiledPolicy
    from gateway.control.cli.options import Control
    from gateway.control.tables.notices import Subscription
    from gateway.notices.outbox import EventType

_LISTED = 50
Which = Annotated[str, typer.Argument(metavar="SUBSCRIPTION", help="Id of the subscription: sub-….")]

app = CommandGroup(
    no_args_is_help=True,
    help=(
        "Webhooks: what happens to a dataset is sent to an address, signed, and tried again until it is taken.\n\n"
        "A registered caller makes its own with POST /v1/subscriptions; here you make one for it (`add`), see all"
        " (`list`), see what became of the events (`deliveries`), send those of a time once more (`replay`) and end"
        " one (`remove`). A running gateway does the sending, and tells only what the caller may know when it is"
        " sent. The page docs/events.md says what events there are and how their signature is checked."
    ),
)


@app.command("list")
def list_subscriptions(
    *,
    caller: Annotated[str | None, typer.Option("--for", help="Only those of this caller (id).")] = None,
    ended: Annotated[bool, typer.Option("--ended", help="Ended ones too.")] = False,
    place: Place,
) -> None:
    """List subscriptions: whose, where to, of what, and whether they have ended."""
    from gateway.notices.subscriptions import of_everybody

    with opened(place) as control, control.store.read() as session:
        rows = [row for row in of_everybody(session, caller) if ended or row.ended_at is None]
        show(
            "Subscriptions",
            ("id", "for", "target", "types", "datasets", "purpose", "made", "ended", "because"),
            [
                (r.id, r.principal, r.target, r.types or "all", r.datasets or "all", r.purpose, r.created_at,
                 r.ended_at, r.ended_for)
                for r in rows
            ],
        )  # fmt: skip


@app.command("add")
def add_subscription(
    *,
    target: Annotated[str, typer.Argument(help="https address that takes the events.")],
    caller: Annotated[str, typer.Option("--for", help="Whose it is (id): it is told what this caller may know.")],
    kinds: Annotated[
        Names, typer.Option("--type", help="Only this type, such as withdrawal. May be repeated; all otherwise.")
    ] = None,
    dataset: Annotated[
        Names, typer.Option("--dataset", help="Only this dataset. May be repeated; all otherwise.")
    ] = None,
    purpose: Annotated[str | None, typer.Option("--purpose", help="What for, where a grant asks for one.")] = None,
    place: Place,
) -> None:
    """Have events sent to an address, from the next one on. The id is printed."""
    from gateway.control.actors import actor_for
    from gateway.identity.callers import Identified
    from gateway.notices.subscriptions import NewSubscription, subscribe, webhook_limits
    from gateway.notices.target import Targets

    with opened(place) as control:
        policy = _policy(control)
        types = _types(kinds)
        _check_known("--dataset", dataset, [entry.id for entry in policy.datasets])
        _check_known("--purpose", [purpose] if purpose else None, list(policy.purposes))
        checked = Targets(control.settings.webhook_networks).check(target)
        asked = NewSubscription(target=checked, types=types, datasets=tuple(dataset) if dataset else None)
        most = webhook_limits(policy).subscriptions_per_caller
        with control.store.note() as session:
            tree, terms = policy.division_tree, control.settings.terms_version
            actor = actor_for(session, caller, now(), tree=tree, terms=terms).actor
            made = subscribe(session, asked, Identified(actor, "session"), purpose=purpose, most=most, now=now())
        say(f"Events for {caller} go to {made.target} from now on, until `civiclake subscriptions remove {made.id}`.")
        typer.echo(made.id)


@app.command("remove")
def remove_subscription(subscription: Which, place: Place) -> None:
    """End a subscription: nothing more is sent, to whomever it belongs."""
    from gateway.notices.subscriptions import end

    with opened(place) as control, control.store.note() as session:
        row = _found(session, subscription)
        end(row, "asked", now())
        say(f"Nothing more is sent to {row.target} for {row.principal}.")


@app.command("deliveries")
def list_deliveries(
    subscription: Which,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many, the newest first.")] = _LISTED,
    *,
    place: Place,
) -> None:
    """List what became of the newest events: state, attempts, the receiver's last status, when it is tried next."""
    from gateway.notices import deliveries

    with opened(place) as control, control.store.read() as session:
        rows = deliveries.newest(session, _found(session, subscription), limit)
        show(
            f"Deliveries of {subscription}",
            ("event", "type", "dataset", "state", "attempts", "replays", "tried", "next", "status", "fault"),
            [
                (event.id, event.type, event.dataset, d.state, d.attempts, d.replays, d.tried_at,
                 d.due_at if d.state == "waiting" else None, d.status, d.fault)
                for d, event in rows
            ],
        )  # fmt: skip


@app.command("replay")
def replay(
    subscription: Which,
    since: Annotated[
        str,
        typer.Option(
            "--since",
            metavar="MOMENT",
            help="From when on, in the city's time: 2026-01-31T08:00.",
        ),
    ],
    place: Place,
) -> None:
    """Send the events of a time on once more, those from before the subscription too."""
    from gateway.control.errors import ConflictError
    from gateway.notices import deliveries
    from gateway.notices.subscriptions import Standing, listener_of

    with opened(place) as control, control.store.note() as session:
        moment = _moment(since, control.zone)
        row, policy = _found(session, subscription), _policy(control)
        standing = Standing(policy.division_tree, control.settings.terms_version)
        if listener_of(session, row, standing, now()) is None:
            raise ConflictError(f"{subscription} has ended, or {row.principal} or its credential is no longer in force")
        again = deliveries.to_replay(session, row, moment)
        count = deliveries.put(session, row.id, [event.number for event in again.events], now())
        say(f"{count} events wait to be sent to {row.target}; what {row.principal} may not know is withheld.")
        if again.following is not None:
            say(f"There are more: go on with --since {again.following.isoformat()}")


def _found(session: Session, name: str) -> Subscription:
    from gateway.control.errors import UnknownError
    from gateway.control.tables.notices import Subscription

    row = session.get(Subscription, name)
    if row is None:
        raise UnknownError(f"there is no subscription {name}; `civiclake subscriptions list` shows them")
    return row


def _policy(control: Control) -> CompiledPolicy:
    from gateway.control.errors import StoreError

    policy = control.policy()
    if policy is None:
        raise StoreError("no policy is in force, so nobody may be told anything; run `civiclake policy apply`")
    return policy


def _types(given: Names) -> tuple[EventType, ...] | None:
    from gateway.notices.outbox import TYPES

    _check_known("--type", given, list(TYPES))
    return tuple(kind for kind in TYPES if kind in given) if given else None


def _check_known(option: str, given: Names, known: list[str]) -> None:
    from gateway.control.errors import UnknownError

    for name in given or ():
        if name not in known:
            raise UnknownError(f"{option}: there is no {name}; there are {', '.join(known)}")


def _moment(text: str, zone: ZoneInfo) -> datetime:
    from gateway.control.errors import ControlError

    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise ControlError(f"--since: {text} is no moment; write 2026-01-31 or 2026-01-31T08:00") from None
    return found if found.tzinfo else found.replace(tzinfo=zone)
