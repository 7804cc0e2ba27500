"""`civiclake withdrawal`: rows a steward withdraws by order, shows again, and lists."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.control.cli.option_sets import CommandGroup
from gateway.control.cli.options import Place, now, opened, say, show

if TYPE_CHECKING:
    from catalog.workspace import Workspace

app = CommandGroup(
    no_args_is_help=True,
    help=(
        "Rows that must no longer be shown, by order of a steward. Every gateway leaves them out of every release"
        " within seconds. What repairs and publicity windows demand is withdrawn by itself."
    ),
)


@app.command("add")
def add_withdrawal(
    *,
    dataset: Annotated[str, typer.Argument(help="Dataset the row is in.")],
    key: Annotated[list[str], typer.Option("--key", help="COLUMN=VALUE; one for each column of the dataset's key.")],
    basis: Annotated[str, typer.Option("--basis", help="Decision or law the order rests on; kept with it.")],
    reason: Annotated[str, typer.Option("--reason", help="ordered, or personal_data.")] = "ordered",
    effective: Annotated[
        str | None, typer.Option("--from", help="First day (YYYY-MM-DD); today when not given.")
    ] = None,
    place: Place,
) -> None:
    """Withdraw one row of a dataset: from every door, every release, every file."""
    from gateway.withdrawal.look_up import is_there
    from gateway.withdrawal.manual import Order, withdraw

    with opened(place) as control:
        named = _key(control.workspace, dataset, key)
        parts = tuple(named.values())
        order = Order(dataset, parts, reason, basis, _day(effective, control.today))
        with control.store.begin() as session:
            row = withdraw(session, order, now=now(), by=control.by)
        say(f"{dataset} {', '.join(parts)} is not shown from {row.effective_on:%Y-%m-%d} on.")
        if not is_there(control.workspace, dataset, named):
            lift = f"`civiclake withdrawal lift {row.id} --reason …`"
            say(f"Warning: the current release has no such row. The order waits for it; if it is a slip, {lift}.")
        typer.echo(row.id)


@app.command("list")
def list_withdrawals(
    *,
    lifted: Annotated[bool, typer.Option("--lifted", help="Lifted ones too.")] = False,
    place: Place,
) -> None:
    """List orders: which row, why, on which basis, from when, by whom."""
    from gateway.withdrawal.manual import withdrawals

    with opened(place) as control, control.store.read() as session:
        rows = [row for row in withdrawals(session) if lifted or row.lifted_at is None]
        show(
            "Withdrawals",
            ("id", "dataset", "key", "reason", "from", "ordered", "by", "lifted", "why", "basis"),
            [
                (r.id, r.dataset, r.key, r.reason, r.effective_on, r.ordered_at, r.ordered_by, r.lifted_at,
                 r.lifted_for, r.basis)
                for r in rows
            ],
        )  # fmt: skip


@app.command("lift")
def lift_withdrawal(
    withdrawal: Annotated[str, typer.Argument(help="Id of the withdrawal.")],
    reason: Annotated[str, typer.Option("--reason", help="Why the row is shown again; kept with it.")],
    place: Place,
) -> None:
    """Show a row again, unless something else withdraws it."""
    from gateway.withdrawal.manual import lift

    with opened(place) as control, control.store.begin() as session:
        row = lift(session, withdrawal, reason, now=now(), by=control.by)
        say(f"{row.dataset} {', '.join(row.key)} is shown again, unless something else withdraws it.")


def _key(workspace: Workspace, dataset: str, given: list[str]) -> dict[str, str]:
    """The texts of the key by column, in the order of the newest release."""
    from catalog.compiled import CATALOG_FILE, CompiledCatalog
    from catalog.release import list_releases, release_folder
    from gateway.control.errors import ControlError, UnknownError

    numbers = list_releases(workspace)
    if not numbers:
        raise UnknownError(f"{workspace.releases} holds no release; make one with `civiclake run`")
    catalog = CompiledCatalog.load(release_folder(workspace, numbers[-1]) / CATALOG_FILE)
    columns = next((entry.key for entry in catalog.datasets if entry.id == dataset), None)
    if columns is None:
        known = ", ".join(entry.id for entry in catalog.datasets)
        raise UnknownError(f"there is no dataset {dataset}; datasets are {known}")
    parts = dict(text.split("=", 1) for text in given if "=" in text)
    if set(parts) != set(columns) or len(parts) != len(given):
        raise ControlError(f"--key: give {', '.join(f'{name}=…' for name in columns)}, each once")
    return {name: parts[name] for name in columns}


def _day(text: str | None, today: date) -> date:
    from gateway.control.errors import ControlError

    try:
        return date.fromisoformat(text) if text else today
    except ValueError:
        raise ControlError(f"--from: {text} is no day; write YYYY-MM-DD") from None
