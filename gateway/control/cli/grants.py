"""`civiclake access grant`: a steward's direct grants, with their basis."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer

from gateway.control.cli.option_sets import CommandGroup
from gateway.control.cli.options import (
    Days,
    Names,
    Place,
    check_divisions,
    named,
    now,
    opened,
    say,
    tell,
)

app = CommandGroup(no_args_is_help=True, help="Grants: one dataset, named columns, for a time, on a stated basis.")


@app.command("add")
def add_grant(
    *,
    dataset: Annotated[str, typer.Argument(help="Dataset that is granted.")],
    basis: Annotated[str, typer.Option("--basis", help="Law, duty or agreement the grant rests on; kept with it.")],
    to: Annotated[str | None, typer.Option("--to", help="Person it is granted to (id).")] = None,
    org: Annotated[str | None, typer.Option("--org", help="Or the organisation it is granted to (code).")] = None,
    column: Annotated[Names, typer.Option("--column", help="Column, masked where it has a mask. Repeat.")] = None,
    clear: Annotated[Names, typer.Option("--clear", help="Column in clear (a specific grant, T3). Repeat.")] = None,
    action: Annotated[Names, typer.Option("--action", help="read (default), aggregate, export, verify.")] = None,
    division: Annotated[Names, typer.Option("--division", help="Only rows in this division (code). Repeat.")] = None,
    purpose: Annotated[Names, typer.Option("--purpose", help="Only for this purpose of the policy. Repeat.")] = None,
    statutory: Annotated[
        bool, typer.Option("--statutory", help="The law in --basis demands clear values, L4 included.")
    ] = False,
    days: Days = 90,
    place: Place,
) -> None:
    """Grant columns of a dataset to a person or an organisation, from now on, for a number of days."""
    from catalog.policy.model import RowScope
    from gateway.control import grants
    from gateway.control.errors import ControlError
    from gateway.identity.scope import parse_scope

    with opened(place) as control:
        check_divisions(control, division)
        moment = now()
        actions = parse_scope({"actions": action or ["read"]}).actions
        if actions is None:
            raise ControlError("--action: name what may be done")
        terms = grants.GrantTerms(
            dataset=dataset,
            columns=tuple(column or ()),
            clear_columns=tuple(clear or ()),
            actions=actions,
            basis=basis,
            starts_at=moment,
            expires_at=moment + timedelta(days=days),
            rows=RowScope(divisions=tuple(division or ())),
            purposes=tuple(purpose or ()),
            statutory=statutory,
        )
        with control.store.begin() as session:
            row = grants.add(
                session, terms, principal=to, organisation=org, now=moment, by=control.by, policy=control.policy()
            )
        say(f"{row.dataset} is granted to {to or org} until {row.expires_at:%Y-%m-%d}.")
        typer.echo(row.id)


@app.command("list")
def list_grants(
    *,
    ended: Annotated[bool, typer.Option("--ended", help="Ended and revoked ones too.")] = False,
    place: Place,
) -> None:
    """List grants: what may be done with which dataset, by whom, for what, on which basis, until when."""
    from gateway.control import grants

    with opened(place) as control, control.store.read() as session:
        rows = [r for r in grants.grants(session) if ended or (r.revoked_at is None and r.expires_at > now())]
        tell(
            "Grants",
            [
                (
                    f"{r.id}  {r.dataset} to {r.principal or r.organisation}: {', '.join(r.actions)}",
                    (
                        named(until=r.expires_at, revoked=r.revoked_at, because=r.revoked_for),
                        "all columns, by break-glass" if r.kind == "break_glass" else None,
                        named(columns=r.columns, in_clear=r.clear_columns),
                        f"rows of {named(**r.rows)}" if r.rows else None,
                        named(purpose=r.purposes, basis=r.basis),
                    ),
                )
                for r in rows
            ],
        )


@app.command("revoke")
def revoke_grant(
    grant: Annotated[str, typer.Argument(help="Id of the grant.")],
    reason: Annotated[str, typer.Option("--reason", help="Why it ends; kept with it.")],
    place: Place,
) -> None:
    """End a grant with the next request. If it came of an application that ends with it, and its applicant is told."""
    from gateway.control.cli.desk import ledger_of, say_left
    from gateway.control.workflow import revocation
    from gateway.control.workflow.people import Person

    with opened(place) as control, control.store.begin() as session:
        row = revocation.revoke(
            session,
            grant,
            reason,
            person=Person(control.by, steward=True),
            now=now(),
            ledger=lambda: ledger_of(control),
        )
        say(f"Grant {grant} on {row.dataset} to {row.principal or row.organisation} is revoked: refused from now on.")
        say_left(session, row)
        if row.request is not None:
            say(f"It came of {row.request}; `civiclake access show {row.request}` prints where that stands.")
