"""Great Expectations on our connection: right counts, keys in samples, errors that are never a verdict."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from expectations.checks import Assertion, Between, CheckSpec, InSet, NoRowWhere, NotNull, RowCount, Unique
from expectations.gx_run import CheckError, run_checks

NOW = datetime(2026, 1, 1)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("""
            ATTACH ':memory:' AS lake; CREATE SCHEMA lake.topic; USE lake;
            CREATE TABLE lake.topic.t AS
            SELECT i AS id, CASE WHEN i % 100 = 0 THEN NULL ELSE 'c' || (i % 5) END AS code, i / 10.0 AS v
            FROM range(1000) AS x (i)""")
        yield connection


def spec(assertion: Assertion, tolerance: float = 0.0) -> CheckSpec:
    return CheckSpec("topic.t", type(assertion).__name__, "block", "conformity", "a test", assertion, tolerance)


CASES = [
    (NotNull("code"), 0.0, False, 10, {"id": "0"}),
    (NotNull("code"), 0.01, True, 10, {"id": "0"}),
    (Unique(("id",)), 0.0, True, 0, None),
    (Unique(("code",)), 0.0, False, 6, {"code": "c0"}),
    (InSet("code", ("c0", "c1", "c2")), 0.0, False, 400, {"id": "3"}),
    (Between("v", 0, 50), 0.0, False, 499, {"id": "501"}),
    (RowCount(minimum=1), 0.0, True, 0, None),
    (RowCount(maximum=5), 0.0, False, 0, None),
    (NoRowWhere("v > 90 AND regexp_matches(code, 'c[1-4]{1}')"), 0.0, False, 80, {"id": "901"}),
    (NoRowWhere("regexp_extract(code, 'c(?:x)?([0-9])', 1)::INTEGER = 4"), 0.0, False, 200, {"id": "4"}),
    (NoRowWhere("id IN (SELECT 5)"), 0.0, False, 1, {"id": "5"}),
    (NoRowWhere("code > NULL"), 0.0, True, 0, None),
]


def test_counts_verdicts_and_sampled_keys(con: duckdb.DuckDBPyConnection) -> None:
    specs = [spec(assertion, tolerance) for assertion, tolerance, *_ in CASES]
    results = run_checks(con, "lake.topic.t", specs, key=("id",), checked_at=NOW)
    for result, (assertion, _, passed, unexpected, first) in zip(results, CASES, strict=True):
        assert (result.passed, result.unexpected, result.elements) == (passed, unexpected, 1000), assertion
        assert (result.sample[0] if result.sample else None) == first, assertion
        assert len(result.sample) <= 20
    assert con.execute("SELECT 1").fetchall() == [(1,)], "the connection is left usable"


@pytest.mark.parametrize("assertion", [NoRowWhere("nope > 1"), NotNull("nope"), InSet("nope", ("a",))])
def test_a_check_that_cannot_be_evaluated_is_an_error(con: duckdb.DuckDBPyConnection, assertion: Assertion) -> None:
    with pytest.raises(CheckError, match=rf"topic\.t, check {type(assertion).__name__} cannot be evaluated: .*nope"):
        run_checks(con, "lake.topic.t", [spec(RowCount(minimum=1)), spec(assertion)], key=("id",), checked_at=NOW)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.none(), st.integers(-5, 5)), min_size=1, max_size=40))
def test_counts_agree_with_python(con: duckdb.DuckDBPyConnection, values: list[int | None]) -> None:
    con.execute("CREATE OR REPLACE TABLE lake.topic.p AS SELECT unnest(?::INTEGER[]) AS x", [values])
    assertions = [NotNull("x"), Between("x", -2, 2), NoRowWhere("x % 2 = 0")]
    found = run_checks(con, "lake.topic.p", [spec(a) for a in assertions], key=("x",), checked_at=NOW)
    given_values = [v for v in values if v is not None]
    assert [r.unexpected for r in found] == [
        len(values) - len(given_values),
        sum(not -2 <= v <= 2 for v in given_values),
        sum(v % 2 == 0 for v in given_values),
    ]
