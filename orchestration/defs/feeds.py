"""Assets of the feeds: landing (bytes), accepted (typed rows), and the city's vocabularies."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg
from dagster._core.definitions.freshness import TimeWindowFreshnessPolicy

from catalog.city import City
from catalog.contract.model import FeedContract
from expectations.results import record
from orchestration.breaches import tell_blocked, tell_held
from orchestration.connectors.errors import SettingMissingError
from orchestration.defs.accounts import metadata_of, sentence
from orchestration.defs.checks import asset_check, asset_check_result, feed_results, feed_specs
from orchestration.defs.partitions import materialized
from orchestration.defs.session import LAKE, Progress, Session, city_owners, owners
from orchestration.lake.vocabulary import load_vocabulary
from orchestration.landing.days import DaysReport, pull_days, pulled_days
from orchestration.landing.pull import PullReport
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
        session.tell(Progress("landing", feed.id, "asking the department"))
        done = _pull_days(context, session, feed)
        reports, failed = done.reports, done.failed.isoformat() if done.failed else None
        overall = {
            "batches": sum(len(report.batches) for report in reports),
            "objects": sum(report.objects for report in reports),
            "bytes": sum(report.total_bytes for report in reports),
            "skipped files": sum(len(report.skipped) for report in reports),
        }
        by_day = {
            day: _landed(report)
            for report in reports
            if (day := report.business_date.isoformat()) not in context.partition_keys or report.batches
        }
        yield materialized(context, _pulled(session, feed), overall, by_day)
        yield dg.AssetCheckResult(
            check_name=SOURCE_ANSWERED,
            passed=failed is None,
            severity=dg.AssetCheckSeverity.WARN,
            description=f"{failed}: {done.error}" if failed else None,
            metadata={"failed day": failed, "next run": f"takes up from {failed}"} if failed else {},
        )

    return landing


def _pull_days(context: dg.AssetExecutionContext, session: Session, feed: FeedContract) -> DaysReport:
    """Pull day after day; a source that fails is retried, then left for the next run: other feeds go on."""

    def tell(report: PullReport) -> None:
        if report.batches:
            text = f"{report.business_date}: {report.objects} objects, {report.total_bytes:,} bytes"
            session.tell(Progress("landing", feed.id, text))

    days = map(date.fromisoformat, context.partition_keys)
    done = pull_days(session.city, feed.id, days, session.workspace, tell)
    if done.error is not None:
        if not isinstance(done.error, SettingMissingError) and context.retry_number < _RETRY.max_retries:
            delay = _RETRY.calculate_delay(context.retry_number + 1)
            raise dg.RetryRequested(_RETRY.max_retries, delay) from done.error
        session.tell(Progress("landing", feed.id, f"{done.failed} failed: {done.error}"))
    return done


def _pulled(session: Session, feed: FeedContract) -> set[str]:
    return {day.isoformat() for day in pulled_days(feed.id, session.workspace)}


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
        session.tell(Progress("accepted", feed.id, "reading"))
        with session.writing():
            as_of = session.as_of(dict(context.run.tags), con)
            load = load_feed(con, session.city, feed.id, session.workspace, as_of)
            results = feed_results(con, feed, load, as_of, session.now().replace(tzinfo=None))
            record(con, context.run_id, results)
        tell_held(session.workspace, load.accounts, session.now())
        tell_blocked(session.workspace, f"{context.run_id}-{feed.id}", results, session.now())
        for account in load.accounts:
            session.tell(Progress("accepted", feed.id, sentence(account)))
        overall = metadata_of(load.accounts, feed.id)
        yield materialized(context, _pulled(session, feed), overall, _by_date(feed, load.accounts))
        yield from (asset_check_result(result, key) for result in results)

    return accepted


def _by_date(feed: FeedContract, accounts: Sequence[BatchAccount]) -> dict[str, dict[str, Any]]:
    """Account of each business date; a late batch is one of the earlier date it restates."""
    by_date: dict[str, list[BatchAccount]] = {}
    for account in accounts:
        by_date.setdefault(account.business_date.isoformat(), []).append(account)
    return {day: metadata_of(entries, feed.id) for day, entries in by_date.items()}


def vocabulary_asset(session: Session) -> dg.AssetsDefinition:
    """`vocabulary`: departments, codes, calendars and thresholds of the city."""

    @dg.asset(
        key=["vocabulary"],
        group_name="vocabulary",
        owners=city_owners(session.city),
        kinds={"csv"},
        required_resource_keys={LAKE},
        description="Vocabularies of the city: divisions, organisations, codes, calendar, thresholds.",
        metadata={"folder": dg.MetadataValue.path(str(session.city.vocabulary_dir))},
    )
    def vocabulary(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
        session.tell(Progress("vocabulary", "files", "comparing"))
        with session.writing():
            loaded = load_vocabulary(getattr(context.resources, LAKE), session.city.vocabulary_dir)
        for name, rows in loaded.replaced.items():
            session.tell(Progress("vocabulary", name, f"{rows:,} rows"))
        return dg.MaterializeResult(metadata={"replaced": dict(loaded.replaced), "unchanged": list(loaded.unchanged)})

    return vocabulary


def freshness(feed: FeedContract) -> TimeWindowFreshnessPolicy | None:
    """Late after frequency plus latency of the contract's service level, warned of at half the latency."""
    promised = {sla.property: _duration(sla.value, sla.unit) for sla in feed.sla_properties if sla.unit in _UNITS}
    if "frequency" not in promised:
        return None
    latency = promised.get("latency", promised["frequency"])
    return dg.FreshnessPolicy.time_window(
        fail_window=promised["frequency"] + latency, warn_window=promised["frequency"] + latency / 2
    )


def city_freshness(city: City) -> TimeWindowFreshnessPolicy | None:
    """What is made of all feeds is late when the feed that is due most often is."""
    promised = [policy for feed in city.feeds.values() if (policy := freshness(feed)) is not None]
    return min(promised, key=lambda policy: policy.fail_window.to_timedelta(), default=None)


_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "m": timedelta(days=30), "y": timedelta(days=365)}


def _duration(value: Any, unit: str | None) -> timedelta:
    return float(value) * _UNITS[unit or "d"]
