"""A sample is drawn from what its caller sees: rows that are hidden do not change which rows are in it."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest
from sqlglot import exp

from gateway.view.types import ValueType
from gateway.view.view import Column, Facts, Governed, Text, View, stored_column

NOTHING = Text(zh="", en="")
COLUMNS = {"number": "INTEGER", "kind": "VARCHAR"}
MINE = "range(100000, 130000)"


@pytest.fixture(scope="module")
def cities() -> Iterator[duckdb.DuckDBPyConnection]:
    """The caller's rows alone, and the same after and among rows of others."""
    with duckdb.connect() as con:
        for name, others in (("alone", "range(0)"), ("among", "range(60000)"), ("between", "range(100000, 190000, 3)")):
            con.execute(
                f"CREATE TABLE {name} AS SELECT number::INTEGER AS number, 'k' || number % 7 AS kind, mine FROM ("
                f"SELECT range AS number, true AS mine FROM {MINE} UNION ALL SELECT range, false FROM {others})"
                " ORDER BY number, mine"
            )
        yield con


def sampled(con: duckdb.DuckDBPyConnection, table: str, *, keyed: bool) -> list[tuple[int, str]]:
    columns = tuple(Column(name, ValueType.of(kind), NOTHING) for name, kind in COLUMNS.items())
    mine = exp.EQ(this=stored_column("mine"), expression=exp.true())
    view = View(
        dataset=table, columns=columns, key=columns[:1] if keyed else (), order=(),
        facts=Facts(NOTHING, "", "", "", NOTHING, "", (), None), distributions=(), table=("memory", "main", table),
        sorted=False, policy="", edition="", sample=10,
        governed=Governed(tuple(stored_column(name) for name in COLUMNS), mine, {}),
    )  # fmt: skip
    return con.execute(f"SELECT number, kind FROM ({view.relation_text}) ORDER BY ALL").fetchall()


@pytest.mark.parametrize("keyed", [True, False])
def test_hidden_rows_do_not_change_a_sample(cities: duckdb.DuckDBPyConnection, keyed: bool) -> None:
    alone = sampled(cities, "alone", keyed=keyed)
    assert 2_500 < len(alone) < 3_500, "about a tenth of 30,000 rows"
    for table in ("among", "between"):
        assert sampled(cities, table, keyed=keyed) == alone
