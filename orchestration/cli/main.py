"""The console command `civiclake`."""

from __future__ import annotations

import typer

from orchestration.cli import (
    alarm,
    contract,
    demo,
    doctor,
    draw,
    init,
    lineage,
    policy,
    quarantine,
    release,
    report,
    run,
    serve,
)
from orchestration.cli.exits import EXIT_HELP, ReportingGroup
from orchestration.cli.joined import join_commands

app = typer.Typer(
    name="civiclake",
    cls=ReportingGroup,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help=(
        "Department feeds in, one checked and governed release out.\n\n"
        "Start with `civiclake demo`: it simulates a city, runs it and serves the result. For a city of your own:"
        " `civiclake init my_city`, then `contract check`, `run` and `serve` with `--city my_city`."
    ),
    epilog=EXIT_HELP,
)
app.command()(demo.demo)
app.command()(run.run)
app.command()(serve.serve)
app.add_typer(release.app, name="release")
app.add_typer(contract.app, name="contract")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(policy.app, name="policy")
app.add_typer(draw.app, name="draw")
app.add_typer(alarm.app, name="alarm")
app.command()(report.report)
app.command()(lineage.lineage)
app.command()(init.init)
app.command()(doctor.doctor)
join_commands(app)


def main() -> None:
    """Entry point; exits with one of `ExitCode`."""
    app()
