"""Expectations as asset checks: what each asset promises, asked of the lake, recorded as data, told to Dagster."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

import dagster as dg

from catalog.contract.model import FeedContract, Table
from catalog.manifest import DbtManifest, DbtModel, DbtTest
from expectations.checks import Assertion, CheckResult, CheckSpec, InSet, NoRowWhere, NotNull, Unique
from expectations.gx_run import run_checks
from expectations.pii import pii_suite
from expectations.suites import accepted_rows, feed_suite, load_cross_rules, model_suite, suite_vocabularies
from orchestration.lake.vocabulary import copy_vocabulary
from orchestration.reading.report import LoadReport
from orchestration.transform.build import NodeResult

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_DIMENSIONS = {
    "unique": "uniqueness",
    "not_null": "completeness",
    "accepted_values": "conformity",
    "relationships": "consistency",
}


def check_name(spec: CheckSpec) -> str:
    """The name of a check within its asset: Dagster allows letters, digits and underscores only."""
    table = spec.subject.partition(".")[2]
    return re.sub(r"[^A-Za-z0-9]+", "_", f"{table} {spec.rule}" if table else spec.rule).strip("_")


def asset_check(spec: CheckSpec, asset: dg.AssetKey) -> dg.AssetCheckSpec:
    """The declaration of a check; a blocking one keeps what follows from running."""
    return dg.AssetCheckSpec(
        check_name(spec),
        asset=asset,
        description=spec.description,
        blocking=spec.severity == "block",
        metadata={"subject": spec.subject, "rule": spec.rule, "dimension": spec.dimension},
    )


def asset_check_result(result: CheckResult, asset: dg.AssetKey) -> dg.AssetCheckResult:
    """What Dagster shows of a result: counts, the keys of failing rows, the earlier run whose result it is."""
    blocks = result.spec.severity == "block"
    return dg.AssetCheckResult(
        asset_key=asset,
        check_name=check_name(result.spec),
        passed=result.passed,
        severity=dg.AssetCheckSeverity.ERROR if blocks else dg.AssetCheckSeverity.WARN,
        metadata={
            "unexpected": result.unexpected,
            "elements": result.elements,
            "threshold": result.threshold,
            "failing rows": [dict(row) for row in result.sample],
            **({"stands from run": result.stands_from} if result.stands_from else {}),
        },
    )


def feed_specs(feed: FeedContract) -> list[CheckSpec]:
    """Every check of a feed's accepted rows: its account, its held batches, its rules."""
    return [
        spec
        for table in feed.tables
        for spec in (_accounted(feed, table), _not_held(feed, table), *feed_suite(feed.id, table))
    ]


def feed_results(
    con: DuckDBPyConnection, feed: FeedContract, load: LoadReport, as_of: date, at: datetime
) -> list[CheckResult]:
    """Results of `feed_specs` over what a load brought; nothing fails where nothing was loaded."""
    results: list[CheckResult] = []
    for table in feed.tables:
        accounts = [account for account in load.accounts if account.table_name == table.name]
        rows = sum(account.rows_in for account in accounts)
        lost = sum(account.rows_in for account in accounts if account.status == "loaded" and not account.closes)
        held = sum(account.rows_in for account in accounts if account.status == "held")
        results += [_counted(_accounted(feed, table), lost, rows, at), _counted(_not_held(feed, table), held, rows, at)]
        if load.load_id is None or not any(account.status == "loaded" for account in accounts):
            results += [_counted(spec, 0, 0, at) for spec in feed_suite(feed.id, table)]
            continue
        suite = feed_suite(feed.id, table, copy_vocabulary(con, suite_vocabularies(table)))
        rows_of = accepted_rows(table, load.load_id, as_of)
        results += run_checks(con, rows_of, suite, key=_named_by(table), checked_at=at)
    return results


def _named_by(table: Table) -> Sequence[str]:
    """What names a failing row to a steward: its key, or where it stood when there is none or L4 is part of it."""
    secret = {column.name for column in table.properties if column.classification == "L4"}
    return table.key if table.key and secret.isdisjoint(table.key) else ("_file_name", "_line")


def model_specs(manifest: DbtManifest) -> dict[str, list[CheckSpec]]:
    """Checks by unique id of the model: hand-written ones, of datasets not suddenly empty, of persons in open text."""
    rules = load_cross_rules()
    return {
        key: [*model_suite(model.name, allow_empty="dataset" not in model.meta, rules=rules), *pii_suite(model)]
        for key, model in manifest.models.items()
    }


