"""`civiclake access request|demand|correction|break-glass`: entering what was asked for on paper, and the lists."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, TypeVar

import typer

from gateway.control.cli.desk import For, looking, say_filed, sitting
from gateway.control.cli.option_sets import CommandGroup
from gateway.control.cli.options import Names, Place, check_divisions
from gateway.control.cli.review import list_cases

requests = CommandGroup(no_args_is_help=True, help="Applications for columns and rows of a dataset, for a term.")
demands = CommandGroup(no_args_is_help=True, help="Demands: data that the catalog lacks.")
corrections = CommandGroup(no_args_is_help=True, help="Corrections: what somebody found wrong in a row.")
break_glass = CommandGroup(no_args_is_help=True, help="Break-glass: a steward's look at cell values, for some minutes.")

Dataset = Annotated[str, typer.Argument(help="Dataset (id).")]
_DAY = ["%Y-%m-%d"]
State = Annotated[str | None, typer.Option("--state", help="Only cases in this state.")]
Late = Annotated[bool, typer.Option("--overdue", help="Only those whose time limit has passed.")]
Purpose = Annotated[str, typer.Option("--purpose", help="What the data is for; a purpose of the policy.")]
Basis = Annotated[str, typer.Option("--basis", help="Law, duty or agreement it rests on.")]
_Body = TypeVar("_Body")


@requests.command("file")
def file_request(
    *,
    dataset: Dataset,
    acting: For,
    purpose: Purpose,
    basis: Basis,
    scene: Annotated[str, typer.Option("--scene", help="What the data is used in.")],
    commitment: Annotated[str, typer.Option("--commitment", help="What the applicant commits itself to.")],
    since: Annotated[datetime, typer.Option("--from", help="First day of the term.", formats=_DAY)],
    until: Annotated[datetime, typer.Option("--to", help="Last day of the term.", formats=_DAY)],
    column: Annotated[Names, typer.Option("--column", help="Column, masked where it has a mask. Repeat.")] = None,
    clear: Annotated[Names, typer.Option("--clear", help="Column in clear. Repeat.")] = None,
    division: Annotated[Names, typer.Option("--division", help="Only rows in this division (code). Repeat.")] = None,
    mode: Annotated[str, typer.Option("--mode", help="interface, file, verification or sandbox.")] = "interface",
    frequency: Annotated[str, typer.Option("--frequency", help="How often, for example daily.")] = "daily",
    statutory: Annotated[
        bool, typer.Option("--statutory", help="The law in --basis demands clear values, L4 included.")
    ] = False,
    place: Place,
) -> None:
    """Enter an application for somebody, in the name of their organisation; it waits for the compliance review."""
    from gateway.control.workflow import applications

    body = _checked(
        applications.NewApplication,
        dataset=dataset,
        columns=column or (),
        clear_columns=clear or (),
        rows={"divisions": division or ()},
        mode=mode,
        frequency=frequency,
        purpose=purpose,
        basis=basis,
        scene=scene,
        commitment=commitment,
        statutory=statutory,
        term_from=since.date(),
        term_to=until.date(),
    )
    with sitting(place) as here:
        check_divisions(here.control, division)
        case = applications.file(here.session, here.ledger, body, here.person(acting))
        say_filed(case, here.ledger)


@demands.command("raise")
def raise_demand(
    *,
    title: Annotated[str, typer.Argument(help="What is missing, in a few words.")],
    acting: For,
    description: Annotated[str, typer.Option("--description", help="Which data, of what, how fine, how often.")],
    purpose: Purpose,
    basis: Basis,
    org: Annotated[str | None, typer.Option("--org", help="Who may have it (code).")] = None,
    place: Place,
) -> None:
    """Enter a demand for somebody; `access review route` then sends it to a candidate provider."""
    from gateway.control.workflow import demands as acts

    body = _checked(acts.NewDemand, title=title, description=description, purpose=purpose, basis=basis, candidate=org)
    with sitting(place) as here:
        case = acts.raise_demand(here.session, here.ledger, body, here.person(acting))
        say_filed(case, here.ledger)


@corrections.command("raise")
def raise_correction(
    *,
    dataset: Dataset,
    acting: For,
    column: Annotated[str, typer.Argument(help="Column that is wrong.")],
    key: Annotated[list[str], typer.Option("--key", help="Column=value, one for each column of the dataset's key.")],
    wrong: Annotated[str, typer.Option("--wrong", help="What is wrong.")],
    evidence: Annotated[str, typer.Option("--evidence", help="What shows it.")],
    proposed: Annotated[str | None, typer.Option("--proposed", help="The right value, where it is known.")] = None,
    place: Place,
) -> None:
    """Enter a correction for somebody; it goes to the department that holds the source of truth."""
    from gateway.control.actors import actor_for
    from gateway.control.errors import ControlError
    from gateway.control.workflow import corrections as acts

    if not all("=" in part for part in key):
        raise ControlError("--key: expected column=value")
    body = _checked(
        acts.NewCorrection,
        dataset=dataset,
        key=dict(part.split("=", 1) for part in key),
        column=column,
        wrong=wrong,
        evidence=evidence,
        proposed=proposed,
    )
    with sitting(place) as here:
        person, tree = here.person(acting), here.ledger.policy.division_tree
        actor = actor_for(here.session, acting, here.ledger.now, tree=tree).actor
        raised = acts.raise_correction(
            here.session, here.ledger, body, hasher=here.control.hasher, actor=actor, person=person
        )
        say_filed(raised.row, here.ledger)


@break_glass.command("ask")
def ask_break_glass(
    *,
    dataset: Dataset,
    acting: For,
    reason: Annotated[str, typer.Option("--reason", help="Why cell values must be seen; the data's owner is told.")],
    minutes: Annotated[
        int | None, typer.Option("--minutes", help="For how long; the policy says unless given.")
    ] = None,
    place: Place,
) -> None:
    """Ask to see cell values as a steward; `access review confirm … --as` another steward opens them."""
    from gateway.control.workflow import break_glass as acts

    body = _checked(acts.NewBreakGlass, dataset=dataset, reason=reason, minutes=minutes)
    with sitting(place) as here:
        case = acts.ask(here.session, here.ledger, body, here.person(acting))
        say_filed(case, here.ledger)


def _add_list(group: CommandGroup, kind: str, title: str) -> None:
    """The command that lists the cases of a kind."""

    @group.command("list", help=title)
    def listed(*, state: State = None, late: Late = False, place: Place) -> None:
        with looking(place) as here:
            list_cases(here, kind, state, late=late)


_add_list(requests, "Application", "List applications, the newest first.")
_add_list(demands, "Demand", "List demands, the newest first.")
_add_list(corrections, "Correction", "List corrections, the newest first.")
_add_list(break_glass, "BreakGlass", "List what stewards asked to see, the newest first.")


def _checked(model: type[_Body], **fields: Any) -> _Body:
    """The body of a case; ControlError names the part that is wrong."""
    from pydantic import TypeAdapter, ValidationError

    from gateway.control.errors import ControlError

    try:
        return TypeAdapter(model).validate_python(fields)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        empty = fault["type"] == "string_too_short"
        said = "it must not be empty; it is kept with the case and read by whoever answers" if empty else fault["msg"]
        raise ControlError(f"{'.'.join(map(str, fault['loc']))}: {said}") from None
