"""Masks of a sorted page are reckoned for its own rows: the engine picks them before, by what filter and order need."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from gateway.engine import Engine
from gateway.policy.masks import masked
from gateway.query.compile import compile_page
from gateway.query.operators import OPERATORS
from gateway.query.tree import Condition, Query, Sort
from gateway.view.types import ValueType
from gateway.view.view import Column, Facts, Governed, Text, View, stored_column
from gateway.withdrawal.hidden import Withdrawn

NOTHING = Text(zh="", en="")
COLUMNS = {"number": "VARCHAR", "minutes": "INTEGER", "phone": "VARCHAR", "note": "VARCHAR"}
ROWS = 20_000
LIMIT = 100


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    found = Engine(tmp_path_factory.mktemp("plan"), memory_limit="500MB", threads=2, places=1, exports=1)
    found.run(
        "CREATE TABLE memory.main.calls AS SELECT printf('N%06d', i) AS number, (i * 7919 % 500)::INTEGER AS minutes,"
        f" '1380000' || printf('%04d', i % 10000) AS phone, '灯不亮' AS note FROM range({ROWS}) r(i)"
    )
    found.run("CREATE TABLE memory.main.gone AS SELECT number FROM calls WHERE minutes = 499")
    yield found
    found.close()


@pytest.fixture(params=["nothing withdrawn", "withdrawn rows"])
def view(request: pytest.FixtureRequest) -> View:
    """Calls with masked telephone numbers and notes."""
    columns = tuple(Column(name, ValueType.of(kind), NOTHING) for name, kind in COLUMNS.items())
    cells = (
        stored_column("number"),
        stored_column("minutes"),
        masked("mobile", stored_column("phone")),
        masked("free_text", stored_column("note")),
    )
    told = Facts(NOTHING, "", "", "", NOTHING, "", (), None)
    seen = View(
        dataset="calls", columns=columns, key=columns[:1], order=columns[:1], facts=told, distributions=(),
        table=("memory", "main", "calls"), sorted=False, policy="", edition="", governed=Governed(cells, None, {}),
    )  # fmt: skip
    if request.param == "nothing withdrawn":
        return seen
    gone = Withdrawn(("memory", "main", "gone"), ("number",), 1, "gone", lambda _: ())
    return replace(seen, withdrawn=gone.condition)


def asked(view: View, by: str) -> Query:
    """The first page by a column, which must have a value."""
    column = view.column(by)
    assert column is not None
    present = Condition(column, OPERATORS["isnull"], (False,))
    return Query(view, view.columns, (present,), (Sort(column, descending=True),), LIMIT)


def below(plan: dict[str, Any], *, picked: bool = False) -> Iterator[str]:
    """What each step writes down that comes before the first rows are picked."""
    if picked:
        yield json.dumps(plan["extra_info"])
    for child in plan["children"]:
        yield from below(child, picked=picked or plan["name"].strip() == "TOP_N")


@pytest.mark.parametrize(("by", "needed"), [("minutes", set()), ("phone", {"phone"})])
def test_the_first_rows_are_picked_without_the_masks_that_only_show(
    engine: Engine, view: View, by: str, needed: set[str]
) -> None:
    """To be run again whenever the engine's version changes: without withdrawn rows it is the engine that does it."""
    ((_, text),) = engine.run(f"EXPLAIN (FORMAT json) {compile_page(asked(view, by)).text}")
    steps = list(below(json.loads(text)[0]))
    assert steps, "no step picks the first rows"
    assert {name for name in ("phone", "note") if any(name in step for step in steps)} == needed


def test_the_order_is_that_of_the_masked_values(engine: Engine, view: View) -> None:
    shown = engine.run(compile_page(asked(view, "phone")).text)
    masks = [row[2] for row in shown]
    assert masks == sorted(masks, reverse=True)
    assert all(mask.startswith("138****") for mask in masks)
    assert not any(row[1] == 499 for row in shown) or view.withdrawn is None
