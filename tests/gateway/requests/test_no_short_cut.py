"""Whatever people do in whatever order: no grant without compliance and, where it is asked for, review by another."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy import select

from catalog.policy.load import shared_policy
from catalog.policy.procedures import Role
from gateway.control import grants
from gateway.control.errors import ControlError
from gateway.control.store import ControlStore, sqlite_url
from gateway.control.tables.grants import GrantRow
from gateway.control.tables.requests import Application, CaseEvent
from gateway.control.workflow import applications, cases
from gateway.control.workflow.applications import Narrowing
from gateway.control.workflow.course import Step, events
from tests.gateway.requests.town import PEOPLE, START, STEWARDS, Town, register

PROCEDURE = shared_policy().procedures.procedures["application"]
LESS = (Narrowing(), Narrowing(), Narrowing(columns=("visit_no",)), Narrowing(columns=("name",)))
CROWD = ("tom", "tina", "helen", "sue", "sam", "sid", "ann")  # applicants, the provider, authorities, a stranger
MAY: dict[Role, tuple[str, ...]] = {
    "applicant": ("tom", "tina"), "provider": ("helen",), "authority": ("sue", "sam"), "machine": ("machine",)
}  # fmt: skip
ASKED = (  # what is asked for, and whether the provider must agree to it
    ({"columns": ("visit_no", "kind")}, True),
    ({"clear_columns": ("phone",), "columns": ()}, True),
    ({"dataset": "notes", "columns": ("note_no", "caller")}, False),
    ({"dataset": "notes", "columns": (), "clear_columns": ("remark",)}, False),
    ({"dataset": "notes", "columns": ("note_no",), "clear_columns": ("caller",)}, True),
)


class Asking(RuleBasedStateMachine):
    """People file, move and wait as they like; the grants of the store are looked at after every step."""

    @initialize(what=st.sampled_from(ASKED))
    def open(self, what: tuple[dict[str, object], bool]) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.town = Town(ControlStore(TEMPLATE.copy_to(Path(self.folder.name) / "control.sqlite")))
        self.conditional: dict[str, bool] = {}
        self.file(what, "tom")

    def teardown(self) -> None:
        if hasattr(self, "town"):
            self.town.store.close()
            self.folder.cleanup()

    @rule(what=st.sampled_from(ASKED), who=st.sampled_from(["tom", "tom", "tom", "helen", "sid", "sue", "dev"]))
    def file(self, what: tuple[dict[str, object], bool], who: str) -> None:
        if len(self.conditional) == 2:
            return  # few cases, so that they get far
        today = self.town.ledger.today
        term = {"term_from": today + timedelta(days=3), "term_to": today + timedelta(days=60)}
        try:
            with self.town.store.begin() as session:
                self.conditional[self.town.file(session, who, **term, **what[0]).id] = what[1]
        except ControlError:
            assert who in ("dev", *STEWARDS) or today.year > 2026  # towards its end the calendar does not suffice

    @rule(data=st.data(), who=st.sampled_from(CROWD))
    def move_on(self, data: st.DataObject, who: str) -> None:
        """Anybody tries one of the transitions that leave the state."""
        self._leave(data, lambda _by: who)

    @rule(data=st.data(), who=st.sampled_from(["tom", "tina", "sid"]))
    def help_oneself(self, data: st.DataObject, who: str) -> None:
        """The applicant's own try to make somebody else's transition."""
        self._leave(data, lambda _by: who)

    @rule(data=st.data())
    def proceed(self, data: st.DataObject) -> None:
        """Somebody who may makes one of them, so that cases get far."""
        self._leave(data, lambda by: data.draw(st.sampled_from([who for role in by for who in MAY[role]])))

    def _leave(self, data: st.DataObject, choose: Callable[[tuple[Role, ...]], str]) -> None:
        if self.conditional:
            chosen = data.draw(st.sampled_from(list(self.conditional)))
            with self.town.store.read() as session:
                state = session.get_one(Application, chosen).state
            leaving = [t for t in PROCEDURE.out_of(state) if t.name != "withdraw"]
            if leaving:
                transition = data.draw(st.sampled_from(leaving))
                less = data.draw(st.sampled_from(LESS)) if transition.effect == "grant" else Narrowing()
                self._try(chosen, transition.name, choose(transition.by), less)

    @rule(days=st.sampled_from([1, 4, 70]))
    def wait(self, days: int) -> None:
        self.town.now += timedelta(days=days)

    def _try(self, case: str, name: str, who: str, narrowing: Narrowing) -> None:
        try:
            with self.town.store.begin() as session:
                step = Step(name, self.town.person(session, who), "because")
                applications.move(session, self.town.ledger, session.get_one(Application, case), step, narrowing)
        except ControlError:
            pass  # refused; what matters is what is in the store afterwards

    @invariant()
    def every_grant_was_reviewed(self) -> None:
        if not hasattr(self, "town"):
            return
        with self.town.store.begin() as session:
            cases.settle(session, self.town.ledger)
        with self.town.store.read() as session:
            for row in session.scalars(select(GrantRow)):
                case = session.scalars(select(Application).where(Application.access == row.id)).one()
                steps = events(session, case.id)
                REACHED.add((case.id, self.conditional[case.id]))
                assert reviewed(steps, case, conditional=self.conditional[case.id]), [s.name for s in steps]
                held = grants.held(session, principal=None, organisation=case.organisation, now=self.town.now)
                assert (row in held) == (case.state in ("granted", "in_use")), case.state
                assert set(row.columns) <= set(case.columns)
                assert set(row.clear_columns) <= set(case.clear_columns)


def reviewed(steps: list[CaseEvent], case: Application, *, conditional: bool) -> bool:
    """Whether somebody other than the applicant's own found it compliant, and the provider or a dispute let it pass."""

    def by_another(step: CaseEvent) -> bool:
        return step.by in PEOPLE and step.by != case.raised_by and PEOPLE[step.by] != case.organisation

    compliant = any(by_another(s) and s.by in STEWARDS and (s.name, s.from_state) in COMPLIANT for s in steps)
    agreed = any(
        (s.name == "approve" and by_another(s) and PEOPLE[s.by] == case.provider)
        or (s.name == "approve" and case.provider is None and by_another(s) and s.by in STEWARDS)
        or ((s.name, s.from_state) == ("overturn", "refusal_dispute") and by_another(s) and s.by in STEWARDS)
        for s in steps
    )
    return compliant and (agreed or not conditional)


COMPLIANT = {("comply", "compliance"), ("overturn", "compliance_dispute")}


class _Template:
    """A migrated store with everybody in it, made once and copied for each run."""

    def __init__(self) -> None:
        self._bytes = b""

    def copy_to(self, file: Path) -> str:
        if not self._bytes:
            store = ControlStore(sqlite_url(file))
            store.migrate()
            with store.begin() as session:
                register(session, START)
            store.close()
            self._bytes = file.read_bytes()
        file.write_bytes(self._bytes)
        return sqlite_url(file)


TEMPLATE = _Template()
REACHED: set[tuple[str, bool]] = set()
Asking.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
TestAsking = Asking.TestCase


def test_the_runs_reached_grants_of_both_kinds() -> None:
    """A search that never gets to a grant would prove nothing."""
    if not REACHED:
        pytest.skip("the runs before were not asked for")
    kinds = [conditional for _, conditional in REACHED]
    assert min(kinds.count(True), kinds.count(False)) >= 3
