"""Run checks with Great Expectations, pushed down into DuckDB, and return what they found as data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from expectations.checks import Between, CheckResult, CheckSpec, InSet, NoRowWhere, NotNull, RowCount, Unique
from expectations.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb
    from great_expectations.expectations.expectation import Expectation

SAMPLE_ROWS = 20
CHECKED = "civiclake_checked"
# Up to this many rows a copy in memory is cheaper than the fixed price of asking the lake once per check.
COPIED_ROWS = 1_000_000


class CheckError(RuntimeError):
    """A check could not be evaluated: neither passed nor failed, and never counted as either."""


def run_checks(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    specs: Sequence[CheckSpec],
    *,
    key: Sequence[str],
    checked_at: datetime,
) -> list[CheckResult]:
    """The results of `specs` over `relation` (a FROM-clause item), in their order.

    `key` names the columns that identify a failing row in the samples. CheckError names the first check that
    could not be evaluated.
    """
    if not specs:
        return []
    from expectations.gx_engine import validator

    elements = _count(con, relation)
    kind = "TABLE" if elements <= COPIED_ROWS else "VIEW"
    con.execute(f"CREATE TEMP {kind} {CHECKED} AS SELECT * FROM {relation}")
    try:
        configurations = [_expectation(spec, key, number).configuration for number, spec in enumerate(specs)]
        with validator(con, CHECKED) as made:
            outcomes = made.graph_validate(
                configurations=configurations,
                runtime_configuration={"result_format": {"result_format": "BASIC"}},
            )
        found = {outcome.expectation_config.meta["number"]: outcome for outcome in outcomes}
        results = [_result(spec, found[number], elements, checked_at) for number, spec in enumerate(specs)]
        return [replace(result, sample=_sample(con, result, key)) for result in results]
    finally:
        con.execute(f"DROP {kind} {CHECKED}")


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(row[0]) if row else 0


def _expectation(spec: CheckSpec, key: Sequence[str], number: int) -> Expectation:
    import great_expectations.expectations as gxe

    named: dict[str, Any] = {"meta": {"number": number}}
    match spec.assertion:
        case NotNull(column):
            return gxe.ExpectColumnValuesToNotBeNull(column=column, mostly=1 - spec.tolerance, **named)
        case InSet(column, values):
            return gxe.ExpectColumnValuesToBeInSet(
                column=column, value_set=list(values), mostly=1 - spec.tolerance, **named
            )
        case Between(column, minimum, maximum):
            return gxe.ExpectColumnValuesToBeBetween(
                column=column, min_value=minimum, max_value=maximum, mostly=1 - spec.tolerance, **named
            )
        case RowCount(minimum, maximum):
            return gxe.ExpectTableRowCountToBeBetween(min_value=minimum, max_value=maximum, **named)
        case Unique(columns):
            return gxe.UnexpectedRowsExpectation(unexpected_rows_query=_repeated(columns, "{batch}"), **named)
        case NoRowWhere(condition):
            test = _plain_text(condition)
            return gxe.UnexpectedRowsExpectation(unexpected_rows_query=_failing(test, key, "{batch}"), **named)


def _plain_text(condition: str) -> str:
    """The condition with what the library reads as its own escaped: {placeholders} and :parameters."""
    return re.sub(r"(?<![:\w\\]):(?=\w)", r"\\:", condition.replace("{", "{{").replace("}", "}}"))


def _result(spec: CheckSpec, outcome: Any, elements: int, checked_at: datetime) -> CheckResult:
    raised = _exception(outcome.exception_info)
    if raised:
        raise CheckError(f"{spec.subject}, check {spec.rule} cannot be evaluated: {raised}")
    result = outcome.result
    if isinstance(spec.assertion, RowCount):
        return CheckResult(spec, bool(outcome.success), float(elements), 0, elements, checked_at)
    unexpected = int(result["unexpected_count"] if "unexpected_count" in result else result["observed_value"])
    share = unexpected / elements if elements else 0.0
    passed = share <= spec.tolerance
    if spec.tolerance == 0 and passed != bool(outcome.success):
        raise CheckError(f"{spec.subject}, check {spec.rule}: {unexpected} failing rows, yet success={outcome.success}")
    return CheckResult(spec, passed, share, unexpected, elements, checked_at)


def _exception(info: Any) -> str | None:
    """The first exception text in an `exception_info`, which is flat for one metric and nested for several."""
    if not info:
        return None
    if "raised_exception" in info:
        return str(info["exception_message"]) if info["raised_exception"] else None
    messages = (_exception(part) for part in info.values() if isinstance(part, dict) or hasattr(part, "keys"))
    return next((message for message in messages if message), None)


def _failing(condition: str, key: Sequence[str], relation: str) -> str:
    """A SELECT of the keys of the rows that make `condition` true."""
    listed = ", ".join(identifier(column) for column in key) or "1 AS failing"
    judged = f"SELECT *, coalesce(({condition}), false) AS _fails FROM {relation}"
    return f"SELECT {listed} FROM ({judged}) AS judged WHERE _fails"


def _repeated(columns: Sequence[str], relation: str) -> str:
    """A SELECT of the values of `columns` that occur more than once."""
    listed = ", ".join(identifier(column) for column in columns)
    return f"SELECT {listed} FROM {relation} GROUP BY {listed} HAVING count(*) > 1"


def _sample(con: duckdb.DuckDBPyConnection, result: CheckResult, key: Sequence[str]) -> tuple[dict[str, str], ...]:
    """Keys of up to 20 failing rows, in key order; asked for only when the check found some."""
    if not result.unexpected:
        return ()
    match result.spec.assertion:
        case Unique(columns):
            query = _repeated(columns, CHECKED)
        case NotNull(column):
            query = _failing(f"{identifier(column)} IS NULL", key, CHECKED)
        case InSet(column, values):
            listed = ", ".join(literal(value) for value in values)
            query = _failing(f"{identifier(column)} NOT IN ({listed})", key, CHECKED)
        case Between(column, minimum, maximum):
            bounds = [f"{identifier(column)} < {minimum!r}"] if minimum is not None else []
            bounds += [f"{identifier(column)} > {maximum!r}"] if maximum is not None else []
            query = _failing(" OR ".join(bounds), key, CHECKED)
        case NoRowWhere(condition):
            query = _failing(condition, key, CHECKED)
        case RowCount():
            return ()
    cursor = con.execute(f"{query} ORDER BY ALL LIMIT {SAMPLE_ROWS}")
    names = [column[0] for column in cursor.description or ()]
    return tuple({n: str(v) for n, v in zip(names, row, strict=True)} for row in cursor.fetchall())
