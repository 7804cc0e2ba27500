"""What is handed to a sandbox: cells that the caller may both use there and read, as openly as the stricter says."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from catalog.policy.model import Action, CompiledPolicy, RowScope, ScopeColumns
from gateway.policy.actor import Actor
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.rows import RowFilter
from tests.gateway.fake_policy import TODAY, policy_over, rule
from tests.gateway.fake_release import dataset_entry

OPERATOR = Actor(id="operator", tier="T1R")
USED: dict[str, Any] = {"tiers": ("T1R",), "datasets": ("d",)}


def policy(*rules: Any) -> CompiledPolicy:
    entry = dataset_entry("d", {"id": ("INTEGER", "L1"), "name": ("VARCHAR", "L3"), "org": ("VARCHAR", "L1")}, ("id",))
    scopes = {"d": ScopeColumns(organisations=("org",), time=None)}
    return policy_over([entry], masks={"name": "name"}, scopes=scopes, rules=rules)


def handed(found: CompiledPolicy, today: date = TODAY) -> Decision:
    def asked(action: Action) -> Decision:
        return decide(found, OPERATOR, action, "d", None, today)

    return asked("sandbox").meet(asked("read"))


def rows_of(decision: Decision) -> dict[RowFilter, dict[str, str]]:
    return {rows: dict(columns) for rows, columns in decision.by_rows.items()}


def test_what_may_only_be_used_unseen_is_not_handed_over() -> None:
    unseen = rule("unseen", actions=("sandbox",), **USED)
    assert decide(policy(unseen), OPERATOR, "sandbox", "d", None, TODAY).allow
    assert not handed(policy(unseen)).allow
    some = handed(policy(unseen, rule("seen", actions=("read",), columns=("id",), **USED)))
    assert some.columns == ("id",)


@pytest.mark.parametrize("clear", ["sandbox", "read"])
def test_the_stricter_way_counts(clear: str) -> None:
    masked = "read" if clear == "sandbox" else "sandbox"
    found = handed(
        policy(
            rule("clear", actions=(clear,), columns=("name",), **USED),
            rule("masked", actions=(masked,), columns=("name",), treatment="masked", **USED),
        )
    )
    assert list(rows_of(found).values()) == [{"name": "masked"}]
    assert found.masks == {"name": "name"}


def test_rows_must_be_in_both() -> None:
    found = handed(
        policy(
            rule("used", actions=("sandbox",), rows=RowScope(organisations=("A", "B")), **USED),
            rule("seen", actions=("read",), rows=RowScope(organisations=("B", "C")), **USED),
        )
    )
    ((rows, columns),) = rows_of(found).items()
    assert rows == RowFilter(clauses=rows.clauses)
    assert [dict(clause.atoms) for clause in rows.clauses] == [{"org": frozenset({"B"})}]
    assert set(columns) == {"id", "name", "org"}


def test_what_is_seen_in_aggregates_only_is_not_handed_over() -> None:
    found = handed(policy(rule("sums", treatment="aggregate", **USED)))
    assert not found.allow
