"""Check results as data: written to and read from `ops.check_result` of the lake."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from expectations.checks import CheckResult

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
