"""The ledger of what was received: receipts, batches and open pulls in one SQLite file.

Every method that writes is one transaction, durable when it returns. An object without a receipt was never
received; a receipt without a batch belongs to a pull still open. What is in the ledger is never changed.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from catalog.workspace import Workspace
from orchestration.landing.records import (
    Batch,
    Notice,
    NoticeKind,
    OpenPull,
    Receipt,
    StreamPoint,
    Versions,
    batch_id,
    deliveries,
    unversioned,
)
from orchestration.landing.store import LandingStore

SCHEMA_VERSION = 1
WAIT_SECONDS = 60.0
RECEIPT_COLUMNS = (
    "feed, table_name, role, variant, file_name, object_id, size, source_uri, received_at, business_date, "
    "contract_version, cursor_before, cursor_after"
)


class LedgerVersionError(Exception):
    """The ledger file was written by a newer CivicLake."""

    def __init__(self, file: Path, found: int) -> None:
        super().__init__(f"{file}: ledger version {found}, this CivicLake reads {SCHEMA_VERSION}. Upgrade CivicLake")


class Ledger:
    """The landing ledger of a workspace; a context manager. Use one per thread; processes may share the file."""

    def __init__(self, workspace: Workspace) -> None:
        self.store = LandingStore(workspace)
        file = workspace.landing_ledger
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._con = sqlite3.connect(file, timeout=WAIT_SECONDS, isolation_level=None)
        self._con.execute("PRAGMA journal_mode = WAL")
        self._con.execute("PRAGMA synchronous = FULL")
        version = int(self._con.execute("PRAGMA user_version").fetchone()[0])
        if version > SCHEMA_VERSION:
            self._con.close()
            raise LedgerVersionError(file, version)
        if version < SCHEMA_VERSION:
            self._create()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connection; using the ledger afterwards is an error."""
        self._con.close()

    # Reading: what the reader of batches needs.

    def batches(self, feed: str) -> list[Batch]:
        """Every closed batch of a feed by business date, then in the order they were closed."""
        rows = self._con.execute(
            "SELECT batch_id, feed, business_date, closed_at, late_days, contract_version FROM batch "
            "WHERE feed = ? ORDER BY business_date, position",
            (feed,),
        )
        return [
            Batch(name, of, date.fromisoformat(day), datetime.fromisoformat(closed), late, version)
            for name, of, day, closed, late, version in rows
        ]

    def objects(self, batch: str) -> list[Receipt]:
        """Receipts of a batch by table, file name and object; empty for an unknown batch."""
        rows = self._con.execute(
            f"SELECT {RECEIPT_COLUMNS} FROM receipt WHERE batch_id = ? ORDER BY table_name, file_name, object_id",
            (batch,),
        )
        return [_receipt(row) for row in rows]

    def object_path(self, object_id: str) -> Path:
        """File holding the exact bytes of a landed object."""
        return self.store.path(object_id)

    def newest_notice(self, feed: str) -> int:
        """Number of the newest notice of a feed, 0 when there is none."""
        return int(self.execute("SELECT coalesce(max(notice_id), 0) FROM notice WHERE feed = ?", (feed,)).fetchone()[0])

    def notices(self, feed: str, after: int = 0) -> list[Notice]:
        """Files of a feed that were offered and not landed, oldest first, beyond notice number `after`."""
        rows = self._con.execute(
            "SELECT feed, table_name, kind, file_name, object_id, text, noticed_at FROM notice "
            "WHERE feed = ? AND notice_id > ? ORDER BY notice_id",
            (feed, after),
        )
        return [
            Notice(of, table, NoticeKind(kind), name, object_id, text, datetime.fromisoformat(at))
            for of, table, kind, name, object_id, text, at in rows
        ]

    # Writing: one pull of a feed.

    def open_pull(self, feed: str, business_date: date, contract_version: str) -> OpenPull:
        """The open pull of this feed and day: the one a crash left behind, or a new one."""
        with self.transaction():
            for pull in self.open_pulls(feed):
                if pull.business_date == business_date:
                    return replace(pull, contract_version=contract_version)
            now = datetime.now(UTC)
            cursor = self._con.execute(
                "INSERT INTO pull (feed, business_date, opened_at, contract_version) VALUES (?, ?, ?, ?)",
                (feed, business_date.isoformat(), now.isoformat(), contract_version),
            )
            return OpenPull(int(cursor.lastrowid or 0), feed, business_date, now, contract_version, resumed=False)

    def open_pulls(self, feed: str) -> list[OpenPull]:
        """Pulls of a feed that were never closed, by business date."""
        rows = self._con.execute(
            "SELECT pull_id, feed, business_date, opened_at, contract_version FROM pull "
            "WHERE feed = ? AND closed_at IS NULL ORDER BY business_date",
            (feed,),
        )
        return [
            OpenPull(number, of, date.fromisoformat(day), datetime.fromisoformat(opened), version, resumed=True)
            for number, of, day, opened, version in rows
        ]

    def is_final(self, feed: str, business_date: date) -> bool:
        """Whether a closed pull of this feed and day was final."""
        sql = "SELECT 1 FROM pull WHERE feed = ? AND business_date = ? AND final"
        return self.execute(sql, (feed, business_date.isoformat())).fetchone() is not None

    def record(self, pull: OpenPull, receipts: Sequence[Receipt]) -> None:
        """Write the receipts of objects that are in the store; all or none."""
        with self.transaction():
            self.insert_receipts(pull, receipts)

    def insert_receipts(self, pull: OpenPull, receipts: Sequence[Receipt]) -> None:
        """Within a transaction of the caller: the receipts, refused by the database if one is there already."""
        self._con.executemany(
            f"INSERT INTO receipt (pull_id, {RECEIPT_COLUMNS}) VALUES (?{', ?' * 13})",
            [(pull.pull_id, *_values(receipt)) for receipt in receipts],
        )

    def stream(self, pull: OpenPull, table: str) -> StreamPoint:
        """How far the paged stream of a table is recorded; the start when nothing is."""
        row = self._con.execute(
            "SELECT pages, cursor, finished, contract_version FROM stream WHERE pull_id = ? AND table_name = ?",
            (pull.pull_id, table),
        ).fetchone()
        return StreamPoint() if row is None else StreamPoint(row[0], row[1], bool(row[2]), row[3])

    def record_page(self, pull: OpenPull, receipt: Receipt, point: StreamPoint) -> None:
        """One page's receipt together with the point the stream continues from."""
        with self.transaction():
            self.insert_receipts(pull, [receipt])
            self._con.execute(
                "INSERT OR REPLACE INTO stream VALUES (?, ?, ?, ?, ?, ?)",
                (pull.pull_id, receipt.table, point.pages, point.cursor, point.finished, receipt.contract_version),
            )

    def has_receipts(self, pull: OpenPull) -> bool:
        """Whether anything is recorded of a pull."""
        return self.execute("SELECT 1 FROM receipt WHERE pull_id = ?", (pull.pull_id,)).fetchone() is not None

    def forget_stream(self, pull: OpenPull, table: str) -> None:
        """Take back what an open pull recorded of one paged stream, so that it starts from its first page."""
        with self.transaction():
            self._con.execute("DELETE FROM receipt WHERE pull_id = ? AND table_name = ?", (pull.pull_id, table))
            self._con.execute("DELETE FROM stream WHERE pull_id = ? AND table_name = ?", (pull.pull_id, table))

    def close_pull(self, pull: OpenPull, *, final: bool = False, version: Versions = unversioned) -> list[Batch]:
        """Close a pull: its receipts become one batch per business date, earliest first, in one transaction.

        A batch whose contents equal those of an earlier batch is that batch: its receipts are dropped, so that
        pulling the same contents twice adds nothing. `final`: the day need not be asked for again. Files of which a
        newer `version` came along are batches of their own, older versions first: a broken file does not hold back
        the one that mends it.
        """
        now = datetime.now(UTC)
        with self.transaction():
            groups = deliveries(self._received(pull), version)
            moments = (now + timedelta(microseconds=place) for place in range(len(groups)))  # which came before which
            closed = [self._close_batch(pull, group, at) for group, at in zip(groups, moments, strict=True)]
            self._con.execute("DELETE FROM stream WHERE pull_id = ?", (pull.pull_id,))
            self._con.execute(
                "UPDATE pull SET closed_at = ?, contract_version = ?, final = ? WHERE pull_id = ?",
                (now.isoformat(), pull.contract_version, final, pull.pull_id),
            )
        return [batch for batch in closed if batch is not None]

    def execute(self, sql: str, parameters: tuple[object, ...]) -> sqlite3.Cursor:
        """One statement of a sibling module of landing."""
        return self._con.execute(sql, parameters)

    @contextlib.contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: committed on leaving, rolled back on any error."""
        self._con.execute("BEGIN IMMEDIATE")
        try:
            yield self._con
        except BaseException:
            self._con.execute("ROLLBACK")
            raise
        self._con.execute("COMMIT")

    def _received(self, pull: OpenPull) -> list[Receipt]:
        rows = self._con.execute(
            f"SELECT {RECEIPT_COLUMNS} FROM receipt WHERE pull_id = ? ORDER BY business_date, receipt_id",
            (pull.pull_id,),
        )
        return [_receipt(row) for row in rows]

    def _close_batch(self, pull: OpenPull, receipts: list[Receipt], now: datetime) -> Batch | None:
        day = receipts[0].business_date
        name = batch_id(pull.feed, day, receipts)
        theirs = "WHERE pull_id = ? AND table_name = ? AND file_name = ? AND object_id = ?"
        keys = [(pull.pull_id, r.table, r.file_name, r.object_id) for r in receipts]
        if self._con.execute("SELECT 1 FROM batch WHERE batch_id = ?", (name,)).fetchone():
            self._con.executemany(f"DELETE FROM receipt {theirs}", keys)
            return None
        late_days = self._late_days(pull, day)
        batch = Batch(name, pull.feed, day, now, late_days, pull.contract_version)
        self._con.execute(
            "INSERT INTO batch (batch_id, feed, business_date, pull_id, closed_at, late_days, contract_version) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (name, pull.feed, day.isoformat(), pull.pull_id, now.isoformat(), late_days, pull.contract_version),
        )
        self._con.executemany(f"UPDATE receipt SET batch_id = ? {theirs}", [(name, *key) for key in keys])
        return batch

    def insert_notice(self, notice: Notice) -> None:
        """Within a transaction of the caller: remember that a file was offered and not landed."""
        self._con.execute(
            "INSERT INTO notice (feed, table_name, kind, file_name, object_id, text, noticed_at) "
            "VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                notice.feed,
                notice.table,
                notice.kind,
                notice.file_name,
                notice.object_id,
                notice.text,
                notice.noticed_at.isoformat(),
            ),
        )

    def _late_days(self, pull: OpenPull, day: date) -> int:
        """Days from a batch's date to the pull that brought it, if a pull asked for that date before and did not."""
        asked = "SELECT 1 FROM pull WHERE feed = ? AND closed_at IS NOT NULL AND business_date >= ?"
        if day >= pull.business_date or self.execute(asked, (pull.feed, day.isoformat())).fetchone() is None:
            return 0
        return (pull.business_date - day).days

    def _create(self) -> None:
        script = (resources.files("orchestration.landing") / "ledger.sql").read_text(encoding="utf-8")
        self._con.executescript(f"BEGIN IMMEDIATE; {script} PRAGMA user_version = {SCHEMA_VERSION}; COMMIT;")


def _values(receipt: Receipt) -> tuple[object, ...]:
    return (
        receipt.feed, receipt.table, receipt.role, receipt.variant, receipt.file_name, receipt.object_id,
        receipt.size, receipt.source_uri, receipt.received_at.isoformat(), receipt.business_date.isoformat(),
        receipt.contract_version, receipt.cursor_before, receipt.cursor_after,
    )  # fmt: skip


def _receipt(row: tuple[Any, ...]) -> Receipt:
    values: dict[str, Any] = dict(zip((field.name for field in fields(Receipt)), row, strict=True))
    values["received_at"] = datetime.fromisoformat(values["received_at"])
    values["business_date"] = date.fromisoformat(values["business_date"])
    return Receipt(**values)
