"""What every connector is given and promises: one pull of one feed for one business date."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from catalog.contract.model import FeedContract, Table
from catalog.contract.options import Limits, Retry
from orchestration.connectors import env
from orchestration.connectors.errors import DeadlineError, SourceError
from orchestration.landing.ledger import Ledger
from orchestration.landing.records import OpenPull, Receipt, Role
from orchestration.landing.store import StoredObject


@dataclass(frozen=True)
class Progress:
    """One object just landed: its table, name and bytes, and the counts of this run of the pull so far."""

    table: str
    file_name: str
    size: int
    objects: int
    total_bytes: int


@dataclass
class PullTask:
    """One pull: the contract, the day, the open pull in the ledger, and patience (`deadline`, monotonic seconds).

    `unsettled` collects names of files that were still being written, `records` counts those that a paged or
    database source sent in this run.
    """

    contract: FeedContract
    contract_file: Path
    city_root: Path
    zone: ZoneInfo
    pull: OpenPull
    ledger: Ledger
    deadline: float
    on_progress: Callable[[Progress], None] | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    unsettled: list[str] = field(default_factory=list)
    records: int = 0
    objects: int = 0
    total_bytes: int = 0

    @property
    def business_date(self) -> date:
        """The day asked for."""
        return self.pull.business_date

    @property
    def retry(self) -> Retry:
        """Patience of the contract."""
        return self.contract.options.retry

    @property
    def limits(self) -> Limits:
        """Size limits of the contract."""
        return self.contract.options.limits

    def window(self) -> tuple[datetime, datetime]:
        """The day as [start, end) in naive local wall-clock time."""
        start = datetime.combine(self.business_date, datetime.min.time())
        return start, start + timedelta(days=1)

    def setting(self, text: str, key: str) -> str:
        """A contract text with its environment references resolved."""
        return env.resolve(text, self.environ, contract=self.contract_file, key=key)

    def error(self, key: str, text: str, mend: str) -> SourceError:
        """An error that names this feed's contract."""
        return SourceError(self.contract_file, key, text, mend)

    def remaining(self) -> float:
        """Seconds left for this pull; DeadlineError when there are none."""
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise self.deadline_error()
        return left

    def deadline_error(self) -> DeadlineError:
        """The pull is out of time."""
        text = f"the pull of {self.business_date} did not finish in {self.retry.deadline_seconds} s"
        mend = "Pull again, it continues where it stopped; raise deadline_seconds if the source is simply slow"
        return DeadlineError(self.contract_file, "retry.deadline_seconds", text, mend)

    def receipt(
        self,
        table: Table,
        stored: StoredObject,
        file_name: str,
        source_uri: str,
        *,
        variant: int,
        role: Role = "data",
        business_date: date | None = None,
        cursor_before: str | None = None,
        cursor_after: str | None = None,
    ) -> Receipt:
        """The receipt of an object that just came in."""
        return Receipt(
            feed=self.contract.id,
            table=table.name,
            role=role,
            variant=variant,
            file_name=file_name,
            object_id=stored.object_id,
            size=stored.size,
            source_uri=source_uri,
            received_at=datetime.now(UTC),
            business_date=business_date or self.business_date,
            contract_version=self.contract.version,
            cursor_before=cursor_before,
            cursor_after=cursor_after,
        )

    def landed(self, receipt: Receipt) -> None:
        """Tell the listener about an object whose receipt is written."""
        self.objects += 1
        self.total_bytes += receipt.size
        if self.on_progress is not None:
            progress = Progress(receipt.table, receipt.file_name, receipt.size, self.objects, self.total_bytes)
            self.on_progress(progress)


class Connector(Protocol):
    """Brings what the source has for the task's day into store and ledger; SourceError when it cannot.

    Whatever is recorded when it fails stays recorded, and running the same task again completes it.
    """

    def __call__(self, task: PullTask) -> None: ...
