"""Procedures as data: the states of an application, demand, correction or break-glass, and who may move it on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import ConfigDict, Field, model_validator

from catalog.contract.options import Level, Strict, Title
from catalog.policy.words import Action

ProcedureName = Literal["application", "demand", "correction", "break_glass"]
Role = Literal["applicant", "provider", "authority", "machine"]
# What must hold for a transition of the machine; `begun` and `ended` are the two ends of the case's term.
Condition = Literal["unconditional", "conditional", "begun", "ended"]
FILED = "file"
"""Name of the first step of every case."""
StepEffect = Literal["grant", "revoke", "route", "answer", "publish", "open", "close"]


class ProcedureState(Strict):
    """Where a case stands. `clock` names the time limit that runs while it stands there."""

    title: Title
    clock: str | None = None


class Transition(Strict):
    """A move from one of the states `from` to `to`.

    One of the roles `by` may make it; the `machine` makes it by itself as soon as `when` holds. Whoever made, or typed
    in for somebody, one of the steps in `not_by` on the same case (FILED is its first) may not make this one, nor type
    it in. `tells` are those who get a notice.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True, serialize_by_alias=True)

    name: str = Field(pattern=r"^[a-z][a-z_]*$")
    title: Title
    from_: tuple[str, ...] = Field(alias="from", min_length=1)
    to: str
    by: tuple[Role, ...] = Field(min_length=1)
    when: Condition | None = None
    reason: bool = False
    not_by: tuple[str, ...] = ()
    effect: StepEffect | None = None
    tells: tuple[Literal["applicant", "provider", "authority"], ...] = ()

    @model_validator(mode="after")
    def _by_one_kind(self) -> Transition:
        if "machine" in self.by and len(self.by) > 1:
            raise ValueError("a transition is made by people or by the machine, not by both")
        if self.when is not None and self.by != ("machine",):
            raise ValueError("`when` is for transitions of the machine")
        return self


class Procedure(Strict):
    """One state machine. With `own_provider` the applicant's own organisation may act as the provider."""

    title: Title
    initial: str
    own_provider: bool = False
    states: dict[str, ProcedureState]
    transitions: tuple[Transition, ...]

    @model_validator(mode="after")
    def _sound(self) -> Procedure:
        for fault in self._faults():
            raise ValueError(fault)
        return self

    def _faults(self) -> Iterator[str]:
        names = {FILED} | {transition.name for transition in self.transitions}
        seen: set[tuple[str, str]] = set()
        reached, grown = {self.initial}, True
        while grown:
            found = {t.to for t in self.transitions if reached & set(t.from_)}
            grown, reached = not found <= reached, reached | found
        for state in sorted(({self.initial} | {s for t in self.transitions for s in (*t.from_, t.to)}) ^ reached):
            yield f"state `{state}` is never reached"
        for state in sorted(reached ^ set(self.states)):
            yield f"state `{state}` is declared or used, not both"
        for transition in self.transitions:
            for name in transition.not_by:
                if name not in names:
                    yield f"`{transition.name}` names a transition `{name}` that does not exist"
            for state in transition.from_:
                if (transition.name, state) in seen:
                    yield f"`{transition.name}` leaves `{state}` twice"
                seen.add((transition.name, state))

    def out_of(self, state: str) -> tuple[Transition, ...]:
        """The transitions that leave a state."""
        return tuple(transition for transition in self.transitions if state in transition.from_)

    def step_title(self, name: str, to: str) -> Title | None:
        """What a step is called that led to a state; None where there is no such transition (any more)."""
        return next((t.title for t in self.transitions if (t.name, t.to) == (name, to)), None)


class Mode(Strict):
    """A way of sharing: what may be done with what is granted."""

    title: Title
    actions: tuple[Action, ...] = Field(min_length=1)


class Automatic(Strict):
    """What of an unconditionally shared or opened dataset is granted without its provider: columns of `levels`,
    of them in clear those of `clear_levels`."""

    levels: tuple[Level, ...]
    clear_levels: tuple[Level, ...]


class ApplicationTerms(Strict):
    """What an application may say."""

    modes: dict[str, Mode]
    frequencies: dict[str, Title]
    longest_days: int = Field(ge=1)
    automatic: Automatic


class BreakGlassTerms(Strict):
    """For how many minutes break-glass opens a dataset, and how long the second person may take to confirm it."""

    usual_minutes: int = Field(ge=1)
    longest_minutes: int = Field(ge=1)
    confirm_within_minutes: int = Field(ge=1)


class CorrectionTerms(Strict):
    """What a correction raised without a credential costs, in units of the quota: the store is not for flooding."""

    public_cost: int = Field(ge=1)


class Procedures(Strict):
    """`procedures.yml`."""

    procedures: dict[ProcedureName, Procedure]
    application: ApplicationTerms
    break_glass: BreakGlassTerms
    correction: CorrectionTerms

    @property
    def clocks(self) -> set[str]:
        """The time limits that are named."""
        return {s.clock for procedure in self.procedures.values() for s in procedure.states.values() if s.clock}
