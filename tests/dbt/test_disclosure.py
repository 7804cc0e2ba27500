"""What is published of few: classes of cases too small are refused, hidden counts withstand being worked out."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import date
from itertools import product

import numpy as np
import pyarrow as pa
import pytest

from orchestration.lake.connect import open_lake
from orchestration.transform.build import DbtRun, run_dbt
from tests.dbt.landed import Lake

pytestmark = pytest.mark.slow(seconds=30)

AS_OF = date(2026, 6, 30)
SMALLEST = 5
PUBLISHED = ("+open_grid_case", "+open_hotline_monthly")
Cell = tuple[str, str]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    made = Lake(tmp_path_factory.mktemp("disclosure"))
    made.run(AS_OF, select=PUBLISHED)
    return made


def verdict(lake: Lake, model: str, kind: str) -> tuple[bool, int]:
    """Whether the check of a model passes, and how many rows it finds."""
    run: DbtRun = run_dbt(lake.workspace, "test", as_of=AS_OF, select=(model,))
    [node] = [node for node in run.nodes if node.name.startswith(kind)]
    return node.status == "pass", node.failures or 0


def put(lake: Lake, relation: str, rows: list[dict[str, object]]) -> None:
    """Make these the only rows of a table; columns that are not given stay empty."""
    with open_lake(lake.workspace) as con:
        con.register("rows", pa.Table.from_pylist(rows))
        con.execute(f"DELETE FROM lake.{relation}")
        con.execute(f"INSERT INTO lake.{relation} BY NAME SELECT * FROM rows")


def cases(lake: Lake, sources: list[str]) -> None:
    """Make the open cases one class of cases reported by these channels."""
    rows: list[dict[str, object]] = [
        {"case_id": f"P{number}", "case_kind": "event", "source_channel_code": source, "generalised": 8}
        for number, source in enumerate(sources)
    ]
    put(lake, "open.open_grid_case", rows)


def counted(month: date, cell: Cell, tickets: int | None, finished: int | None) -> dict[str, object]:
    """A row of counts."""
    return {
        "month": month, "district_code": cell[0], "ticket_type_code": cell[1], "tickets": tickets, "finished": finished,
    }  # fmt: skip


def test_a_class_of_four_and_a_class_of_one_channel_are_refused(lake: Lake) -> None:
    channels = ["hotline", "inspector", "inspector", "inspector", "inspector"]
    cases(lake, channels)
    assert verdict(lake, "open_grid_case", "k_anonymous") == (True, 0)
    cases(lake, channels[:4])
    assert verdict(lake, "open_grid_case", "k_anonymous") == (False, 1)
    cases(lake, channels[1:] * 2)
    assert verdict(lake, "open_grid_case", "k_anonymous") == (False, 1)


def test_hidden_counts_cannot_be_worked_out(lake: Lake) -> None:
    """Over many random tables, against two attackers: the check's own narrowing, and linear algebra."""
    chance = random.Random(20260630)
    tables = {date(1990 + n // 12, n % 12 + 1, 1): table(chance) for n in range(240)}
    rows = [
        counted(month, cell, count, chance.randint(0, count))
        for month, counts in tables.items()
        for cell, count in counts.items()
    ]
    put(lake, "theme.theme_hotline_monthly", rows)
    lake.run(AS_OF, select=("open_hotline_monthly",))
    shown: dict[date, dict[Cell, int | None]] = defaultdict(dict)
    for month, d, t, tickets in lake.rows(
        "SELECT month, district_code, ticket_type_code, tickets FROM lake.open.open_hotline_monthly"
    ):
        shown[month][d, t] = tickets
    small = sum(count < SMALLEST for counts in tables.values() for count in counts.values())
    hidden = sum(count is None for cells in shown.values() for count in cells.values())
    assert small > 300, "the tables must have something to hide"
    assert hidden <= 4 * small
    for month, counts in tables.items():
        assert all(count in (None, counts.get(cell, 0)) for cell, count in shown[month].items())
        assert {cell for cell, count in counts.items() if count < SMALLEST} <= unknown(shown[month])
        assert worked_out(unknown(shown[month])).isdisjoint({c for c, n in counts.items() if n < SMALLEST})
    assert verdict(lake, "open_hotline_monthly", "withstands_subtraction") == (True, 0)


def test_hiding_small_counts_alone_is_refused(lake: Lake) -> None:
    """What was published before: each small count hidden, and everything it can be worked out from shown."""
    month, counts = date(2026, 3, 1), {("A", "x"): 3, ("A", "y"): 9, ("B", "x"): 8, ("B", "y"): 7}
    put(lake, "theme.theme_hotline_monthly", [counted(month, cell, count, count) for cell, count in counts.items()])
    shown = {cell: count if count >= SMALLEST else None for cell, count in counts.items()}
    rows = [counted(month, cell, n, n) | {"is_suppressed": n is None} for cell, n in shown.items()]
    put(lake, "open.open_hotline_monthly", rows)
    assert verdict(lake, "open_hotline_monthly", "withstands_subtraction") == (False, 2)


def table(chance: random.Random) -> dict[Cell, int]:
    """A table of two to five districts and types, small counts and gaps among the cells."""
    size = chance.randint(2, 5), chance.randint(2, 5)
    counts = {
        (f"D{d}", f"t{t}"): chance.choice([0, chance.randint(1, 4), chance.randint(5, 12), chance.randint(5, 400)])
        for d, t in product(range(size[0]), range(size[1]))
    }
    return {cell: count for cell, count in counts.items() if count}


def unknown(cells: dict[Cell, int | None]) -> set[Cell]:
    """The cells whose count is not shown."""
    return {cell for cell, count in cells.items() if count is None}


def worked_out(cells: set[Cell]) -> set[Cell]:
    """The hidden cells that follow from the totals of all rows and columns: no other solution differs in them."""
    order = sorted(cells)
    if not order:
        return set()
    lines = sorted({d for d, _ in order}), sorted({t for _, t in order})
    matrix = np.array([[float(cell[side] == name) for cell in order] for side in (0, 1) for name in lines[side]])
    _, strengths, directions = np.linalg.svd(matrix)
    free = directions[int((strengths > 1e-9).sum()) :]
    return {cell for place, cell in enumerate(order) if free.size == 0 or np.abs(free[:, place]).max() < 1e-9}
