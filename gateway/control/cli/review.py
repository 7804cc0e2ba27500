"""`civiclake access review|overdue|notices` and the lists of cases: answering what others asked for."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.control.cli.desk import Acting, CaseId, Reason, looking, say_granted, sitting, told
from gateway.control.cli.options import (
    Names,
    Place,
    check_divisions,
    say,
    show,
)

if TYPE_CHECKING:
    from gateway.control.cli.desk import Sitting
    from gateway.control.errors import ControlError
    from gateway.control.tables.requests import Case
    from gateway.control.workflow.course import AnyCase, Step
    from gateway.control.workflow.people import Person

KINDS = {"apl": "Application", "dem": "Demand", "cor": "Correction", "brk": "BreakGlass"}
"""Classes of cases by the first letters of their ids."""


def review(
    *,
    transition: Annotated[str, typer.Argument(help="comply, approve, refuse, revoke, …; `access show` lists them.")],
    case: CaseId,
    reason: Reason = "",
    acting: Acting = None,
    column: Annotated[Names, typer.Option("--column", help="Approve: only this column, masked. Repeat.")] = None,
    clear: Annotated[Names, typer.Option("--clear", help="Approve: only this column in clear. Repeat.")] = None,
    division: Annotated[Names, typer.Option("--division", help="Approve: only rows in this division. Repeat.")] = None,
    until: Annotated[datetime | None, typer.Option("--until", help="Approve: last day.", formats=["%Y-%m-%d"])] = None,
    org: Annotated[str | None, typer.Option("--org", help="Route, reroute: to this organisation (code).")] = None,
    dataset: Annotated[str | None, typer.Option("--dataset", help="Answer a demand: with this dataset.")] = None,
    release: Annotated[int | None, typer.Option("--release", help="Publish: first corrected release.")] = None,
    place: Place,
) -> None:
    """Move a case on. Without --as you act for the data authority; a provider's decision is entered with --as."""
    from gateway.control.errors import ControlError
    from gateway.control.workflow.course import Step

    with sitting(place) as here:
        check_divisions(here.control, division)
        person = here.person(acting)
        found = known(here, case, person)
        chosen: dict[str, Any] = {
            "columns": column,
            "clear_columns": clear,
            "rows": {"divisions": division} if division else None,
            "term_to": until.date() if until else None,
        }
        detail = {"organisation": org, "dataset": dataset, "release": release}
        try:
            _move(here, found, Step(transition, person, reason), chosen, detail)
        except ControlError as error:
            raise type(error)(f"{error}{_as_whom(found, error, acting)}") from None
        say(told(found, here.ledger))
        say_granted(here.session, getattr(found, "access", None))


def show_case(
    *,
    case: CaseId,
    acting: Acting = None,
    odrl: Annotated[bool, typer.Option("--odrl", help="The grant of an application, as an ODRL agreement.")] = False,
    place: Place,
) -> None:
    """Print a case with its steps and what may be done next, as JSON."""
    from gateway.control.errors import UnknownError
    from gateway.control.grants import grant_of
    from gateway.control.odrl import agreement
    from gateway.control.workflow import cases

    with looking(place) as here:
        person = here.person(acting)
        found = known(here, case, person)
        document = cases.full(here.session, found, here.ledger, person)
        if odrl:
            grant = document.get("access")
            if grant is None or document["id"].startswith("brk"):
                raise UnknownError(f"{case} has no grant")
            document = agreement(
                grant_of(here.session, grant), here.ledger.owner(document["dataset"]), here.ledger.zone
            )
        typer.echo(json.dumps(document, ensure_ascii=False, indent=2, default=_plain))


def overdue(place: Place) -> None:
    """List everything whose time limit has passed, the longest overdue first."""
    from gateway.control.workflow import cases

    with looking(place) as here:
        _table(here, "Overdue", cases.overdue(here.session, here.ledger))


