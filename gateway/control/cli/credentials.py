"""`civiclake access key|client|delegate|whoami`: what callers prove themselves with, and what systems may do."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.control.cli.option_sets import CommandGroup
from gateway.control.cli.options import (
    Days,
    Place,
    ScopeOptions,
    named,
    now,
    opened,
    say,
    tell,
)

keys = CommandGroup(no_args_is_help=True, help="API keys: shown once, kept as a hash, refused once revoked.")
clients = CommandGroup(no_args_is_help=True, help="OAuth clients: department systems that ask for access tokens.")

Holder = Annotated[str, typer.Argument(help="Id of the person or system.")]
KeyId = Annotated[str, typer.Argument(help="Public id of the key: the part between the underscores.")]
Title = Annotated[str, typer.Option("--title", help="What it is for, to tell it from others later.")]
Admin = Annotated[bool, typer.Option("--admin", help="May use the administration routes; stewards only.")]
_ONCE = "Keep it now: it is shown this once and stored nowhere."


@keys.command("issue")
def issue_key(
    *,
    principal: Holder,
    title: Title = "",
    days: Days = 180,
    scope: ScopeOptions,
    admin: Admin = False,
    place: Place,
) -> None:
    """Issue a key. The key alone goes to standard output; the options only narrow what its holder may do."""
    from gateway.control import keys as acts
    from gateway.control.credentials import CredentialTerms

    with opened(place) as control:
        terms = CredentialTerms(principal, title, scope.checked(control, admin=admin), control.lifetime(days))
        with control.store.begin() as session:
            issued = acts.issue(session, control.hasher, terms, now=now(), by=control.by)
        say(f"Key {issued.row.id} of {principal}, until {issued.row.expires_at:%Y-%m-%d}. {_ONCE}")
        typer.echo(issued.text)


@keys.command("rotate")
def rotate_key(
    *,
    key: KeyId,
    overlap: Annotated[float, typer.Option("--overlap", min=0, help="Hours the old key goes on beside the new.")] = 168,
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="Lifetime in days; that of the old key unless given.")
    ] = None,
    place: Place,
) -> None:
    """Issue the successor of a key, with the same holder and scope; the old one ends after the overlap."""
    from gateway.control import keys as acts

    with opened(place) as control:
        with control.store.begin() as session:
            issued = acts.rotate(
                session,
                control.hasher,
                key,
                overlap=timedelta(hours=overlap),
                lifetime=control.lifetime(days) if days is not None else None,
                longest=timedelta(days=control.settings.longest_key_days),
                now=now(),
                by=control.by,
            )
            ends = acts.key_of(session, key).expires_at
        until = f"until {issued.row.expires_at:%Y-%m-%d}"
        say(f"Key {issued.row.id}, {until}, follows {key}, which ends {ends.astimezone():%Y-%m-%d %H:%M}. {_ONCE}")
        typer.echo(issued.text)


@keys.command("revoke")
def revoke_key(key: KeyId, place: Place) -> None:
    """Refuse a key from the next request on."""
    from gateway.control import keys as acts

    with opened(place) as control, control.store.begin() as session:
        row = acts.revoke(session, key, now())
        say(f"Key {key} of {row.principal} is revoked: refused from now on.")


@keys.command("list")
def list_keys(
    *,
    principal: Annotated[str | None, typer.Argument(help="Only keys of this person or system.")] = None,
    place: Place,
) -> None:
    """List keys by their public ids."""
    from gateway.control import keys as acts

    with opened(place) as control, control.store.read() as session:
        tell(
            "Keys",
            [
                (
                    "  ".join(filter(None, (r.id, r.principal, r.title))),
                    (
                        named(until=r.expires_at, revoked=r.revoked_at, followed_by=r.replaced_by),
                        named(last_used=r.last_used_at),
                        f"within: {_brief(r.scope)}",
                    ),
                )
                for r in acts.keys(session, principal)
            ],
        )


@clients.command("add")
def add_client(
    *,
    principal: Holder,
    public_keys: Annotated[
        Path | None,
        typer.Option("--public-keys", help="JWK set (JSON) of the system's own keys; it then signs, without secret."),
    ] = None,
    title: Title = "",
    days: Days = 180,
    scope: ScopeOptions,
    admin: Admin = False,
    place: Place,
) -> None:
    """Register an OAuth client for a system; it gets access tokens from /oauth/token."""
    from gateway.control import clients as acts
    from gateway.control.credentials import CredentialTerms
    from gateway.control.errors import ControlError

    with opened(place) as control:
        terms = CredentialTerms(principal, title, scope.checked(control, admin=admin), control.lifetime(days))
        try:
            given = None if public_keys is None else json.loads(public_keys.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise ControlError(f"--public-keys: {public_keys} cannot be read as JSON: {error}") from None
        with control.store.begin() as session:
            issued = acts.add_client(session, control.hasher, terms, now=now(), by=control.by, public_keys=given)
        say(f"Client of {principal}, until {issued.row.expires_at:%Y-%m-%d}." + (f" {_ONCE}" if issued.secret else ""))
        typer.echo(f"client_id {issued.row.id}" + (f"\nclient_secret {issued.secret}" if issued.secret else ""))


@clients.command("list")
def list_clients(place: Place) -> None:
    """List OAuth clients."""
    from gateway.control import clients as acts

    with opened(place) as control, control.store.read() as session:
        tell(
            "OAuth clients",
            [
                (
                    "  ".join(filter(None, (r.id, r.principal, r.title))),
                    (
                        named(proof="secret" if r.hash else "own keys", until=r.expires_at, revoked=r.revoked_at),
                        named(last_used=r.last_used_at),
                        f"within: {_brief(r.scope)}",
                    ),
                )
                for r in acts.clients(session)
            ],
        )


@clients.command("revoke")
def revoke_client(
    client: Annotated[str, typer.Argument(help="Id of the client.")],
    place: Place,
) -> None:
    """Refuse a client, and the tokens it holds, from the next request on."""
    from gateway.control import clients as acts

    with opened(place) as control, control.store.begin() as session:
        row = acts.revoke_client(session, client, now())
        say(f"Client {client} of {row.principal} is revoked: refused from now on.")


def delegate(
    *,
    system: Annotated[str, typer.Argument(help="Id of the system.")],
    days: Days = 180,
    scope: ScopeOptions,
    place: Place,
) -> None:
    """Let a system act for its organisation, as far as the options say; replaces the delegation before."""
    from gateway.control import delegations

    with opened(place) as control:
        moment = now()
        within, expires = scope.checked(control), moment + control.lifetime(days)
        with control.store.begin() as session:
            row = delegations.delegate(session, system=system, scope=within, expires=expires, now=moment, by=control.by)
        say(f"{system} acts for {row.organisation} until {row.expires_at:%Y-%m-%d}, within: {_brief(row.scope)}.")
        typer.echo(row.id)


def undelegate(
    delegation: Annotated[str, typer.Argument(help="Id of the delegation.")],
    place: Place,
) -> None:
    """End a delegation: the system may do nothing from the next request on."""
    from gateway.control import delegations

    with opened(place) as control, control.store.begin() as session:
        row = delegations.revoke_delegation(session, delegation, now())
        say(f"{row.system} acts for {row.organisation} no more.")


def whoami(
    key: Annotated[
        str,
        typer.Option("--key", envvar="CIVICLAKE_KEY", help="The key; - asks for it, or reads standard input."),
    ],
    place: Place,
) -> None:
    """Say what the gateway takes the holder of a key for: tier, area, grants, what the key narrows."""
    from gateway.control.who import who

    with opened(place) as control:
        text = _asked_for() if key == "-" else key
        typer.echo(json.dumps(who(control, text), ensure_ascii=False, indent=2, default=str))


def _asked_for() -> str:
    """The key from standard input; somebody at a terminal is asked, and does not see it on the screen."""
    if sys.stdin.isatty():
        return str(typer.prompt("Key", hide_input=True, err=True)).strip()
    return sys.stdin.readline().strip()


def _brief(scope: dict[str, Any]) -> str:
    """A stored scope in words; an empty list in it leaves nothing, which is not the same as saying nothing."""
    parts = {name: value or "none" for name, value in scope.items() if name not in ("rows", "admin")}
    rows = {name: value or "none" for name, value in scope.get("rows", {}).items()}
    within = named(**parts, **rows) or "all its holder may"
    return f"{within}; administration too" if scope.get("admin") else within
