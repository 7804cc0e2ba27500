"""What the commands of asking share: the ledger of this moment, who acts, one transaction for each act."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.control.cli.options import Place, now, opened, say

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from gateway.control.cli.options import Control
    from gateway.control.tables.grants import GrantRow
    from gateway.control.workflow.course import AnyCase
    from gateway.control.workflow.ledger import Ledger
    from gateway.control.workflow.people import Person

CaseId = Annotated[str, typer.Argument(help="Id of the case: apl-…, dem-…, cor-… or brk-….")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the case and told to whoever asked.")]
Acting = Annotated[
    str | None,
    typer.Option(
        "--as", help="Whose act this is (id), when you enter it for somebody; both are recorded.", metavar="PERSON"
    ),
]
For = Annotated[str, typer.Option("--as", help="Who asks (id); you enter it for them, and both are recorded.")]


@dataclass(frozen=True)
class Sitting:
    """One act at the desk: the store's transaction and what it is judged by."""

    control: Control
    session: Session
    ledger: Ledger

    def person(self, name: str | None) -> Person:
        """Who acts: the person named, else whoever is at the keyboard, for the data authority."""
        from gateway.control.workflow.people import Person, person_named

        if name is None:
            return Person(self.control.by, steward=True)
        return person_named(self.session, name, entered_by=self.control.by)


@contextmanager
def sitting(place: Place) -> Iterator[Sitting]:
    """One writing transaction, after time has moved on the cases that it moves on."""
    from gateway.control.workflow import cases

    with opened(place) as control:
        ledger = ledger_of(control)
        with control.store.begin() as session:
            cases.settle(session, ledger)
            yield Sitting(control, session, ledger)


@contextmanager
def looking(place: Place) -> Iterator[Sitting]:
    """One reading transaction, after time has moved on the cases that it moves on."""
    from gateway.control.workflow import cases

    with opened(place) as control:
        ledger = ledger_of(control)
        cases.catch_up(control.store, ledger)
        with control.store.read() as session:
            yield Sitting(control, session, ledger)


def ledger_of(control: Control) -> Ledger:
    """Policy in force and catalog of the current release; an error says which command makes what is missing."""
    from catalog.compiled import CATALOG_FILE, CompiledCatalog
    from catalog.policy.compile import read_policy
    from catalog.release import read_current, release_folder
    from gateway.control.errors import StoreError
    from gateway.control.workflow.ledger import Ledger

    number = read_current(control.workspace)
    if number is None:
        raise StoreError("nothing has been published yet, so nothing can be asked for; run `civiclake run`")
    catalog = CompiledCatalog.load(release_folder(control.workspace, number) / CATALOG_FILE)
    return Ledger(read_policy(control.workspace.policy), catalog, now(), number)


def hand_over(control: Control, session: Session, organisation: str) -> None:
    """Give an organisation the cases that waited for it, and say which; nothing waits before the first release."""
    from catalog.release import read_current
    from gateway.control.workflow.latecomers import take_up

    policy = control.policy()
    if read_current(control.workspace) is None or policy is None or policy.procedures is None:
        return
    taken = take_up(session, ledger_of(control), organisation)
    if taken:
        say(f"{', '.join(taken)}: now for {organisation} to answer.")


def told(case: AnyCase, ledger: Ledger) -> str:
    """Where a case stands, in a sentence."""
    title = ledger.procedure(case.procedure).states[case.state].title
    due = f", due {case.due_on}" if case.due_on else ""
    return f"{case.id}: {title.zh} {title.en} ({case.state}){due}."


def say_granted(session: Session, grant: str | None) -> None:
    """Tell the id of what was granted; or, of a grant that ended, what else of the dataset its holder still has."""
    from gateway.control.grants import grant_of

    if grant is None:
        return
    row = grant_of(session, grant)
    if row.revoked_at is None:
        say(f"Granted as {row.id}.")
    else:
        say_left(session, row)


def say_left(session: Session, row: GrantRow) -> None:
    """Tell which grants on the dataset of an ended one its holder still has."""
    from gateway.control.grants import left

    for other in left(session, row, now()):
        until = f"{other.expires_at:%Y-%m-%d}"
        say(
            f"{other.principal or other.organisation} still has {other.id} on {row.dataset} "
            f"({', '.join(other.actions)}, until {until}); revoke that too if it is to end."
        )


def say_filed(case: AnyCase, ledger: Ledger) -> None:
    """Tell where a new case stands, and its id alone to whatever program may want it."""
    say(told(case, ledger))
    typer.echo(case.id)
