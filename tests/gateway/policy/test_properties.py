"""Decisions over generated policies, callers and tables, run on a real engine and checked cell by cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from catalog.policy.model import PolicyRule
from gateway.policy.actor import Grant, TokenScope
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.masks import JoinKeys
from gateway.policy.project import project
from gateway.query.compile import compile_all, compile_page
from gateway.query.operators import OPERATORS
from gateway.query.tree import Condition, Query, Sort
from gateway.view.view import View, stored_column
from gateway.withdrawal.hidden import Withdrawn
from tests.gateway.fake_policy import WHY
from tests.gateway.fake_release import dataset_entry
from tests.gateway.policy import oracle
from tests.gateway.policy.worlds import NAMES, TYPES, World, grants, tokens, worlds

pytestmark = pytest.mark.slow(seconds=20)

steady = settings(
    max_examples=120,
    derandomize=True,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
ENTRY = dataset_entry("t", {name: (kind, "L1") for name, kind in TYPES.items()}, ("id",))
OPENNESS = {None: 0, "masked": 1, "clear": 2}


@pytest.fixture(scope="module")
def table() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute("SET default_null_order = 'nulls_last'")
        con.execute(f"CREATE TABLE t ({', '.join(f'{name} {kind}' for name, kind in TYPES.items())})")
        yield con


def decided(world: World) -> Decision:
    return decide(world.policy, world.actor, world.action, "t", world.purpose, world.today)


def view_of(world: World) -> View | None:
    return project(
        ENTRY, decided(world), stored=TYPES, stored_sorted=True, table=("memory", "main", "t"),
        row_count=len(world.rows), files={}, release="1", keys=JoinKeys(None),
    )  # fmt: skip


def fill(con: duckdb.DuckDBPyConnection, world: World) -> None:
    con.execute("DELETE FROM t")
    con.executemany(
        f"INSERT INTO t VALUES ({', '.join('?' * len(NAMES))})", [[row[name] for name in NAMES] for row in world.rows]
    )


def rows_of(con: duckdb.DuckDBPyConnection, view: View) -> list[tuple[Any, ...]]:
    names = ", ".join(f'"{column.name}"' for column in view.columns)
    return con.execute(f"SELECT {names} FROM ({view.relation().sql('duckdb')})", dict(view.binds)).fetchall()


@settings(steady, max_examples=300)
@given(world=worlds(), token=st.one_of(st.none(), tokens()), grant=grants(9))
def test_the_engine_gives_what_the_rules_say_cell_by_cell(
    table: duckdb.DuckDBPyConnection, world: World, token: TokenScope | None, grant: Grant
) -> None:
    agree(table, world.asked_by(token=token, grants=(*world.actor.grants, grant)))


@pytest.mark.nightly
@settings(steady, max_examples=10_000)
@given(world=worlds(), token=st.one_of(st.none(), tokens()), grant=grants(9))
def test_the_engine_gives_what_the_rules_say_cell_by_cell_in_thousands_of_worlds(
    table: duckdb.DuckDBPyConnection, world: World, token: TokenScope | None, grant: Grant
) -> None:
    agree(table, world.asked_by(token=token, grants=(*world.actor.grants, grant)))


def agree(con: duckdb.DuckDBPyConnection, world: World) -> None:
    """The rows the engine gives are those of the oracle, masks included."""
    world = replace(world, action="read")
    fill(con, world)
    expected, view = oracle.shown(world), view_of(world)
    if view is None:
        assert expected == []
        return
    names = [column.name for column in view.columns]
    assert all(value is None for row in expected for name, value in row.items() if name not in names)
    assert Counter(rows_of(con, view)) == Counter(tuple(row[name] for name in names) for row in expected)
    assert view.facts.row_count in (None, len(expected))


@steady
@given(world=worlds(), token=tokens())
def test_a_token_only_narrows(world: World, token: TokenScope) -> None:
    world = world.asked_by(token=token)
    for narrow, wide in zip(oracle.see(world), oracle.see(world.asked_by(token=None)), strict=True):
        assert all(OPENNESS[narrow[name]] <= OPENNESS[wide[name]] for name in NAMES)
    narrow_decision, wide_decision = decided(world), decided(world.asked_by(token=None))
    assert set(narrow_decision.columns) <= set(wide_decision.columns)
    for branch in narrow_decision.branches:
        wider = [other for other in wide_decision.branches if other.source == branch.source]
        assert all(
            any(other.rows.contains(branch.rows) and other.columns.get(name) == treatment for other in wider)
            for name, treatment in branch.columns.items()
        )


@steady
@given(world=worlds(), first=grants(1), second=grants(2))
def test_grants_together_open_the_union_of_what_they_open_alone(
    table: duckdb.DuckDBPyConnection, world: World, first: Grant, second: Grant
) -> None:
    world = replace(world.asked_by(grants=(first, second)), action="read")
    fill(table, world)
    together = cells(table, world)
    alone = [cells(table, world.asked_by(grants=(grant,))) for grant in world.actor.grants]
    for cell, value in together.items():
        assert any(value == found.get(cell) for found in alone), cell
    assert set(together) == {cell for found in alone for cell in found}


def cells(con: duckdb.DuckDBPyConnection, world: World) -> dict[tuple[int, str], Any]:
    """Every shown cell by the number of its row, whether or not the caller may see that number."""
    view = view_of(world)
    if view is None:
        return {}
    shown = [stored_column(column.name) for column in view.columns] if view.governed is None else view.governed.cells
    condition = view.governed.rows if view.governed else None
    where = "" if condition is None else f"WHERE {condition.sql('duckdb')}"
    sql = f'SELECT id, {", ".join(cell.sql("duckdb") for cell in shown)} FROM t AS "#stored" {where}'
    return {
        (number, column.name): value
        for number, *values in con.execute(sql).fetchall()
        for column, value in zip(view.columns, values, strict=True)
        if value is not None
    }


@steady
@given(world=worlds())
def test_deny_beats_allow_and_an_empty_policy_denies(world: World) -> None:
    everybody = PolicyRule(id="deny", effect="deny", reason=WHY)
    rules = world.policy.rules
    for changed in ((*rules, everybody), ()):
        assert not decided(replace(world, policy=world.policy.model_copy(update={"rules": changed}))).allow
    assert not decide(None, world.actor, world.action, "t", world.purpose, world.today).allow
    assert not decide(world.policy, world.actor, world.action, "unknown", world.purpose, world.today).allow


@steady
@given(world=worlds())
def test_the_order_of_rules_and_grants_does_not_matter(world: World) -> None:
    orders = list(permutations(world.policy.rules))[:6]
    digests = {
        decided(replace(world, policy=world.policy.model_copy(update={"rules": rules}))).digest for rules in orders
    }
    digests |= {decided(world.asked_by(grants=order)).digest for order in permutations(world.actor.grants)}
    assert len(digests) == 1


@steady
@given(world=worlds())
def test_filters_sorts_and_counts_see_what_is_shown(table: duckdb.DuckDBPyConnection, world: World) -> None:
    """Asking for the clear value of a masked cell finds exactly the rows that show that value."""
    world = replace(world, action="read")
    view, expected = view_of(world), oracle.shown(world)
    fill(table, world)
    for column in view.columns if view is not None and expected else ():
        assert view is not None
        for value in {row[column.name] for row in world.rows} | {row[column.name] for row in expected}:
            if value is None:
                continue
            condition = Condition(column, OPERATORS["eq"], (value,))
            statement = compile_page(Query(view, view.columns, (condition,), (Sort(column),), limit=100))
            found = table.execute(statement.text, statement.binds).fetchall()
            assert len(found) == sum(row[column.name] == value for row in expected)
        grouped = f'SELECT "{column.name}", count(*) FROM ({view.relation().sql("duckdb")}) GROUP BY 1'
        assert Counter(dict(table.execute(grouped).fetchall())) == Counter(row[column.name] for row in expected)


@steady
@given(world=worlds(), gone=st.frozensets(st.integers(0, 5), max_size=3), descending=st.booleans())
def test_pages_whose_rows_are_picked_first_are_those_of_the_plain_form(
    table: duckdb.DuckDBPyConnection, world: World, gone: frozenset[int], descending: bool
) -> None:
    """Page after page, in every order and under a filter, masks are what the whole answer shows, in its order."""
    view = view_of(replace(world, action="read"))
    fill(table, world)
    table.execute("CREATE OR REPLACE TABLE gone AS SELECT id FROM t WHERE list_contains($1, id)", [sorted(gone)])
    if view is None or not view.key:
        return
    withdrawn = Withdrawn(("memory", "main", "gone"), ("id",), len(gone), "gone", lambda _: ())
    view = replace(view, withdrawn=withdrawn.condition, sorted=False)
    assert view.picks_first
    for column in view.columns:
        somewhere = (Condition(column, OPERATORS["isnull"], (False,)),)
        for where in ((), somewhere):
            query = Query(view, view.columns, where, (Sort(column, descending=descending),), limit=2)
            whole = compile_all(query, [shown.ref for shown in view.columns])
            assert pages(table, query) == table.execute(whole.text, whole.binds).fetchall()


def pages(con: duckdb.DuckDBPyConnection, query: Query) -> list[tuple[Any, ...]]:
    """The rows of all pages of a query, each page begun after the last row of the one before."""
    found: list[tuple[Any, ...]] = []
    limit = query.limit or 0
    while True:
        statement = compile_page(query)
        fetched = con.execute(statement.text, statement.binds).fetchall()
        found += [row[: statement.outputs] for row in fetched[:limit]]
        if len(fetched) <= limit:
            return found
        query = replace(query, after=fetched[limit - 1][statement.outputs :])
