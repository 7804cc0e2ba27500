"""When a city runs by itself: a daily schedule, and sensors for files that arrive in drop folders."""

import hashlib
import os
from pathlib import Path
from typing import Any

import dagster as dg

from catalog.contract.model import FeedContract
from catalog.contract.options import FolderTransport
from orchestration.connectors.env import resolve
from orchestration.connectors.errors import SettingMissingError
from orchestration.connectors.filenames import matchers
from orchestration.defs.session import Session

JOB = "city"
_DEFAULT_TIME = "06:00"
_SENSOR_SECONDS = 60


def city_job() -> Any:
    """The one job: all feeds of one or more business dates, then models, checks and the release."""
    return dg.define_asset_job(
        JOB,
        selection=dg.AssetSelection.all(),
        executor_def=dg.in_process_executor,
        description="Land, accept, transform, check and release; for one business date or a range of them.",
    )


def daily_schedule(session: Session, job: Any) -> dg.ScheduleDefinition:
    """Every day at the latest `timeOfAvailability` of the contracts, for the business date that is over."""
    hour, minute = max((_available_at(feed) for feed in session.city.feeds.values()), default=_clock(_DEFAULT_TIME))

    @dg.schedule(
        name="daily",
        job=job,
        cron_schedule=f"{minute} {hour} * * *",
        execution_timezone=session.city.timezone,
        description="Yesterday's business date, when every department has promised to be ready.",
    )
    def daily(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
        day = session.yesterday().isoformat()
        return dg.RunRequest(run_key=f"daily-{day}", partition_key=day)

    return daily


def new_file_sensor(session: Session, feed: FeedContract, job: Any) -> dg.SensorDefinition | None:
    """For a folder feed: a run when files appear or change; None for feeds that are asked, not dropped."""
    transport = feed.options.transport
    if not isinstance(transport, FolderTransport):
        return None

    @dg.sensor(
        name=f"new_files_{feed.id}",
        job=job,
        minimum_interval_seconds=_SENSOR_SECONDS,
        description=f"Watches the drop folder of {feed.options.title.en}.",
    )
    def sensor(context: dg.SensorEvaluationContext) -> Any:
        contract = session.city.contract_path(feed.id)
        try:
            path = resolve(transport.path, os.environ, contract=contract, key="transport.path")
        except SettingMissingError as error:
            return dg.SkipReason(str(error))
        state, newest = folder_state(session.city.root / Path(path).expanduser(), feed)
        if newest is None or state == context.cursor:
            return dg.SkipReason("no new file")
        end = min(newest, session.yesterday().isoformat())
        return dg.SensorResult(
            run_requests=[dg.RunRequest(run_key=f"{feed.id}-{state}", partition_key=end)],
            cursor=state,
        )

    return sensor


def folder_state(folder: Path, feed: FeedContract) -> tuple[str, str | None]:
    """A digest of names, sizes and times of the feed's files, and the newest business date among them."""
    digest, days = hashlib.sha256(), set[str]()
    tables = matchers(feed)
    files = sorted(path for path in folder.rglob("*") if path.is_file()) if folder.is_dir() else []
    for path in files:
        name = path.relative_to(folder).as_posix()
        offers = [offer for table in tables if (offer := table.offer(name)) and offer.business_date]
        if offers:
            state = path.stat()
            digest.update(f"{name}\t{state.st_size}\t{state.st_mtime_ns}\n".encode())
            days |= {offer.business_date.isoformat() for offer in offers if offer.business_date}
    return digest.hexdigest()[:16], max(days, default=None)


def _available_at(feed: FeedContract) -> tuple[int, int]:
    promised = next((sla.value for sla in feed.sla_properties if sla.property == "timeOfAvailability"), _DEFAULT_TIME)
    return _clock(str(promised))


def _clock(text: str) -> tuple[int, int]:
    hour, _, minute = text.partition(":")
    return int(hour), int(minute or 0)
