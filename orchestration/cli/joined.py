"""Commands of other packages, joined by name: this package imports none of them."""

from __future__ import annotations

from importlib.metadata import entry_points

import typer

GROUP = "civiclake.commands"


def join_commands(app: typer.Typer) -> None:
    """Add every command group that an installed package offers under `civiclake.commands`.

    What an entry point names must be light to import: it is loaded whenever any command is run.
    """
    for entry in sorted(entry_points(group=GROUP), key=lambda found: found.name):
        app.add_typer(entry.load(), name=entry.name)
