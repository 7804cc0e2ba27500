"""`civiclake access`: the commands a steward runs. Light to import; stores are opened when a command runs."""

from __future__ import annotations

import typer

from gateway.control.cli import accounts, credentials, grants

app = typer.Typer(
    no_args_is_help=True,
    help=(
        "Who may call, and what for: organisations, people, systems, keys, delegations, grants.\n\n"
        "A department in four steps: `org add` takes it from the city's vocabulary, `person add` or `system add`"
        " registers who calls, `key issue` makes the credential, `grant add` opens what its tier does not. Everything"
        " that is revoked is refused from the next request on. The page docs/govern.md goes through it."
    ),
)
app.add_typer(accounts.organisations, name="org")
app.add_typer(accounts.people, name="person")
app.add_typer(accounts.systems, name="system")
app.add_typer(credentials.keys, name="key")
app.add_typer(credentials.clients, name="client")
app.command()(credentials.delegate)
app.command()(credentials.undelegate)
app.add_typer(grants.app, name="grant")
app.command()(credentials.whoami)
