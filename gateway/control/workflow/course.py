"""The engine of all procedures: moves one case from state to state as the data says, and writes down every step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.policy.procedures import FILED, Condition, Procedure, StepEffect, Transition
from gateway.control.errors import ConflictError, ControlError, ForbiddenError, UnknownError
from gateway.control.rows import new_id
from gateway.control.tables.requests import Application, BreakGlass, CaseEvent, Correction, Demand, Notice
from gateway.control.workflow.ledger import Ledger
from gateway.control.workflow.people import MACHINE, Person, roles_of

AnyCase = Application | Demand | Correction | BreakGlass


@dataclass(frozen=True)
class Step:
    """A transition that a person wants to make, and why."""

    name: str
    person: Person
    reason: str = ""


Effect = Callable[[Step], None]
"""What else a transition does, in the same transaction."""


class Course:
    """One case on its way, within one writing transaction.

    `holds` tells since when a condition of the machine holds, None while it does not. `provider` finds who answers
    for a case that nobody answers for yet: an owner may be registered after the case was filed.
    """

    def __init__(
        self,
        session: Session,
        case: AnyCase,
        ledger: Ledger,
        *,
        holds: Callable[[Condition], datetime | None],
        effects: Mapping[StepEffect, Effect],
        provider: Callable[[], str | None] = lambda: None,
    ) -> None:
        self._session, self._case, self._ledger = session, case, ledger
        self._holds, self._effects, self._provider = holds, effects, provider
        self._procedure = ledger.procedure(case.procedure)

    def begin(self, person: Person) -> None:
        """File the case: its first state, and as far as the machine takes it from there."""
        self._enter(Step(FILED, person), None, self._procedure.initial, self._ledger.now)
        self._session.add(self._case)
        self._session.flush()
        self.settle()

    def move(self, step: Step) -> None:
        """Make a transition.

        UnknownError when there is none of that name, or the person does not know of the case; ConflictError when
        it does not leave the case's state; ForbiddenError when it is not this person's to make.
        """
        self.settle()
        transition = self._open(step.name, step.person)
        step = replace(step, reason=step.reason.strip())
        if transition.reason and not step.reason:
            raise ControlError(f"reason: {step.name} needs one; it is kept with the case and told to whoever asked")
        self._go(transition, step, self._ledger.now)
        self.settle()

    def settle(self) -> None:
        """Make every transition of the machine that is due, at the moment it became due."""
        while (due := self._due()) is not None:
            transition, at = due
            self._go(transition, Step(transition.name, MACHINE), at)

    def _open(self, name: str, person: Person) -> Transition:
        case, procedure = self._case, self._procedure
        roles = roles_of(person, case, procedure)
        if not roles:
            raise UnknownError(f"there is no case {case.id}")
        if not any(name == t.name and "machine" not in t.by for t in procedure.transitions):
            raise UnknownError(f"there is no transition {name}; {self._way_on(person)}")
        transition = next((t for t in procedure.out_of(case.state) if t.name == name), None)
        if transition is None:
            waits_for = frozenset(role for t in self._awaited(person) for role in t.by)
            raise ConflictError(
                f"the case {case.id} stands at {case.state}; {self._way_on(person)}", waits_for=waits_for
            )
        if not roles & set(transition.by):
            own = ", and nobody judges their own" if "applicant" in roles else ""
            raise ForbiddenError(f"{name} is for {self._whose(transition)}{own}", waits_for=frozenset(transition.by))
        before = makers(self._session, case.id, transition.not_by)
        for who in (person.id, person.entered_by):
            if who in before:
                raise ForbiddenError(
                    f"{name} needs a second person, and {who} made or typed in the step before it; that person does it "
                    "over HTTP with a key of their own, or at the command line under a login of their own"
                )
        return transition

    def _way_on(self, person: Person) -> str:
        """What a person may do with the case as it stands."""
        mine = open_to(self._session, self._case, person, self._procedure)
        if mine:
            return f"from there you can {', '.join(sorted(mine))}"
        if not self._procedure.out_of(self._case.state):
            return "it has ended there"
        turns: dict[str, list[str]] = {}
        for transition in self._awaited(person):
            turns.setdefault(self._whose(transition), []).append(transition.name)
        waits = "; ".join(f"{' or '.join(names)} is for {who}" for who, names in turns.items())
        return f"there is nothing for you to do: {waits}" if waits else "there is nothing for you to do"

    def _awaited(self, person: Person) -> list[Transition]:
        """What others may do where this person may do nothing; the applicant's way out only where there is no other."""
        if open_to(self._session, self._case, person, self._procedure):
            return []
        theirs = [t for t in self._procedure.out_of(self._case.state) if "machine" not in t.by]
        return [t for t in theirs if t.by != ("applicant",)] or theirs

    def _whose(self, transition: Transition) -> str:
        """Who makes a transition; who knows of the case may know them by name."""
        case = self._case
        names = {"applicant": case.raised_by, "provider": case.provider or "here a steward", "authority": "a steward"}
        return " or ".join(f"the {role}" + (f" ({names[role]})" if names.get(role) else "") for role in transition.by)

    def _due(self) -> tuple[Transition, datetime] | None:
        for transition in self._procedure.out_of(self._case.state):
            if "machine" in transition.by:
                since = self._holds(transition.when) if transition.when else self._ledger.now
                if since is not None and since <= self._ledger.now:
                    return transition, max(since, self._case.since)
        return None

    def _go(self, transition: Transition, step: Step, at: datetime) -> None:
        if transition.effect is not None:
            self._effects[transition.effect](step)
        self._enter(step, self._case.state, transition.to, at)
        tell(self._session, self._case, transition, at, step.reason or _asked_for(self._case))
        self._session.flush()

    def _enter(self, step: Step, before: str | None, after: str, at: datetime) -> None:
        clock = self._procedure.states[after].clock
        if self._case.provider is None:
            self._case.provider = self._provider()
        self._case.state, self._case.since = after, at
        self._case.due_on = self._ledger.due_on(clock, at) if clock else None
        self._session.add(
            CaseEvent(
                case=self._case.id,
                number=len(events(self._session, self._case.id)) + 1,
                at=at,
                by=step.person.id,
                entered_by=step.person.entered_by,
                name=step.name,
                from_state=before,
                to_state=after,
                reason=step.reason,
            )
        )
        self._session.flush()


