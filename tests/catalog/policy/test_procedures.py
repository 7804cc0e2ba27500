"""Procedures and working days: the shared ones are sound, unsound ones are refused by name, 2027 is reckoned."""

from __future__ import annotations

import shutil
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from catalog.city import load_city
from catalog.policy.compile import compile_policy
from catalog.policy.load import shared_policy
from catalog.policy.model import Clock, CompiledPolicy
from catalog.policy.procedures import Procedure, Procedures
from catalog.policy.workdays import CalendarError, due_on

ROOT = Path(__file__).resolve().parents[3]
T = {"zh": "一", "en": "One"}


@pytest.fixture(scope="module")
def policy(tmp_path_factory: pytest.TempPathFactory) -> CompiledPolicy:
    """The shared policy with the demonstration city's calendar, without datasets or rules about them."""
    city = tmp_path_factory.mktemp("city") / "yunzhou"
    shutil.copytree(ROOT / "examples" / "yunzhou", city, ignore=shutil.ignore_patterns("policy", "departments"))
    return compile_policy(load_city(city), ())


def test_the_shared_procedures_travel_with_the_policy(policy: CompiledPolicy) -> None:
    assert policy.procedures == shared_policy().procedures
    assert CompiledPolicy.model_validate_json(policy.model_dump_json()).procedures == policy.procedures
    assert shared_policy().procedures.clocks <= set(policy.clocks)


def test_whoever_answers_is_told_and_whoever_refuses_says_why() -> None:
    for procedure in shared_policy().procedures.procedures.values():
        for transition in procedure.transitions:
            if transition.name in ("refuse", "reject", "uphold", "overturn", "revoke", "dispute"):
                assert transition.reason, transition.name
            if "provider" in transition.by and "applicant" not in transition.by and transition.name != "reroute":
                assert set(transition.tells) - {"provider"}, transition.name


def _procedure(**changes: Any) -> dict[str, Any]:
    move = {"name": "go", "title": T, "from": ["a"], "to": "b", "by": ["authority"]}
    whole = {"title": T, "initial": "a", "states": {"a": {"title": T}, "b": {"title": T}}, "transitions": [move]}
    move |= changes.pop("move", {})
    return whole | changes


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"initial": "b"}, "`a` is never reached"),
        ({"states": {"a": {"title": T}}}, "`b` is declared or used, not both"),
        ({"move": {"not_by": ["stop"]}}, "`stop` that does not exist"),
        ({"move": {"by": ["machine", "authority"]}}, "not by both"),
        ({"move": {"when": "begun"}}, "for transitions of the machine"),
    ],
)
def test_an_unsound_procedure_is_refused(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        Procedure.model_validate(_procedure(**changes))
    assert "go" in {t.name for t in Procedure.model_validate(_procedure()).transitions}
    with pytest.raises(ValidationError):
        Procedures.model_validate({"procedures": {"holiday": _procedure()}})


@pytest.mark.parametrize(
    ("start", "days", "due"),
    [
        (date(2026, 11, 20), 1, date(2026, 11, 23)),  # a Friday: the week-end is not counted
        (date(2026, 11, 21), 1, date(2026, 11, 23)),  # a Saturday: as if begun on the last working day
        (date(2026, 9, 30), 1, date(2026, 10, 8)),  # over the national holidays
    ],
)
def test_time_limits_count_working_days_only(policy: CompiledPolicy, start: date, days: int, due: date) -> None:
    assert due_on(_clock(policy, days), "c", start) == due


def test_2027_and_the_turn_of_the_year_are_reckoned(policy: CompiledPolicy) -> None:
    free = set(policy.non_working)
    for start in (date(2026, 12, 31), date(2027, 1, 1), date(2027, 2, 5), date(2027, 12, 31)):
        for days in (1, 5, 10, 20):
            due = due_on(_clock(policy, days), "c", start)
            between = [start + timedelta(days=n) for n in range(1, (due - start).days + 1)]
            assert len([day for day in between if day not in free]) == days
            assert due not in free


def test_a_time_limit_that_would_leave_the_calendar_is_an_error(policy: CompiledPolicy) -> None:
    assert policy.calendar_to is not None
    with pytest.raises(CalendarError, match=r"leave the calendar.*extend vocabulary/calendar\.csv"):
        due_on(_clock(policy, 5), "c", policy.calendar_to - timedelta(days=2))
    with pytest.raises(CalendarError, match="is empty"):
        due_on(_clock(policy.model_copy(update={"calendar_to": None}), 5), "c", date(2026, 1, 1))
    with pytest.raises(CalendarError, match="has no clock nap"):
        due_on(policy, "nap", date(2026, 1, 1))


def _clock(policy: CompiledPolicy, days: int) -> CompiledPolicy:
    return policy.model_copy(update={"clocks": {"c": Clock(working_days=days, source="Test")}})
