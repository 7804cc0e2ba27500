"""Run checks with Great Expectations, pushed down into DuckDB, and return what they found as data."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
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
    from expectations.gx_engine import looking_in_temp, validator

    with looking_in_temp(con), _judged(con, relation, specs, key) as elements:
        configurations = [_expectation(spec, key, number).configuration for number, spec in enumerate(specs)]
        with validator(con, CHECKED) as made:
            outcomes = made.graph_validate(
                configurations=configurations,
                runtime_configuration={"result_format": {"result_format": "BASIC"}},
            )
        found = {outcome.expectation_config.meta["number"]: outcome for outcome in outcomes}
        results = [_result(spec, found[number], elements, checked_at) for number, spec in enumerate(specs)]
        return [replace(result, sample=_sample(con, number, result, key)) for number, result in enumerate(results)]


@contextmanager
def _judged(
    con: duckdb.DuckDBPyConnection, relation: str, specs: Sequence[CheckSpec], key: Sequence[str]
) -> Iterator[int]:
    """The temporary table the checks are asked of: the columns they name, and which conditions each row fails.

    Made in one reading of `relation`, however many the checks and however often the library asks each. Yields its
    number of rows.
    """
    import duckdb

    try:
        con.execute(f"CREATE TEMP TABLE {CHECKED} AS {_judging(relation, dict(enumerate(specs)), key)}")
    except duckdb.Error as error:
        raise _blamed(con, relation, specs, key, error) from error
    try:
        row = con.execute(f"SELECT count(*) FROM {CHECKED}").fetchone()
        yield int(row[0]) if row else 0
    finally:
        con.execute(f"DROP TABLE {CHECKED}")


def _judging(relation: str, specs: Mapping[int, CheckSpec], key: Sequence[str]) -> str:
    """A SELECT of the columns that `specs` name and, by the number of a check, of whether a row fails its condition."""
    columns, conditions = dict.fromkeys(key), list[str]()
    for number, spec in specs.items():
        match spec.assertion:
            case NotNull(column) | InSet(column, _) | Between(column, _, _):
                columns[column] = None
            case Unique(several):
                columns |= dict.fromkeys(several)
            case NoRowWhere(condition):
                conditions.append(f"coalesce(({condition}), false) AS {_fails(number)}")
    listed = [*map(identifier, columns), *conditions] or ["1 AS judged"]
    return f"SELECT {', '.join(listed)} FROM {relation}"


def _fails(number: int) -> str:
    """The column that says which rows fail the condition of a check."""
    return f"_fails_{number}"


def _blamed(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    specs: Sequence[CheckSpec],
    key: Sequence[str],
    error: duckdb.Error,
) -> CheckError:
    """What to raise when the checks cannot be evaluated together: the first of them that cannot be alone."""
    import duckdb

    for number, spec in enumerate(specs):
        try:
            con.execute(f"SELECT count(COLUMNS(*)) FROM ({_judging(relation, {number: spec}, key)})")
        except duckdb.Error as own:
            return CheckError(f"{spec.subject}, check {spec.rule} cannot be evaluated: {own}")
    return CheckError(f"{specs[0].subject} cannot be evaluated: {error}")


def _expectation(spec: CheckSpec, key: Sequence[str], number: int) -> Expectation:
    from expectations import gx_kinds

    named: dict[str, Any] = {"meta": {"number": number}}
    match spec.assertion:
        case NotNull(column):
            return gx_kinds.ColumnNotNull(column=column, mostly=1 - spec.tolerance, **named)
        case InSet(column, values):
            return gx_kinds.ColumnInSet(column=column, value_set=list(values), mostly=1 - spec.tolerance, **named)
        case Between(column, minimum, maximum):
            return gx_kinds.ColumnBetween(
                column=column, min_value=minimum, max_value=maximum, mostly=1 - spec.tolerance, **named
            )
        case RowCount(minimum, maximum):
            return gx_kinds.TableRowCount(min_value=minimum, max_value=maximum, **named)
        case Unique(columns):
            return gx_kinds.UnexpectedRows(unexpected_rows_query=_repeated(columns, "{batch}"), **named)
        case NoRowWhere():
            return gx_kinds.UnexpectedRows(unexpected_rows_query=_failing(_fails(number), key, "{batch}"), **named)


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
    return f"SELECT {listed} FROM {relation} WHERE {condition}"


def _repeated(columns: Sequence[str], relation: str) -> str:
    """A SELECT of the values of `columns` that occur more than once."""
    listed = ", ".join(identifier(column) for column in columns)
    return f"SELECT {listed} FROM {relation} GROUP BY {listed} HAVING count(*) > 1"


def _sample(
    con: duckdb.DuckDBPyConnection, number: int, result: CheckResult, key: Sequence[str]
) -> tuple[dict[str, str], ...]:
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
        case NoRowWhere():
            query = _failing(_fails(number), key, CHECKED)
        case RowCount():
            return ()
    cursor = con.execute(f"{query} ORDER BY ALL LIMIT {SAMPLE_ROWS}")
    names = [column[0] for column in cursor.description or ()]
    return tuple({n: str(v) for n, v in zip(names, row, strict=True)} for row in cursor.fetchall())
