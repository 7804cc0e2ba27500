"""`civiclake access`: the commands a steward runs. Light to import; stores are opened when a command runs."""

from __future__ import annotations

from gateway.control.cli import accounts, asking, credentials, grants, review
from gateway.control.cli.option_sets import CommandGroup

app = CommandGroup(
    no_args_is_help=True,
    help=(
        "Who may call, and what for: organisations, people, systems, keys, delegations, grants, requests.\n\n"
        "A department in four steps: `org add` takes it from the city's vocabulary, `person add` or `system add`"
        " registers who calls, `key issue` makes the credential, `grant add` opens what its tier does not. Everything"
        " that is revoked is refused from the next request on.\n\n"
        "What others ask for: `request list`, `show` one, `review comply`, `review approve`, `review revoke`. The page"
        " docs/govern.md goes through it all."
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
app.add_typer(asking.requests, name="request")
app.command()(review.review)
app.command("show")(review.show_case)
app.command()(review.overdue)
app.command()(review.notices)
app.add_typer(asking.demands, name="demand")
app.add_typer(asking.corrections, name="correction")
app.add_typer(asking.break_glass, name="break-glass")
