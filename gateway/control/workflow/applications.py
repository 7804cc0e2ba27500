"""Applications: filed for columns and rows of one dataset, granted as exactly one row of the grant table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated

from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session

from catalog.contract.options import Strict
from catalog.policy.model import RowScope
from catalog.policy.procedures import Condition
from gateway.control import grants
from gateway.control.accounts import principal_of
from gateway.control.actors import actor_for
from gateway.control.errors import ConflictError, ControlError, ForbiddenError, UnknownError
from gateway.control.rows import new_id
from gateway.control.tables.requests import Application
from gateway.control.workflow.course import Course, Step
from gateway.control.workflow.ledger import Ledger
from gateway.control.workflow.people import Person, provider_for
from gateway.identity.scope import rows_of_both
from gateway.policy.actor import Actor, Grant

Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4000)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
Names = Annotated[tuple[Name, ...], Field(max_length=500)]


class NewApplication(Strict):
    """What is asked for: 使用依据, 场景, 范围, 方式, 期限, 频率, 承诺.

    `clear_columns` are asked for in clear, `columns` masked where they have a mask. `rows` must be said; `{}` is all
    rows. `term_from` and `term_to` are days, both included. `statutory` says that the law named in `basis` demands
    clear values, those of level L4 included.
    """

    dataset: Name
    columns: Names = ()
    clear_columns: Names = ()
    rows: RowScope
    mode: Name
    frequency: Name
    purpose: Name
    basis: Words
    scene: Words
    commitment: Words
    statutory: bool = False
    term_from: date
    term_to: date


class Narrowing(Strict):
    """What of an application is granted, where it is less than was asked for; what is not said is as asked for.

    A column that was asked for in clear may stand in `columns`: then it is granted masked.
    """

    columns: Names | None = None
    clear_columns: Names | None = None
    rows: RowScope | None = None
    term_to: date | None = None


_AS_ASKED = Narrowing()


def file(session: Session, ledger: Ledger, asked: NewApplication, person: Person) -> Application:
    """File an application; it then waits for the compliance review.

    UnknownError when the person may not even read about the dataset, ControlError when it cannot be granted.
    """
    actor = actor_for(session, person.id, ledger.now, tree=ledger.policy.division_tree).actor
    if actor.tier == "T4":
        raise ForbiddenError("stewards see cell values by break-glass only")
    _check(ledger, asked, actor)
    case = Application(
        id=new_id("apl"),
        raised_by=person.id,
        organisation=person.organisation,
        provider=None,
        created_at=ledger.now,
        dataset=asked.dataset,
        columns=list(asked.columns),
        clear_columns=list(asked.clear_columns),
        rows=asked.rows.model_dump(mode="json", exclude_defaults=True),
        mode=asked.mode,
        frequency=asked.frequency,
        purpose=asked.purpose,
        basis=asked.basis,
        scene=asked.scene,
        commitment=asked.commitment,
        statutory=asked.statutory,
        term_from=asked.term_from,
        term_to=asked.term_to,
        starts_at=ledger.begin(asked.term_from),
        expires_at=ledger.end(asked.term_to),
    )
    course(session, ledger, case).begin(person)
    return case


def move(
    session: Session, ledger: Ledger, case: Application, step: Step, narrowing: Narrowing = _AS_ASKED
) -> Application:
    """Make a transition; `narrowing` belongs to those that grant after a person's review."""
    before = case.access
    course(session, ledger, case, narrowing).move(step)
    if narrowing != _AS_ASKED and case.access == before:
        raise ControlError(f"{step.name} grants nothing here, so there is nothing to narrow")
    return case


def course(session: Session, ledger: Ledger, case: Application, narrowing: Narrowing = _AS_ASKED) -> Course:
    """The way of an application."""

    def provider() -> str | None:
        procedure = ledger.procedure(Application.procedure)
        return provider_for(session, ledger.owner(case.dataset), case.organisation, procedure)

    def holds(condition: Condition) -> datetime | None:
        if condition in ("begun", "ended"):
            moment = case.starts_at if condition == "begun" else case.expires_at
            return moment if moment <= ledger.now else None
        return ledger.now if needs_provider(session, ledger, case) == (condition == "conditional") else None

    def grant(step: Step) -> None:
        _grant(session, ledger, case, step.person, narrowing)

    def revoke(step: Step) -> None:
        grants.end(session, case.access, step.reason or "given back by its holder", ledger.now)

    return Course(session, case, ledger, holds=holds, effects={"grant": grant, "revoke": revoke}, provider=provider)