def _asked_for(case: AnyCase) -> str:
    """Why a steward looks at cells: whose they are is told, whatever the step."""
    return case.reason if isinstance(case, BreakGlass) else ""


def events(session: Session, case: str) -> list[CaseEvent]:
    """The steps of a case, the first one first."""
    return list(session.scalars(select(CaseEvent).where(CaseEvent.case == case).order_by(CaseEvent.number)))


def makers(session: Session, case: str, names: tuple[str, ...]) -> frozenset[str]:
    """Who made transitions of these names on a case, and which logins typed them in for somebody."""
    if not names:
        return frozenset()
    query = select(CaseEvent.by, CaseEvent.entered_by).where(CaseEvent.case == case, CaseEvent.name.in_(names))
    return frozenset(who for row in session.execute(query) for who in row if who is not None)


def open_to(session: Session, case: AnyCase, person: Person, procedure: Procedure) -> list[str]:
    """The transitions that a person may make on a case as it stands."""
    roles = roles_of(person, case, procedure)
    return [
        transition.name
        for transition in procedure.out_of(case.state)
        if roles & set(transition.by)
        and not {person.id, person.entered_by} & makers(session, case.id, transition.not_by)
    ]


def tell(session: Session, case: AnyCase, transition: Transition, at: datetime, reason: str) -> None:
    """A notice for everybody the transition tells; where no provider is registered the authority is told."""
    to: set[tuple[str | None, str | None]] = set()
    if "applicant" in transition.tells and case.raised_by is not None:
        to.add((case.raised_by, None))
    if "provider" in transition.tells:
        to.add((None, case.provider))
    if "authority" in transition.tells:
        to.add((None, None))
    for principal, organisation in sorted(to, key=str):
        session.add(
            Notice(
                id=new_id("ntc"),
                at=at,
                principal=principal,
                organisation=organisation,
                procedure=case.procedure,
                case=case.id,
                name=transition.name,
                to_state=transition.to,
                reason=reason,
            )
        )


def take_with(step: Step, **details: tuple[object, str]) -> None:
    """ControlError for a detail that is given (not None) and belongs to another transition than this one."""
    for key, (given, owner) in details.items():
        if given is not None and step.name != owner:
            raise ControlError(f"{key}: it belongs to {owner}, not to {step.name}")