def notices(
    *,
    acting: Annotated[
        str | None, typer.Option("--as", help="Whose notices (id): theirs and those to their organisation.")
    ] = None,
    place: Place,
) -> None:
    """List the newest notices: without --as those to the data authority, so to every steward."""
    from gateway.control.workflow import cases

    with looking(place) as here:
        rows = cases.notices(here.session, here.person(acting))
        show(
            "Notices",
            ("case", "what", "now", "reason", "at"),
            [(n.case, n.name, n.to_state, n.reason, n.at) for n in rows],
        )


def list_cases(here: Sitting, kind: str, state: str | None, *, late: bool) -> None:
    """A table of the newest cases of a kind."""
    from gateway.control.workflow import cases

    choice = cases.Choice(state, late)
    found, more = cases.listed(here.session, here.ledger, _class(kind), here.person(None), choice)
    _table(here, kind, found)
    if more:
        say(f"The newest {len(found)} are shown; --state and --overdue choose among the others.")


def known(here: Sitting, name: str, person: Person) -> AnyCase:
    """The case of this id; UnknownError when there is none, or none that the person knows of."""
    from gateway.control.errors import ForbiddenError, UnknownError
    from gateway.control.workflow import cases

    kind = KINDS.get(name.partition("-")[0])
    if kind is None:
        raise UnknownError(f"{name} is no id of a case; they begin with {', '.join(KINDS)}")
    try:
        found: AnyCase = cases.known(here.session, here.ledger, _class(kind), name, person)
    except UnknownError:
        there = here.session.get(_class(kind), name) if person.entered_by else None
        if there is None:
            raise
        answers = there.provider or "a steward, without --as,"
        raise ForbiddenError(f"{person.id} has no part in {name}: {answers} answers for it") from None
    return found


def _class(kind: str) -> Any:
    from gateway.control.tables import requests

    return getattr(requests, kind)


def _move(here: Sitting, case: AnyCase, step: Step, chosen: dict[str, Any], detail: dict[str, Any]) -> None:
    from gateway.control.errors import ControlError
    from gateway.control.tables.requests import Application, Correction, Demand
    from gateway.control.workflow import applications, break_glass, corrections, demands

    takes: dict[type[Any], tuple[str, ...]] = {
        Application: tuple(chosen),
        Demand: ("organisation", "dataset"),
        Correction: ("organisation", "release"),
    }
    given = {name: value for name, value in (chosen | detail).items() if value is not None}
    strange = sorted(set(given) - set(takes.get(type(case), ())))
    if strange:
        raise ControlError(f"{', '.join(strange)}: not for a {case.procedure.replace('_', '-')}")
    if isinstance(case, Application):
        narrowing = applications.Narrowing.model_validate(given)
        applications.move(here.session, here.ledger, case, step, narrowing)
    elif isinstance(case, Demand):
        demands.move(here.session, here.ledger, case, step, **given)
    elif isinstance(case, Correction):
        corrections.move(here.session, here.ledger, case, step, **given)
    else:
        break_glass.move(here.session, here.ledger, case, step)


def _as_whom(case: AnyCase, error: ControlError, acting: str | None) -> str:
    """How the step of whoever's turn it is is entered here, as the end of the sentence that says whose it is."""
    ways = []
    if "provider" in error.waits_for and case.provider is not None:
        ways.append(f"--as <a person of {case.provider}>")
    if error.waits_for == {"applicant"} and case.raised_by is not None:
        ways.append(f"--as {case.raised_by}")
    if acting is not None and ("authority" in error.waits_for or ("provider" in error.waits_for and not ways)):
        ways.append("without --as, as a steward")
    return f"; enter it {' or '.join(ways)}" if ways else ""


def _table(here: Sitting, title: str, found: list[Any]) -> None:
    def about(case: Case) -> str:
        return str(getattr(case, "dataset", None) or getattr(case, "title", ""))

    show(
        title,
        ("id", "state", "due", "from", "to", "about"),
        [(c.id, c.state, c.due_on, c.organisation or c.raised_by or "public", c.provider or "authority", about(c))
         for c in found],
    )  # fmt: skip


def _plain(value: Any) -> str:
    return str(value.isoformat()) if isinstance(value, date) else str(value)