def needs_provider(session: Session, ledger: Ledger, case: Application) -> bool:
    """Whether the provider must agree: always, but for what today's policy shares or opens without conditions."""
    entry = ledger.policy.dataset(case.dataset)
    if entry is None or case.statutory or case.raised_by is None:
        return True
    department = principal_of(session, case.raised_by).tier == "T2"
    if (entry.sharing if department else entry.opening) != "unconditional":
        return True
    rule = ledger.procedures.application.automatic
    levels = {name: column.level for name, column in entry.by_name.items()}
    return not (
        all(levels.get(name) in rule.levels for name in case.columns)
        and all(levels.get(name) in rule.clear_levels for name in case.clear_columns)
    )


def _grant(session: Session, ledger: Ledger, case: Application, person: Person, less: Narrowing) -> None:
    columns = _part("columns", less.columns, case.columns, [*case.columns, *case.clear_columns])
    clear = _part("clear_columns", less.clear_columns, [n for n in case.clear_columns if n not in columns])
    rows = RowScope.model_validate_json(_json(case.rows))
    if less.rows is not None:
        both = rows_of_both(rows, less.rows, ledger.policy.division_tree)
        if both is None:
            raise ControlError("rows: none of them was asked for")
        rows = both
    if less.term_to is not None:
        if less.term_to > case.term_to:
            raise ControlError(f"term_to: it was asked for until {case.term_to}")
        case.expires_at = ledger.end(less.term_to)
    if case.expires_at <= ledger.now:
        raise ConflictError(f"the term asked for ended on {case.term_to}; reject it, and let it be asked for anew")
    terms = grants.GrantTerms(
        dataset=case.dataset,
        columns=columns,
        clear_columns=clear,
        actions=ledger.procedures.application.modes[case.mode].actions,
        basis=case.basis,
        starts_at=max(case.starts_at, ledger.now),
        expires_at=case.expires_at,
        rows=rows,
        purposes=(case.purpose,),
        statutory=case.statutory,
    )
    case.access = grants.add(
        session,
        terms,
        principal=case.raised_by if case.organisation is None else None,
        organisation=case.organisation,
        request=case.id,
        now=ledger.now,
        by=person.id,
    ).id


def _part(key: str, chosen: Iterable[str] | None, asked: list[str], most: list[str] | None = None) -> tuple[str, ...]:
    """The names chosen among `most`, which are those asked for unless told otherwise; all asked for if none is said."""
    if chosen is None:
        return tuple(asked)
    most = asked if most is None else most
    more = sorted(set(chosen) - set(most))
    if more:
        raise ControlError(f"{key}: {', '.join(more)} was not asked for, or is granted masked")
    return tuple(name for name in most if name in set(chosen))


def _check(ledger: Ledger, asked: NewApplication, actor: Actor) -> None:
    told, terms = ledger.described(actor, asked.dataset), ledger.procedures.application
    named = [*asked.columns, *asked.clear_columns]
    for key, chosen, known in (
        ("mode", [asked.mode], terms.modes.keys()),
        ("frequency", [asked.frequency], terms.frequencies.keys()),
        ("purpose", [asked.purpose], ledger.policy.purposes.keys()),
        ("columns", named, told),
    ):
        for value in chosen:
            if value not in known:
                raise ControlError(f"{key}: there is no {value}; use one of {', '.join(sorted(known))}")
    if not named or len(set(named)) != len(named):
        raise ControlError("columns: name each column once, in columns or in clear_columns, and at least one")
    if not ledger.today <= asked.term_to or asked.term_to < asked.term_from:
        raise ControlError(f"term_to: the term ends before it begins, or before today, {ledger.today}")
    if asked.term_to - asked.term_from >= timedelta(days=terms.longest_days):
        raise ControlError(f"term_to: a term has at most {terms.longest_days} days")
    entry = ledger.policy.dataset(asked.dataset)
    if entry is None:
        raise UnknownError("there is no such dataset")
    grants.check_rows(ledger.policy, entry, asked.rows)
    closed = sorted(set(named) - _opened(ledger, asked, actor))
    if closed:
        raise ControlError(f"columns: the policy opens {', '.join(closed)} to nobody like you in this mode")


def _opened(ledger: Ledger, asked: NewApplication, actor: Actor) -> set[str]:
    """The columns of which the applicant would see anything under the grant, or sees already."""
    terms = ledger.procedures.application
    grant = Grant(
        id="asked-for",
        dataset=asked.dataset,
        columns=asked.columns,
        clear_columns=asked.clear_columns,
        actions=terms.modes[asked.mode].actions,
        rows=asked.rows,
        purposes=(asked.purpose,),
        expires_at=ledger.end(asked.term_to),
        statutory=asked.statutory,
    )
    specific = actor.tier == "T2" and bool(asked.clear_columns or asked.statutory)
    holder = replace(actor, tier="T3" if specific else actor.tier, grants=(grant,), token=None)
    decisions = (ledger.decide(holder, action, asked.dataset, asked.purpose) for action in grant.actions)
    return {name for decision in decisions for branch in decision.branches for name in branch.columns}


def _json(document: object) -> bytes:
    import orjson

    return orjson.dumps(document)
