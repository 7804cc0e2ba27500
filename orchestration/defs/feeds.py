"""Assets of the feeds: landing (bytes), accepted (typed rows), and the city's vocabularies."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg

from catalog.contract.model import FeedContract
from expectations.results import record
from orchestration.connectors.errors import SettingMissingError, SourceError
from orchestration.defs.accounts import metadata_of, sentence
from orchestration.defs.checks import asset_check, asset_check_result, feed_results, feed_specs
from orchestration.defs.session import LAKE, Progress, Session, owners
from orchestration.lake.vocabulary import load_vocabulary
from orchestration.landing.pull import PullReport, pull
from orchestration.reading.load import load_feed
from orchestration.reading.report import BatchAccount

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SOURCE_ANSWERED = "source_answered"
_RETRY = dg.RetryPolicy(max_retries=2, delay=3, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)


def landing_asset(session: Session, feed: FeedContract) -> dg.AssetsDefinition:
    """`landing/<feed>`: everything its department has for the run's business dates, byte for byte."""

    @dg.asset(
        key=["landing", feed.id],
        group_name="landing",
        partitions_def=session.days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        owners=owners(feed),
        kinds={feed.options.transport.kind},
        description=f"{feed.options.title.en} as delivered. {feed.description.purpose}",
        metadata={"contract": dg.MetadataValue.path(str(session.city.contract_path(feed.id))), "version": feed.version},
        check_specs=[
            dg.AssetCheckSpec(
                SOURCE_ANSWERED, asset=["landing", feed.id], description="The department's system could be read."
            )
        ],
    )
    def landing(context: dg.AssetExecutionContext) -> Iterator[Any]:
        days = [day for key in context.partition_keys if (day := date.fromisoformat(key)) >= feed.options.start_date]
        reports, failure = _pull_days(context, session, feed, days)
        for report in reports:
            if report.batches:
                context.add_asset_metadata(_landed(report), partition_key=report.business_date.isoformat())
        yield dg.MaterializeResult(
            metadata={
                "batches": sum(len(report.batches) for report in reports),
                "objects": sum(report.objects for report in reports),
                "bytes": sum(report.total_bytes for report in reports),
                "skipped files": sum(len(report.skipped) for report in reports),
            }
        )
        yield dg.AssetCheckResult(
            check_name=SOURCE_ANSWERED,
            passed=failure is None,
            severity=dg.AssetCheckSeverity.WARN,
            description=str(failure) if failure else None,
        )

    return landing


def _pull_days(
    context: dg.AssetExecutionContext, session: Session, feed: FeedContract, days: Sequence[date]
) -> tuple[list[PullReport], SourceError | None]:
    """Pull day after day; a source that fails is retried, then left for the next run: other feeds go on."""
    reports: list[PullReport] = []
    for day in days:
        try:
            report = pull(session.city, feed.id, day, session.workspace)
        except SourceError as error:
            if not isinstance(error, SettingMissingError) and context.retry_number < _RETRY.max_retries:
                raise dg.RetryRequested(_RETRY.max_retries, _RETRY.calculate_delay(context.retry_number + 1)) from error
            session.tell(Progress("landing", feed.id, f"failed: {error}"))
            return reports, error
        reports.append(report)
        if report.batches:
            session.tell(Progress("landing", feed.id, f"{day}: {report.objects} objects, {report.total_bytes:,} bytes"))
    return reports, None


def _landed(report: PullReport) -> dict[str, Any]:
    return {
        "batches": [batch.batch_id for batch in report.batches],
        "objects": report.objects,
        "bytes": report.total_bytes,
        "late batches": [batch.batch_id for batch in report.batches if batch.late_days],
    }


def accepted_asset(session: Session, feed: FeedContract) -> dg.AssetsDefinition:
    """`accepted/<feed>`: landed batches read into the lake; every row accepted, quarantined or duplicate."""

    key = dg.AssetKey(["accepted", feed.id])

    @dg.asset(
        key=key,
        deps=[dg.AssetKey(["landing", feed.id]), dg.AssetKey(["vocabulary"])],
        group_name="accepted",
        partitions_def=session.days,
        backfill_policy=dg.BackfillPolicy.single_run(),
        owners=owners(feed),
        kinds={"ducklake"},
        freshness_policy=freshness(feed),
        required_resource_keys={LAKE},
        description=f"{feed.options.title.en}: typed rows of {', '.join(t.physical_name for t in feed.tables)}.",
        metadata={"tables": [f"landed.{table.physical_name}" for table in feed.tables]},
        check_specs=[asset_check(spec, key) for spec in feed_specs(feed)],
    )
    def accepted(context: dg.AssetExecutionContext) -> Iterator[Any]:
        con: DuckDBPyConnection = getattr(context.resources, LAKE)
        with session.writing():
            as_of = session.as_of(dict(context.run.tags), con)
            load = load_feed(con, session.city, feed.id, session.workspace, as_of)
            results = feed_results(con, feed, load, as_of, session.now().replace(tzinfo=None))
            record(con, context.run_id, results)
        for account in load.accounts:
            session.tell(Progress("accepted", feed.id, sentence(account)))
        _log_by_date(context, feed, load.accounts)
        yield dg.MaterializeResult(metadata=metadata_of(load.accounts, feed.id))
        yield from (asset_check_result(result, key) for result in results)

    return accepted


def _log_by_date(context: dg.AssetExecutionContext, feed: FeedContract, accounts: Sequence[BatchAccount]) -> None:
    """Account each business date on its own partition; a late batch marks the earlier date it restates."""
    asked = set(context.partition_keys)
    by_date: dict[str, list[BatchAccount]] = {}
    for account in accounts:
        by_date.setdefault(account.business_date.isoformat(), []).append(account)
    for day, entries in by_date.items():
        metadata = metadata_of(entries, feed.id)
        if day in asked:
            context.add_asset_metadata(metadata, partition_key=day)
        else:
            context.log_event(dg.AssetMaterialization(["accepted", feed.id], partition=day, metadata=metadata))


def vocabulary_asset(session: Session) -> dg.AssetsDefinition:
    """`vocabulary`: departments, codes, calendars and thresholds of the city."""

    @dg.asset(
        key=["vocabulary"],
        group_name="vocabulary",
        kinds={"csv"},
        required_resource_keys={LAKE},
        description="Vocabularies of the city: divisions, organisations, codes, calendar, thresholds.",
    )
    def vocabulary(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        with session.writing():
            loaded = load_vocabulary(getattr(context.resources, LAKE), session.city.vocabulary_dir)
        for name, rows in loaded.replaced.items():
            session.tell(Progress("vocabulary", name, f"{rows:,} rows"))
        return dg.MaterializeResult(metadata={"replaced": dict(loaded.replaced), "unchanged": list(loaded.unchanged)})

    return vocabulary


def freshness(feed: FeedContract) -> dg.FreshnessPolicy | None:
    """Late after frequency plus latency of the contract's service level, warned of at half the latency."""
    promised = {sla.property: _duration(sla.value, sla.unit) for sla in feed.sla_properties if sla.unit in _UNITS}
    if "frequency" not in promised:
        return None
    latency = promised.get("latency", promised["frequency"])
    return dg.FreshnessPolicy.time_window(
        fail_window=promised["frequency"] + latency, warn_window=promised["frequency"] + latency / 2
    )


_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "m": timedelta(days=30), "y": timedelta(days=365)}


def _duration(value: Any, unit: str | None) -> timedelta:
    return float(value) * _UNITS[unit or "d"]
