"""Every state by every transition by every kind of person: the legal ones are listed by hand, all else is refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy.orm import Session

from catalog.policy.load import shared_policy
from gateway.control.errors import ConflictError, ForbiddenError, UnknownError
from gateway.control.tables.requests import BreakGlass, Correction, Demand
from gateway.control.workflow import applications, break_glass, corrections, demands
from gateway.control.workflow.course import AnyCase, Step
from gateway.identity.secret_text import Hasher
from gateway.policy.actor import Actor
from tests.gateway.requests.town import Town

A, P, S = "applicant", "provider", "authority"
# By procedure and state: the transitions people can make, and who.
LEGAL: dict[str, dict[str, dict[str, set[str]]]] = {
    "application": {
        "compliance": {"comply": {S}, "reject": {S}, "withdraw": {A}},
        "rejected": {"dispute": {A}, "withdraw": {A}},
        "compliance_dispute": {"overturn": {S}, "uphold": {S}, "withdraw": {A}},
        "provider_review": {"approve": {P}, "refuse": {P}, "withdraw": {A}},
        "refused": {"dispute": {A}, "withdraw": {A}},
        "refusal_dispute": {"overturn": {S}, "uphold": {S}, "withdraw": {A}},
        "granted": {"revoke": {P, S}, "relinquish": {A}},
        "in_use": {"revoke": {P, S}, "relinquish": {A}},
        "upheld": {}, "withdrawn": {}, "expired": {}, "revoked": {}, "relinquished": {},
    },
    "demand": {
        "raised": {"route": {S}, "answer": {P, S}, "refuse": {P, S}, "withdraw": {A}},
        "routed": {"route": {S}, "decline": {P}, "answer": {P, S}, "refuse": {P, S}, "withdraw": {A}},
        "answered": {}, "refused": {}, "withdrawn": {},
    },
    "correction": {
        "routed": {"reroute": {P, S}, "fix": {P}, "refuse": {P}, "withdraw": {A}},
        "fixed": {"publish": {P, S}},
        "refused": {"dispute": {A}, "withdraw": {A}},
        "disputed": {"overturn": {S}, "uphold": {S}, "withdraw": {A}},
        "published": {}, "upheld": {}, "withdrawn": {},
    },
    "break_glass": {
        "asked": {"confirm": {S}, "refuse": {S}, "withdraw": {A}},
        "open": {"close": {A, S}},
        "refused": {}, "lapsed": {}, "withdrawn": {}, "closed": {}, "expired": {},
    },
}  # fmt: skip
PASSED_THROUGH = {
    "application": {"submitted", "cleared"},
    "correction": {"raised"},
    "demand": set(),
    "break_glass": set(),
}
WHO = {"tom": A, "tina": A, "sid": A, "helen": P, "sue": S, "ann": None, "dev": None}
# Of a steward's own break-glass: nobody but the one who asked is its applicant.
WHO_OF_GLASS = {"sam": A, "sue": S, "sid": S, "helen": P, "tom": None, "ann": None, "dev": None}


def _new(session: Session, town: Town, procedure: str) -> AnyCase:
    """A case of tom's, or of sam's for break-glass, that health answers for; its term has not begun."""
    if procedure == "application":
        start = (town.now + timedelta(days=30)).date()
        return town.file(session, columns=("visit_no", "kind"), term_from=start)
    tom = town.person(session, "tom")
    case: AnyCase
    if procedure == "demand":
        wanted = demands.NewDemand(title="t", description="d", purpose="statistics", basis="b", candidate="health")
        case = demands.raise_demand(session, town.ledger, wanted, tom)
        case.provider = "health"
        return case
    if procedure == "correction":
        wrong = corrections.NewCorrection(
            dataset="visits", key={"visit_no": "1"}, column="kind", wrong="w", evidence="e"
        )
        return corrections.raise_correction(
            session, town.ledger, wrong, hasher=Hasher(b"p"), actor=Actor("tom", "T2", "traffic"), person=tom
        ).row
    asked = break_glass.NewBreakGlass(dataset="visits", reason="r")
    return break_glass.ask(session, town.ledger, asked, town.person(session, "sam"))


def _move(session: Session, town: Town, case: AnyCase, name: str, who: str) -> None:
    step, ledger = Step(name, town.person(session, who), "because"), town.ledger
    if isinstance(case, Demand):
        more: dict[str, Any] = {"route": {"organisation": "police"}, "answer": {"dataset": "notes"}}.get(name, {})
        demands.move(session, ledger, case, step, **more)
    elif isinstance(case, Correction):
        more = {"reroute": {"organisation": "police"}, "publish": {"release": 1}}.get(name, {})
        corrections.move(session, ledger, case, step, **more)
    elif isinstance(case, BreakGlass):
        break_glass.move(session, ledger, case, step)
    else:
        applications.move(session, ledger, case, step)


def test_the_table_knows_every_state_and_every_transition() -> None:
    for name, procedure in shared_policy().procedures.procedures.items():
        assert set(LEGAL[name]) | PASSED_THROUGH.get(name, set()) == set(procedure.states)
        made = {t.name for t in procedure.transitions if "machine" not in t.by}
        assert {move for moves in LEGAL[name].values() for move in moves} == made


@pytest.mark.parametrize("procedure", LEGAL)
def test_only_the_legal_moves_are_made_and_only_by_who_may(procedure: str, shared_town: Town) -> None:
    town, tried = shared_town, 0
    everybody = WHO_OF_GLASS if procedure == "break_glass" else WHO
    names = {move for moves in LEGAL[procedure].values() for move in moves}
    machine = {t.name for t in shared_policy().procedures.procedures[procedure].transitions} - names  # type: ignore[index]
    with town.store.begin() as session:
        case = _new(session, town, procedure)
        for state, moves in LEGAL[procedure].items():
            for name in sorted(names | machine | {"fly"}):
                for who, role in everybody.items():
                    expected = _expected(moves.get(name), role, known=name in names)
                    tried += 1
                    attempt = session.begin_nested()
                    try:
                        case.state = state
                        session.flush()
                        if expected is None:
                            _move(session, town, case, name, who)
                            assert case.state != state or name in ("route", "reroute")
                        else:
                            with pytest.raises(expected):
                                _move(session, town, case, name, who)
                            assert case.state == state, (state, name, who)
                    finally:
                        attempt.rollback()
    assert tried == len(LEGAL[procedure]) * (len(names | machine) + 1) * len(everybody)


def _expected(roles: set[str] | None, role: str | None, *, known: bool) -> type[Exception] | None:
    """What is raised: nothing for a legal move; strangers learn nothing, not even that there is such a case."""
    if role is None or not known:
        return UnknownError
    if roles is None:
        return ConflictError
    return None if role in roles else ForbiddenError


def test_states_that_are_passed_through_are_never_stood_at(shared_town: Town) -> None:
    with shared_town.store.begin() as session:
        case = _new(session, shared_town, "application")
        assert case.state == "compliance"
        _move(session, shared_town, case, "comply", "sue")
        assert case.state == "provider_review"
        unconditional = shared_town.file(session, dataset="notes", columns=("note_no", "caller"))
        _move(session, shared_town, unconditional, "comply", "sue")
        assert unconditional.state == "in_use"
