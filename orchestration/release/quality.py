"""What a release says about its quality: the checks of the run and the account of the deliveries behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from catalog.contract.options import Strict
from catalog.release import DatasetQuality, QualitySummary
from expectations.score import Judged, Score, load_weights, score

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

QUALITY_FILE = "quality.json"


class CheckOutcome(Strict):
    """One check of the run; `unexpected` of `elements` did not hold, or `observed` missed `threshold`."""

    subject: str
    rule: str
    severity: str
    dimension: str | None
    passed: bool
    observed: float | None
    threshold: str | None
    unexpected: int | None
    elements: int | None


class Account(Strict):
    """All rows ever delivered for one table: rows_in = accepted + quarantined + duplicate.

    Batches that are held, and those a steward dismissed, are counted apart.
    """

    feed: str
    table: str
    batches: int
    rows_in: int
    accepted: int
    quarantined: int
    duplicate: int
    held_batches: int
    held_rows: int
    dismissed_batches: int
    dismissed_rows: int


class QualityReport(Strict):
    """`quality.json`: summary, accounts by feed and table, checks by subject and rule."""

    summary: QualitySummary
    accounts: tuple[Account, ...]
    checks: tuple[CheckOutcome, ...]


_CHECKS = """
SELECT subject, rule, severity, dimension, passed, observed, threshold, unexpected_count, element_count
FROM lake.ops.check_result WHERE run_id = ? ORDER BY ALL
"""

_ACCOUNTS = """
SELECT feed, table_name, count(*), sum(rows_in) FILTER (loaded), sum(rows_accepted) FILTER (loaded),
       sum(rows_quarantined) FILTER (loaded), sum(rows_duplicate) FILTER (loaded),
       count(*) FILTER (status = 'held'), sum(rows_in) FILTER (status = 'held'),
       count(*) FILTER (status = 'dismissed'), sum(rows_in) FILTER (status = 'dismissed')
FROM (SELECT *, status = 'loaded' AS loaded FROM lake.ops.batch)
GROUP BY feed, table_name ORDER BY feed, table_name
"""


def quality_report(con: DuckDBPyConnection, run_id: str) -> QualityReport:
    """The quality of what run `run_id` is about to publish."""
    checks = tuple(_outcome(row) for row in con.execute(_CHECKS, [run_id]).fetchall())
    accounts = tuple(_account(row) for row in con.execute(_ACCOUNTS).fetchall())
    return QualityReport(summary=_summary(checks), accounts=accounts, checks=checks)


def dataset_quality(report: QualityReport, model: str) -> DatasetQuality | None:
    """The quality of one dataset: that of the checks on its model; None when there was none."""
    found = _score(tuple(check for check in report.checks if check.subject == model))
    return None if found.total is None else DatasetQuality(score=found.total, by_dimension=found.by_dimension)


def _score(checks: tuple[CheckOutcome, ...]) -> Score:
    judged = [
        Judged(c.dimension, c.severity, c.passed, c.unexpected or 0, c.elements or 0) for c in checks if c.dimension
    ]
    return score(judged, load_weights())


def _summary(checks: tuple[CheckOutcome, ...]) -> QualitySummary:
    """Counts and the weighted score; 1.0 is not claimed when nothing was checked, that is 0.0."""
    failed = [check for check in checks if not check.passed]
    found = _score(checks)
    return QualitySummary(
        score=found.total or 0.0,
        checks_passed=len(checks) - len(failed),
        checks_warned=sum(check.severity == "warn" for check in failed),
        checks_failed=sum(check.severity != "warn" for check in failed),
        by_dimension=found.by_dimension,
    )


def _outcome(row: tuple[Any, ...]) -> CheckOutcome:
    names = (
        "subject", "rule", "severity", "dimension", "passed", "observed", "threshold", "unexpected", "elements",
    )  # fmt: skip
    return CheckOutcome.model_validate(dict(zip(names, row, strict=True)))


def _account(row: tuple[Any, ...]) -> Account:
    names = tuple(Account.model_fields)
    return Account.model_validate({name: 0 if value is None else value for name, value in zip(names, row, strict=True)})