def library_specs(manifest: DbtManifest) -> list[tuple[str, CheckSpec]]:
    """Every check of the models, dbt's tests and the written ones, with the unique id of the model."""
    tested = [(str(t.model), test_spec(manifest, t)) for t in manifest.tests.values() if t.model in manifest.models]
    return tested + [(key, spec) for key, specs in model_specs(manifest).items() for spec in specs]


def looks_at_own_texts(model: DbtModel) -> frozenset[str]:
    """Rules of the written checks of a model that look at its own rows alone: as long as they stand, so do these."""
    return frozenset(spec.rule for spec in pii_suite(model))


def model_results(
    con: DuckDBPyConnection,
    manifest: DbtManifest,
    models: Iterable[str],
    filled: Collection[str],
    at: datetime,
    *,
    stand: Collection[tuple[str, str]] = (),
) -> list[tuple[str, CheckResult]]:
    """Results of `model_specs` over models, with the model's unique id; not of those that `stand` (model and rule).

    `filled` are the datasets that had rows when last published: only they must have some again.
    """
    specs, found = model_specs(manifest), list[tuple[str, CheckResult]]()
    for unique_id in models:
        model = manifest.models[unique_id]
        may_be_empty = (model.meta.get("dataset") or {}).get("id") not in filled
        due = [spec for spec in specs[unique_id] if (unique_id, spec.rule) not in stand]
        waived = [spec for spec in due if spec.rule == "rows" and may_be_empty]
        asked = [spec for spec in due if spec not in waived]
        table, key = f"lake.{model.layer}.{model.name}", _key(manifest, model)
        results = run_checks(con, table, asked, key=key, checked_at=at)
        found += [(unique_id, result) for result in [*results, *(_counted(spec, 0, 0, at) for spec in waived)]]
    return found


def test_spec(manifest: DbtManifest, test: DbtTest) -> CheckSpec:
    """A dbt test as a check of its model."""
    return CheckSpec(
        manifest.models[str(test.model)].name,
        test.name,
        "warn" if test.severity == "warn" else "block",
        _DIMENSIONS.get(test.kind or "", "consistency"),
        f"dbt test {test.kind or test.name}" + (f" of {test.column}" if test.column else ""),
        _assertion(test),
    )


def test_results(
    manifest: DbtManifest, nodes: Sequence[NodeResult], rows: Mapping[str, int], at: datetime
) -> list[tuple[str, CheckResult]]:
    """Results of the dbt tests that ran, with the unique id of their model."""
    results = list[tuple[str, CheckResult]]()
    for node in nodes:
        test = manifest.tests.get(node.unique_id)
        if test is not None and test.model in manifest.models and node.status != "skipped":
            spec = test_spec(manifest, test)
            unexpected = 0 if node.status == "pass" else max(node.failures or 0, 1)
            results.append((str(test.model), _counted(spec, unexpected, rows.get(spec.subject, 0), at)))
    return results


def _accounted(feed: FeedContract, table: Table) -> CheckSpec:
    return CheckSpec(
        f"{feed.id}.{table.name}",
        "rows_accounted",
        "block",
        "completeness",
        "every delivered row is accepted, quarantined or a duplicate",
        NoRowWhere("rows_in <> rows_accepted + rows_quarantined + rows_duplicate"),
    )


def _not_held(feed: FeedContract, table: Table) -> CheckSpec:
    return CheckSpec(
        f"{feed.id}.{table.name}",
        "no_batch_held",
        "warn",
        "timeliness",
        "no batch is held: what it brought is missing until it is mended",
        NoRowWhere("status = 'held'"),
    )


def _counted(spec: CheckSpec, unexpected: int, elements: int, at: datetime) -> CheckResult:
    share = unexpected / elements if elements else float(unexpected > 0)
    return CheckResult(spec, unexpected == 0, share, unexpected, elements, at)


def _key(manifest: DbtManifest, model: DbtModel) -> tuple[str, ...]:
    """Columns that name a failing row: the dataset's key, those tested to be unique, else the first column."""
    if "dataset" in model.meta:
        return tuple(model.meta["dataset"]["key"])
    unique = [t.column for t in manifest.tests.values() if t.model == model.unique_id and t.kind == "unique"]
    return tuple(column for column in unique[:1] if column) or tuple(model.columns)[:1]


def _assertion(test: DbtTest) -> Assertion:
    if test.kind == "not_null" and test.column:
        return NotNull(test.column)
    if test.kind == "unique" and test.column:
        return Unique((test.column,))
    if test.kind == "accepted_values" and test.column:
        return InSet(test.column, tuple(str(value) for value in test.arguments.get("values", ())))
    return NoRowWhere(test.name)
