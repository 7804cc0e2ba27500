"""The ledger's view of dropped files: whether a file's name, bytes or state were met before."""

from __future__ import annotations

from datetime import date

from orchestration.landing.ledger import Ledger
from orchestration.landing.records import Notice, NoticeKind, OpenPull, Receipt


def last_signature(ledger: Ledger, feed: str, table: str, file_name: str) -> str | None:
    """The state in which this file was last looked at; None when it never was."""
    row = ledger.execute(
        "SELECT signature FROM looked_at WHERE feed = ? AND table_name = ? AND file_name = ?", (feed, table, file_name)
    ).fetchone()
    return None if row is None else str(row[0])


def record_drop(ledger: Ledger, pull: OpenPull, receipt: Receipt, signature: str) -> Notice | None:
    """Receipt of a stored file, or the notice why it is not a delivery; with the file's state, in one transaction."""
    with ledger.transaction():
        notice = _known(ledger, receipt)
        if notice is None:
            ledger.insert_receipts(pull, [receipt])
        else:
            ledger.insert_notice(notice)
        _look_at(ledger, receipt.feed, receipt.table, receipt.file_name, signature)
    return notice


def record_refusal(ledger: Ledger, notice: Notice, signature: str) -> None:
    """Remember that a file cannot be landed and in which state it was."""
    with ledger.transaction():
        ledger.insert_notice(notice)
        _look_at(ledger, notice.feed, notice.table, notice.file_name, signature)


def _look_at(ledger: Ledger, feed: str, table: str, file_name: str, signature: str) -> None:
    ledger.execute("INSERT OR REPLACE INTO looked_at VALUES (?, ?, ?, ?)", (feed, table, file_name, signature))


def _known(ledger: Ledger, receipt: Receipt) -> Notice | None:
    """The notice for bytes that say nothing new.

    Another name makes no delivery of bytes received for the same day, nor of those that are the table's last
    word before that day; bytes that return after a different delivery are a delivery (A, B, A).
    """
    scope = (receipt.feed, receipt.table, receipt.object_id)
    same_name = ledger.execute(
        "SELECT 1 FROM receipt WHERE feed = ? AND table_name = ? AND object_id = ? AND file_name = ?",
        (*scope, receipt.file_name),
    ).fetchone()
    if same_name:
        return _notice(receipt, NoticeKind.SEEN, "received before with the same name and bytes")
    same_day = ledger.execute(
        "SELECT file_name FROM receipt WHERE feed = ? AND table_name = ? AND object_id = ? AND business_date = ?",
        (*scope, receipt.business_date.isoformat()),
    ).fetchone()
    twin = same_day or _last_word(ledger, receipt.feed, receipt.table, receipt.business_date, receipt.object_id)
    if twin:
        return _notice(receipt, NoticeKind.DUPLICATE, f"the same bytes as {twin[0]}")
    return None


def _last_word(ledger: Ledger, feed: str, table: str, day: date, object_id: str) -> tuple[str] | None:
    """Name of the newest delivery up to a day if it has these bytes."""
    row: tuple[str] | None = ledger.execute(
        "SELECT file_name FROM ("
        "  SELECT file_name, object_id FROM receipt WHERE feed = ? AND table_name = ? AND business_date < ?"
        "  ORDER BY business_date DESC, receipt_id DESC LIMIT 1"
        ") WHERE object_id = ?",
        (feed, table, day.isoformat(), object_id),
    ).fetchone()
    return row


def _notice(receipt: Receipt, kind: NoticeKind, text: str) -> Notice:
    return Notice(receipt.feed, receipt.table, kind, receipt.file_name, receipt.object_id, text, receipt.received_at)
