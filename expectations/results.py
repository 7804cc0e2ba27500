"""Check results as data: written to and read from `ops.check_result` of the lake."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from expectations.checks import CheckResult, CheckSpec

if TYPE_CHECKING:
    import duckdb


def record(con: duckdb.DuckDBPyConnection, run_id: str, results: Sequence[CheckResult]) -> None:
    """Write `results` under `run_id` in one statement; the results the run had for the same subjects are replaced."""
    if not results:
        return
    import pyarrow as pa

    table = pa.table(
        {
            "run_id": pa.array([run_id] * len(results)),
            "subject": pa.array([r.spec.subject for r in results]),
            "rule": pa.array([r.spec.rule for r in results]),
            "severity": pa.array([str(r.spec.severity) for r in results]),
            "dimension": pa.array([r.spec.dimension for r in results]),
            "passed": pa.array([r.passed for r in results]),
            "observed": pa.array([r.observed for r in results], pa.float64()),
            "threshold": pa.array([r.threshold for r in results]),
            "unexpected_count": pa.array([r.unexpected for r in results], pa.int64()),
            "element_count": pa.array([r.elements for r in results], pa.int64()),
            "sample": pa.array([json.dumps(r.sample, ensure_ascii=False) for r in results]),
            "checked_at": pa.array([r.checked_at for r in results], pa.timestamp("us")),
            "stands_from": pa.array([r.stands_from for r in results], pa.string()),
        }
    )
    subjects = sorted({r.spec.subject for r in results})
    con.register("civiclake_results", table)
    con.execute("BEGIN")
    try:
        con.execute(
            "DELETE FROM lake.ops.check_result WHERE run_id = ? AND list_contains(?, subject)", [run_id, subjects]
        )
        con.execute("INSERT INTO lake.ops.check_result BY NAME SELECT * FROM civiclake_results")
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise
    finally:
        con.unregister("civiclake_results")


def recorded(con: duckdb.DuckDBPyConnection, run_id: str, specs: Sequence[CheckSpec]) -> list[CheckResult] | None:
    """What run `run_id` has for `specs`, in order, with the run that found each; None when one was not asked so."""
    rows = con.execute(
        "SELECT subject, rule, severity, dimension, threshold, passed, observed, unexpected_count, element_count,"
        " checked_at, sample, coalesce(stands_from, run_id) FROM lake.ops.check_result WHERE run_id = ?",
        [run_id],
    ).fetchall()
    found = {tuple(row[:5]): row[5:] for row in rows}
    results = list[CheckResult]()
    for spec in specs:
        row = found.get((spec.subject, spec.rule, spec.severity, spec.dimension, spec.threshold))
        if row is None:
            return None
        passed, observed, unexpected, elements, checked_at, sample, found_by = row
        keys = tuple(json.loads(sample))
        results.append(CheckResult(spec, passed, observed, unexpected, elements, checked_at, keys, found_by))
    return results
