"""Row filters: intersection, containment, what is denied, and scopes compiled for datasets with other columns."""

from __future__ import annotations

from datetime import date

import pytest

from catalog.policy.divisions import DivisionTree
from catalog.policy.model import RowScope, ScopeColumns
from gateway.policy.rows import EVERYTHING, NOTHING, Clause, RowFilter, rows_in, rows_touching
from tests.gateway.policy.worlds import DIVISIONS

TREE = DivisionTree(DIVISIONS)
DISTRICTS = ScopeColumns(divisions={3: "district"}, organisations=("org",), time="day")
STREETS = ScopeColumns(divisions={4: "street"})
BOTH = ScopeColumns(divisions={3: "district", 4: "street"})


def one(column: str, *values: str) -> RowFilter:
    return RowFilter(frozenset({Clause.of([(column, frozenset(values))])}))


def within(columns: ScopeColumns, **scope: object) -> RowFilter:
    return rows_in(RowScope.model_validate(scope), columns, TREE)


@pytest.mark.parametrize(
    ("columns", "divisions", "found"),
    [
        (DISTRICTS, ("1",), one("district", "1")),
        (DISTRICTS, ("1", "2"), one("district", "1", "2")),
        (DISTRICTS, ("11",), NOTHING),
        (STREETS, ("11",), one("street", "11")),
        (STREETS, ("1",), one("street", "11", "12")),
        (STREETS, ("111",), NOTHING),
        (BOTH, ("1",), one("district", "1")),
        (BOTH, ("11",), one("street", "11")),
        (BOTH, ("9",), NOTHING),
        (ScopeColumns(), ("1",), NOTHING),
        (ScopeColumns(), (), EVERYTHING),
    ],
)
def test_a_division_is_its_own_column_or_its_descendants(
    columns: ScopeColumns, divisions: tuple[str, ...], found: RowFilter
) -> None:
    assert within(columns, divisions=divisions) == found


@pytest.mark.parametrize(
    ("columns", "scope", "found"),
    [
        (DISTRICTS, {"divisions": ("11",)}, one("district", "1")),
        (STREETS, {"divisions": ("1",)}, one("street", "11", "12")),
        (STREETS, {"divisions": ("9",)}, EVERYTHING),
        (ScopeColumns(), {"divisions": ("1",)}, EVERYTHING),
        (STREETS, {"organisations": ("A",)}, EVERYTHING),
        (STREETS, {"since": "2026-01-01"}, EVERYTHING),
    ],
)
def test_a_denied_scope_that_cannot_be_tested_is_wide(
    columns: ScopeColumns, scope: dict[str, object], found: RowFilter
) -> None:
    assert rows_touching(RowScope.model_validate(scope), columns, TREE) == found


def test_parts_of_a_scope_that_a_dataset_cannot_test_leave_no_row() -> None:
    assert within(STREETS, organisations=("A",)) == NOTHING
    assert within(STREETS, since="2026-01-01") == NOTHING
    assert within(DISTRICTS, since="2026-02-01", until="2026-02-01") == NOTHING


def test_intersection_and_containment() -> None:
    january = within(DISTRICTS, since="2026-01-01", until="2026-02-01")
    first, second = within(DISTRICTS, divisions=("1",)), within(DISTRICTS, divisions=("1", "2"))
    assert first.intersect(second) == first
    assert first.intersect(within(DISTRICTS, divisions=("2",))) == NOTHING
    assert first.intersect(january) == within(DISTRICTS, divisions=("1",), since="2026-01-01", until="2026-02-01")
    assert january.intersect(within(DISTRICTS, since="2026-03-01")) == NOTHING
    assert (second.contains(first), first.contains(second)) == (True, False)
    assert EVERYTHING.contains(first)
    assert not first.contains(EVERYTHING)
    assert first.contains(first.intersect(january))
    assert first.contains(NOTHING)
    assert not NOTHING.contains(first)


def test_what_is_denied_is_taken_away_and_stays_away() -> None:
    first, both = one("district", "1"), one("district", "1", "2")
    left = both.minus(first)
    assert both.contains(left)
    assert not left.contains(both)
    assert not left.contains(first)
    assert first.minus(both) == NOTHING
    assert left.intersect(first) == NOTHING
    assert left.minus(one("org", "A")).minus(first) == left.minus(one("org", "A"))
    assert both.minus(NOTHING) == both


def test_over_an_older_table_what_cannot_be_tested_lets_nothing_through() -> None:
    scope = one("street", "11").intersect(one("org", "A"))
    assert scope.over({"street", "org"}) == scope
    assert scope.over({"org"}) == NOTHING
    either = RowFilter(frozenset({Clause.of([("street", frozenset({"11"})), ("org", frozenset({"A"}))])}))
    assert either.over({"org"}) == one("org", "A")
    assert EVERYTHING.minus(one("street", "11")).over({"org"}) == NOTHING
    assert within(DISTRICTS, since="2026-01-01").over({"district"}) == NOTHING


def test_the_same_filter_has_the_same_plain_form() -> None:
    first = one("a", "1", "2").intersect(one("b", "3")).minus(one("c", "4"))
    second = one("b", "3").minus(one("c", "4")).intersect(one("a", "2", "1"))
    assert first == second
    assert first.plain == second.plain
    assert str(date(2026, 1, 1)) in repr(within(DISTRICTS, since="2026-01-01").plain)
