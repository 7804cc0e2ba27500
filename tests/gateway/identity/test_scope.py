"""Scopes only narrow: what several let through is what each of them lets through."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.policy.model import RowScope, ScopeColumns
from gateway.control.errors import ControlError
from gateway.identity.scope import Scope, from_words, narrowed, parse_scope
from gateway.policy.actor import TokenScope
from gateway.policy.rows import rows_in
from tests.gateway.identity.conftest import TREE

CODES = ["990100", "990101", "990102", "990101001", "990101002", "123"]
COLUMNS = ScopeColumns(divisions={4: "street"}, organisations=("o",), time="t")
DAYS = st.none() | st.dates(date(2024, 1, 1), date(2024, 1, 9))
ROWS = st.builds(
    RowScope,
    divisions=st.lists(st.sampled_from(CODES), max_size=3).map(tuple),
    organisations=st.lists(st.sampled_from(["A", "B"]), max_size=2).map(tuple),
    since=DAYS,
    until=DAYS,
)
NAMES = st.none() | st.frozensets(st.sampled_from("abc"), max_size=3)
TOKENS = st.none() | st.builds(
    TokenScope,
    NAMES,
    st.none() | st.frozensets(st.sampled_from(["read", "export"])),  # type: ignore[arg-type]
    NAMES,
    st.none() | ROWS,
)


def allows(token: TokenScope | None, dataset: str, action: str, column: str) -> bool:
    parts = [] if token is None else [(token.datasets, dataset), (token.actions, action), (token.columns, column)]
    return all(names is None or name in names for names, name in parts)


@given(one=TOKENS, other=TOKENS)
def test_both_scopes_together_let_through_what_each_does(one: TokenScope | None, other: TokenScope | None) -> None:
    both = narrowed([one, other], TREE)
    for dataset, action, column in ((d, a, c) for d in "abc" for a in ("read", "export") for c in "abc"):
        each = allows(one, dataset, action, column) and allows(other, dataset, action, column)
        assert not allows(both, dataset, action, column) or each
    rows = [rows_in(t.rows, COLUMNS, TREE) for t in (one, other) if t is not None and t.rows is not None]
    if both is None or both.datasets == frozenset():
        return
    found = rows_in(both.rows or RowScope(), COLUMNS, TREE)
    assert all(wide.contains(found) for wide in rows)


def test_a_division_within_another_remains_and_strangers_leave_nothing() -> None:
    def rows(*codes: str) -> TokenScope:
        return TokenScope(rows=RowScope(divisions=codes))

    assert narrowed([rows("990101"), rows("990101001", "990102")], TREE) == rows("990101001")
    assert narrowed([rows("990101"), rows("990102")], TREE) == TokenScope(datasets=frozenset())
    assert narrowed([None, rows("990101"), None], TREE) == rows("990101")


def test_scope_words_narrow_and_admin_must_have_been_given() -> None:
    assert from_words("dataset:permits action:read", Scope()).token == TokenScope(
        frozenset({"permits"}), frozenset({"read"})
    )
    assert from_words("", Scope(admin=True)).admin
    assert not from_words("dataset:permits", Scope(admin=True)).admin
    for wrong in ("admin", "dataset:", "everything", "action:destroy"):
        with pytest.raises(ControlError):
            from_words(wrong, Scope())


def test_a_wrong_scope_names_its_key() -> None:
    with pytest.raises(ControlError, match=r"scope\.dataset: "):
        parse_scope({"dataset": ["a"]})
