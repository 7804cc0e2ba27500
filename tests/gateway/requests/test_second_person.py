"""What is for a second person is for another login too: a second name typed at the same keyboard is not enough."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy.orm import Session

from gateway.control.errors import ForbiddenError
from gateway.control.workflow import applications, break_glass
from gateway.control.workflow.break_glass import NewBreakGlass
from gateway.control.workflow.course import Step
from gateway.control.workflow.people import Person
from tests.gateway.requests.town import Town

HTTP = None
ONE, OTHER = "cli:one", "cli:other"


def _typed(session: Session, town: Town, name: str, login: str | None) -> Person:
    """A person of that name, over HTTP or typed in by a login; a login's own name is the authority at the keyboard."""
    if name == login:
        return Person(name, steward=True)
    return replace(town.person(session, name), entered_by=login)


@pytest.mark.parametrize(
    ("first", "second", "confirmed"),
    [
        (HTTP, HTTP, True),
        (HTTP, ONE, True),
        (ONE, HTTP, True),
        (ONE, OTHER, True),
        (ONE, ONE, False),
    ],
)
def test_a_break_glass_is_confirmed_at_another_keyboard(
    shared_town: Town, first: str | None, second: str | None, *, confirmed: bool
) -> None:
    town = shared_town
    with town.store.begin() as session:
        attempt = session.begin_nested()
        asks, confirms = _typed(session, town, "sue", first), _typed(session, town, "sam", second)
        case = break_glass.ask(session, town.ledger, NewBreakGlass(dataset="visits", reason="r"), asks)
        if confirmed:
            break_glass.move(session, town.ledger, case, Step("confirm", confirms))
        else:
            with pytest.raises(ForbiddenError, match="needs a second person, and cli:one made or typed"):
                break_glass.move(session, town.ledger, case, Step("confirm", confirms))
        assert (case.state, case.access is not None) == (("open", True) if confirmed else ("asked", False))
        attempt.rollback()


@pytest.mark.parametrize(
    ("refuses", "settles", "settled"),
    [
        (("helen", HTTP), ("sue", HTTP), True),
        (("helen", HTTP), (ONE, ONE), True),
        (("helen", ONE), ("sue", OTHER), True),
        (("helen", ONE), ("sue", ONE), False),
        (("helen", ONE), (ONE, ONE), False),
    ],
)
def test_a_dispute_is_settled_at_another_keyboard_than_the_refusal(
    shared_town: Town, refuses: tuple[str, str | None], settles: tuple[str, str | None], *, settled: bool
) -> None:
    town = shared_town
    with town.store.begin() as session:
        attempt = session.begin_nested()
        case = town.file(session)
        applications.move(session, town.ledger, case, Step("comply", Person(ONE, steward=True)))
        applications.move(session, town.ledger, case, Step("refuse", _typed(session, town, *refuses), "no"))
        applications.move(session, town.ledger, case, Step("dispute", _typed(session, town, "tom", ONE), "why"))
        step = Step("overturn", _typed(session, town, *settles), "it must")
        if settled:
            applications.move(session, town.ledger, case, step)
        else:
            with pytest.raises(ForbiddenError, match="needs a second person, and cli:one"):
                applications.move(session, town.ledger, case, step)
        assert (case.access is not None) == settled
        attempt.rollback()
