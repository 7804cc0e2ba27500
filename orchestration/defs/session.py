"""What every asset of a city is built on: the city, its workspace, its days, and the lake of a run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import dagster as dg

from catalog.city import City
from catalog.contract.model import FeedContract
from catalog.workspace import Workspace
from orchestration.lake.connect import open_lake
from orchestration.lake.lock import writer_lock
from orchestration.lake.maintenance import merge_small_files
from orchestration.lake.schema import ensure_ops
from orchestration.reading.landed import ensure_landed

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LAKE = "lake"
RANGE_START = "dagster/asset_partition_range_start"
RANGE_END = "dagster/asset_partition_range_end"
PARTITION = "dagster/partition"


@dataclass(frozen=True)
class Progress:
    """One line of progress: `stage` (landing, accepted, models, checks, release), its subject, what happened."""

    stage: str
    subject: str
    text: str


def silent(_: Progress) -> None:
    """The listener nobody asked for."""


@dataclass(frozen=True)
class Session:
    """One city with its workspace; `manifest` is the parsed dbt project, `tell` hears progress."""

    city: City
    workspace: Workspace
    manifest: Path
    tell: Callable[[Progress], None] = silent

    @property
    def first_day(self) -> date:
        """The earliest business date of any feed."""
        return min(feed.options.start_date for feed in self.city.feeds.values())

    @property
    def days(self) -> dg.DailyPartitionsDefinition:
        """Business dates of the city, from its first day to today (local time): one definition for all feeds."""
        return dg.DailyPartitionsDefinition(self.first_day.isoformat(), timezone=self.city.timezone, end_offset=1)

    def yesterday(self) -> date:
        """The last business date that is over, by the city's clock."""
        return datetime.now(ZoneInfo(self.city.timezone)).date() - timedelta(days=1)

    def now(self) -> datetime:
        """This moment by the city's clock."""
        return datetime.now(ZoneInfo(self.city.timezone)).replace(microsecond=0)

    def as_of(self, tags: dict[str, str], con: DuckDBPyConnection) -> date:
        """The day as of which a run speaks: the last it was asked for, or that the lake knows, if later."""
        asked = tags.get(RANGE_END) or tags.get(PARTITION)
        day = date.fromisoformat(asked) if asked else self.yesterday()
        row = con.execute("SELECT max(business_date) FROM lake.ops.batch").fetchone()
        return max(day, row[0]) if row and row[0] and asked else day

    @contextlib.contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the lake for writing."""
        with writer_lock(self.workspace):
            yield

    def lake(self) -> dg.ResourceDefinition:
        """The run's one connection to the lake."""

        @dg.resource(description="Connection to the city's lake; one for all steps of a run.")
        def connection(_: Any) -> Iterator[DuckDBPyConnection]:
            with self.writing():
                con = open_lake(self.workspace)
                ensure_ops(con)
                ensure_landed(con, *self.city.feeds.values())
            try:
                yield con
                with self.writing():
                    merge_small_files(con)
            finally:
                con.close()

        return connection


def owners(feed: FeedContract) -> list[str]:
    """Dagster owners of a feed's assets: the steward's address and the department as a team."""
    return [feed.options.steward, team(feed.options.owner_org)]


def city_owners(city: City) -> list[str]:
    """Dagster owners of what no single department answers for: the city's own data office, as a team."""
    return [team(city.id)]


def team(org_code: str) -> str:
    """A department as a Dagster team; Dagster allows letters, digits and underscores only."""
    return "team:" + "".join(c if c.isalnum() and c.isascii() else "_" for c in org_code)
