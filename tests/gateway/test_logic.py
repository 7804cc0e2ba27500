"""Conditions joined by and, or and not, and pages from an offset on, held against loops over the same values."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.disclosure.protect import compile_cells, protected
from gateway.query.compile import Statement, compile_all, compile_page
from gateway.query.compile_groups import compile_groups
from gateway.query.geometry import WHERES
from gateway.query.grouping import Figure, GroupedQuery, Having, Key
from gateway.query.logic import all_of, any_of, conjuncts, leaves, negated, plain
from gateway.query.operators import OPERATORS
from gateway.query.tree import Condition, Filter, Query
from gateway.quota.cost import estimate
from gateway.view.types import ValueType
from gateway.view.view import Column, Facts, Text, View

NOTHING = Text(zh="", en="")
COLUMNS = {"id": "INTEGER", "kind": "VARCHAR", "minutes": "INTEGER", "lon": "DOUBLE", "lat": "DOUBLE"}
Row = dict[str, Any]


def rows() -> list[Row]:
    rng = random.Random(3)
    return [
        {
            "id": number,
            "kind": rng.choice(("灯", "road", None)),
            "minutes": rng.choice((None, 1, 2, 3)),
            "lon": rng.choice((None, 1.0, 5.0)),
            "lat": rng.choice((None, 1.0, 5.0)),
        }
        for number in range(60)
    ]


ROWS = rows()
VIEW = View(
    dataset="calls",
    columns=tuple(Column(name, ValueType.of(kind), NOTHING) for name, kind in COLUMNS.items()),
    key=(Column("id", ValueType.of("INTEGER"), NOTHING),),
    order=(),
    facts=Facts(NOTHING, "", "", "", NOTHING, "", (), len(ROWS)),
    distributions=(),
    table=("memory", "main", "calls"),
    sorted=True,
    policy="",
    edition="",
)


@pytest.fixture(scope="module")
def engine() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(f"CREATE TABLE calls ({', '.join(f'{name} {kind}' for name, kind in COLUMNS.items())})")
        con.executemany(f"INSERT INTO calls VALUES ({', '.join('?' * len(COLUMNS))})", [[*r.values()] for r in ROWS])
        yield con


def run(con: duckdb.DuckDBPyConnection, statement: Statement) -> list[tuple[Any, ...]]:
    return con.execute(statement.text, statement.binds).fetchall()


def condition(column: str, operator: str, *values: Any) -> Condition:
    found = VIEW.column(column)
    assert found is not None
    return Condition(found, OPERATORS[operator], values)


BOX = WHERES["bbox"].condition(VIEW, "0,0,2,2")
LEAVES = st.one_of(
    st.builds(lambda v: condition("minutes", "ge", v), st.integers(0, 4)),
    st.builds(lambda v: condition("kind", "eq", v), st.sampled_from(("灯", "road", "x"))),
    st.builds(lambda v: condition("kind", "isnull", v), st.booleans()),
    st.just(BOX),
)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(all_of), st.lists(inner, max_size=3).map(any_of), inner.map(negated)
    ),
    max_leaves=8,
)


def truth(part: Filter, row: Row) -> bool | None:
    """Whether a row meets a condition; None where it lacks a value to tell."""
    if isinstance(part, Condition):
        found = leaf(part, row)
        return found if found is None or not part.negated else not found
    told = [truth(inner, row) for inner in part.parts]
    decided = not part.every
    return decided if decided in told else None if None in told else not decided


def leaf(part: Condition, row: Row) -> bool | None:
    if part.operator.name == "bbox":
        return None if None in (row["lon"], row["lat"]) else row["lon"] < 2 and row["lat"] < 2
    value = row[part.column.name]
    if part.operator.name == "isnull":
        return (value is None) == part.values[0]
    if value is None:
        return None
    return bool(value >= part.values[0] if part.operator.name == "ge" else value == part.values[0])


@settings(max_examples=150, derandomize=True, deadline=None)
@given(part=TREES)
def test_the_rows_are_those_that_meet_the_tree(engine: duckdb.DuckDBPyConnection, part: Filter) -> None:
    statement = compile_all(Query(VIEW, VIEW.key, conjuncts(part)), [VIEW.key[0].ref])
    found = {row[0] for row in run(engine, statement)}
    assert found == {row["id"] for row in ROWS if truth(part, row)}


@settings(max_examples=100, derandomize=True, deadline=None)
@given(part=TREES)
def test_not_twice_is_the_same_question(part: Filter) -> None:
    assert negated(negated(part)) == part
    assert {leaf.column.name for leaf in leaves([part])} <= set(part.names) <= set(COLUMNS)


def test_one_question_has_one_digest_however_its_parts_are_ordered() -> None:
    one, other = condition("minutes", "ge", 2), condition("kind", "eq", "灯")
    assert plain([any_of([one, other])]) == plain([any_of([other, one])])
    questions = [any_of([one, other]), all_of([one, other]), negated(one), one, any_of([one, negated(other)])]
    assert len({Query(VIEW, VIEW.columns, (part,)).digest for part in questions}) == len(questions)


def test_a_condition_below_an_or_does_not_make_a_question_cheaper() -> None:
    narrow = condition("id", "eq", 7)
    plain_cost, below = (
        estimate(Query(VIEW, VIEW.key, (part,), limit=1)).rows_read
        for part in (narrow, any_of([narrow, condition("kind", "eq", "灯")]))
    )
    assert plain_cost <= below == len(ROWS)


def test_pages_from_offsets_on_are_the_rows_in_order(engine: duckdb.DuckDBPyConnection) -> None:
    query = Query(VIEW, VIEW.key, limit=7)
    pages = [compile_page(replace(query, offset=offset)) for offset in range(0, 63, 7)]
    found = [row[0] for page in pages for row in run(engine, page)[:7]]
    assert found == [row["id"] for row in ROWS]


def grouped(where: tuple[Filter, ...] = (), **more: Any) -> GroupedQuery:
    kind = VIEW.column("kind")
    assert kind is not None
    return GroupedQuery(VIEW, (Key(kind),), (Figure(),), where, **more)


def test_conditions_on_groups_join_as_those_on_rows(engine: duckdb.DuckDBPyConnection) -> None:
    counts = {kind: sum(row["kind"] == kind for row in ROWS) for kind in ("灯", "road", None)}
    query = grouped()
    few = Having(Figure(), OPERATORS["lt"], (min(counts.values()),))
    lamp = Having(query.keys[0], OPERATORS["eq"], ("灯",))
    either = compile_groups(replace(query, having=(any_of([few, lamp]),)))
    neither = compile_groups(replace(query, having=(negated(any_of([few, lamp])),)))
    assert [row[:2] for row in run(engine, either)] == [("灯", counts["灯"])]
    assert [row[:2] for row in run(engine, neither)] == [("road", counts["road"])]


def test_a_small_part_is_found_below_an_or(engine: duckdb.DuckDBPyConnection) -> None:
    """Asking for all but one row must not tell what that row adds, however the condition is put."""
    all_but = any_of([negated(condition("id", "eq", 0)), condition("minutes", "isnull", False)])
    query = grouped((all_but,))
    cells = compile_cells(query, 1_000)
    told = protected(query, run(engine, cells), 2, 1_000)
    assert len(told.withheld) == len({row["kind"] for row in ROWS})
