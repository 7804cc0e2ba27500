"""`civiclake access org|person|system`: registering, listing and suspending who may call."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.control.cli.desk import hand_over
from gateway.control.cli.option_sets import CommandGroup
from gateway.control.cli.options import (
    Names,
    Place,
    check_divisions,
    now,
    opened,
    say,
    show,
    vocabulary,
)

if TYPE_CHECKING:
    from gateway.control.cli.options import Control
    from gateway.control.tables.identity import Principal

organisations = CommandGroup(no_args_is_help=True, help="Organisations: departments, operators, developers.")
people = CommandGroup(no_args_is_help=True, help="People: they sign in, or use an API key.")
systems = CommandGroup(no_args_is_help=True, help="Systems of an organisation; they act by delegation only.")

Code = Annotated[str, typer.Argument(help="Code of the organisation, for a department as in organisation.csv.")]
Name = Annotated[str, typer.Argument(help="Id to be known by: small letters, digits, dots, hyphens, underscores.")]
Title = Annotated[str, typer.Option("--title", help="Who or what this is, in words.")]
Area = Annotated[Names, typer.Option("--division", help="Area it is responsible for (code). May be repeated.")]


@organisations.command("add")
def add_organisation(
    *,
    code: Code,
    kind: Annotated[
        str, typer.Option("--kind", help="department (from the vocabulary), operator or developer (from outside).")
    ] = "department",
    zh: Annotated[str, typer.Option("--zh", help="Chinese title of a body from outside.")] = "",
    en: Annotated[str, typer.Option("--en", help="English title of a body from outside.")] = "",
    division: Area = None,
    place: Place,
) -> None:
    """Register an organisation. A department's titles and area come from the city's vocabulary."""
    from gateway.control import accounts

    with opened(place) as control:
        area, title = list(division or ()), (zh, en)
        if kind == "department":
            found = _department(control, code)
            title = (found["name"], found.get("name_en") or found["name"])
            area = area or [part for part in [found.get("division_code")] if part]
        check_divisions(control, area)
        with control.store.begin() as session:
            row = accounts.add_organisation(
                session, code=code, kind=kind, title=title, divisions=area, now=now(), by=control.by
            )
            hand_over(control, session, row.code)
        say(f"{row.title_zh} {row.title_en} is registered as {row.code} ({row.kind}), area {', '.join(area) or '-'}.")


@organisations.command("list")
def list_organisations(place: Place) -> None:
    """List the organisations that are registered."""
    from gateway.control import accounts

    with opened(place) as control, control.store.read() as session:
        rows = accounts.organisations(session)
        show(
            "Organisations",
            ("code", "kind", "title", "area", "suspended"),
            [(r.code, r.kind, f"{r.title_zh} {r.title_en}", r.divisions, r.suspended_at) for r in rows],
        )


@organisations.command("suspend")
def suspend_organisation(code: Code, place: Place) -> None:
    """Refuse everybody of an organisation from the next request on."""
    from gateway.control import accounts

    with opened(place) as control, control.store.begin() as session:
        accounts.suspend_organisation(session, code, now())
        say(f"{code} is suspended: its people, systems and keys are refused from now on.")


@organisations.command("resume")
def resume_organisation(code: Code, place: Place) -> None:
    """Take the suspension of an organisation back."""
    from gateway.control import accounts

    with opened(place) as control, control.store.begin() as session:
        accounts.resume_organisation(session, code)
        hand_over(control, session, code)
        say(f"{code} is no longer suspended.")


@people.command("add")
def add_person(
    *,
    name: Name,
    title: Title = "",
    org: Annotated[
        str | None, typer.Option("--org", help="Organisation (code); none for a developer on their own.")
    ] = None,
    login: Annotated[
        str | None, typer.Option("--login", help="Who this is at the OpenID provider, to sign in with a browser.")
    ] = None,
    steward: Annotated[bool, typer.Option("--steward", help="A data steward (T4) instead of a consumer.")] = False,
    division: Area = None,
    place: Place,
) -> None:
    """Register a person. The tier follows: department T2, operator T1R, developer T1, steward T4."""
    from gateway.control import accounts

    with opened(place) as control:
        check_divisions(control, division)
        with control.store.begin() as session:
            row = accounts.add_principal(
                session,
                name=name,
                kind="steward" if steward else "person",
                title=title or name,
                organisation=org,
                divisions=division or (),
                login=login,
                now=now(),
                by=control.by,
            )
        _tell(row)
        if row.tier == "T1":
            say(f"Next: `civiclake access person sign-terms {name} --version …`, for T1 callers sign the terms first.")


@people.command("list")
def list_people(place: Place) -> None:
    """List people, stewards and systems."""
    from gateway.control import accounts

    with opened(place) as control, control.store.read() as session:
        rows = accounts.principals(session)
        show(
            "Principals",
            ("id", "kind", "tier", "organisation", "area", "title", "suspended"),
            [(r.id, r.kind, r.tier, r.organisation, r.divisions, r.title, r.suspended_at) for r in rows],
        )


@people.command("suspend")
def suspend_person(name: Name, place: Place) -> None:
    """Refuse a person or system, by any key, token or session, from the next request on."""
    from gateway.control import accounts

    with opened(place) as control, control.store.begin() as session:
        accounts.suspend_principal(session, name, now())
        say(f"{name} is suspended: refused from now on.")


@people.command("resume")
def resume_person(name: Name, place: Place) -> None:
    """Take the suspension of a person or system back."""
    from gateway.control import accounts

    with opened(place) as control, control.store.begin() as session:
        accounts.resume_principal(session, name)
        say(f"{name} is no longer suspended.")


@people.command("sign-terms")
def sign_terms(
    name: Name,
    version: Annotated[str, typer.Option("--version", help="Version of the terms of use that was signed.")],
    place: Place,
) -> None:
    """Record that a registered developer (T1) signed the terms of use."""
    from gateway.control import accounts

    with opened(place) as control, control.store.begin() as session:
        row = accounts.accept_terms(session, name, version, now(), control.by)
        say(f"{name} signed version {row.version} of the terms of use.")


@systems.command("add")
def add_system(
    *,
    name: Name,
    org: Annotated[str, typer.Option("--org", help="Organisation the system belongs to (code).")],
    title: Title = "",
    place: Place,
) -> None:
    """Register a system of an organisation. It may do nothing until something is delegated to it."""
    from gateway.control import accounts

    with opened(place) as control:
        with control.store.begin() as session:
            row = accounts.add_principal(
                session, name=name, kind="system", title=title or name, organisation=org, now=now(), by=control.by
            )
        _tell(row)
        say(f"Next: `civiclake access delegate {name} --days …` says what it may do in the name of {org}.")


def _tell(row: Principal) -> None:
    say(f"{row.id} is registered: {row.kind}, tier {row.tier}, organisation {row.organisation or '-'}.")


def _department(control: Control, code: str) -> dict[str, str]:
    from gateway.control.errors import UnknownError

    found = [row for row in vocabulary(control, "organisation") if row["org_code"] == code]
    if not found:
        file: Path = control.city / "vocabulary" / "organisation.csv"
        raise UnknownError(f"{code} is no organisation in {file}; use its code, or --kind operator or developer")
    return found[-1]
