"""The matrix as it is authored, put to the decision: what a department sees of each level under a grant."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from catalog.policy.compile import matrix_rules
from catalog.policy.load import shared_policy
from catalog.policy.model import Action, RowScope, Tier
from gateway.policy.actor import Actor, Grant
from gateway.policy.decide import decide
from tests.gateway.fake_policy import TODAY, policy_over
from tests.gateway.fake_release import dataset_entry

COLUMNS = {"no": ("VARCHAR", "L1"), "fee": ("INTEGER", "L2"), "name": ("VARCHAR", "L3"), "id_no": ("VARCHAR", "L4")}
PEOPLE = dataset_entry("people", COLUMNS, ("no",), sharing="conditional", opening="none")  # type: ignore[arg-type]
POLICY = policy_over(
    [PEOPLE], masks={"name": "name", "id_no": "id_number"}, rules=tuple(matrix_rules(shared_policy().matrix))
)


def seen(tier: Tier, action: Action, *, clear: bool, statutory: bool = False) -> dict[str, str]:
    """How each column is seen under one grant of all of them."""
    named = ((), tuple(COLUMNS)) if clear else (tuple(COLUMNS), ())
    until = datetime(2027, 1, 1, tzinfo=UTC)
    grant = Grant("g", "people", *named, ("read", "export", "verify"), RowScope(), (), until, statutory)
    decision = decide(POLICY, Actor("x", tier, grants=(grant,)), action, "people", None, TODAY)
    return {name: treatment for branch in decision.branches for name, treatment in branch.columns.items()}


@pytest.mark.parametrize("action", ["read", "export"])
def test_values_of_the_highest_level_are_shown_by_a_statutory_grant_alone(action: Action) -> None:
    below = {"no": "clear", "fee": "clear", "name": "clear"}
    assert seen("T3", action, clear=True) == below
    assert seen("T3", action, clear=True, statutory=True) == below | {"id_no": "clear"}
    assert seen("T3", action, clear=False, statutory=True) == below | {"name": "masked"}
    assert seen("T2", action, clear=False) == below | {"name": "masked"}


def test_otherwise_they_are_verified() -> None:
    assert seen("T3", "verify", clear=True)["id_no"] == "verify"
    assert "id_no" not in seen("T2", "verify", clear=False)
