"""Stewards' decisions on held batches: approved, dismissed or reopened, with who, when and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from orchestration.reading.hold import OVERRIDABLE
from orchestration.reading.load import transaction

if TYPE_CHECKING:
    import duckdb

Verdict = Literal["approved", "dismissed", "reopened"]


class NotHeldError(LookupError):
    """The batch is not in the state that the decision is about; the text says what can be decided instead."""


@dataclass(frozen=True)
class Decision:
    """One row of `ops.decision`; `decided_at` is UTC. The newest decision on a batch is the one in force."""

    feed: str
    batch_id: str
    verdict: Verdict
    reason: str
    decided_by: str
    decided_at: datetime


def approve(con: duckdb.DuckDBPyConnection, batch_id: str, reason: str, decided_by: str) -> Decision:
    """From now on the held batch passes B5 and B7 whenever it is retried; NotHeldError for any other batch."""
    _require(con, batch_id, "held")
    reasons = [str(found) for (found,) in con.execute(_REASONS, [batch_id]).fetchall()]
    if not any(found.startswith(OVERRIDABLE) for found in reasons):
        raise NotHeldError(
            f"batch {batch_id} is held for {'; '.join(reasons)}: only {' and '.join(OVERRIDABLE)} can be approved. "
            "Mend the contract and retry, or dismiss the batch when a corrected delivery came"
        )
    with transaction(con):
        return _record(con, batch_id, "approved", reason, decided_by)


def dismiss(con: duckdb.DuckDBPyConnection, batch_id: str, reason: str, decided_by: str) -> Decision:
    """The held batch is waited for no longer: retries pass it over. Its bytes and its account stay."""
    return _turn(con, batch_id, "dismissed", reason, decided_by)


def reopen(con: duckdb.DuckDBPyConnection, batch_id: str, reason: str, decided_by: str) -> Decision:
    """The dismissed batch is held again."""
    return _turn(con, batch_id, "reopened", reason, decided_by)


def approved_batches(con: duckdb.DuckDBPyConnection, feed: str) -> frozenset[str]:
    """Ids of the batches of a feed on which the newest decision is an approval."""
    rows = con.execute(
        "SELECT batch_id FROM lake.ops.decision WHERE feed = ? GROUP BY batch_id "
        "HAVING arg_max(verdict, decided_at) = 'approved'",
        [feed],
    ).fetchall()
    return frozenset(str(batch) for (batch,) in rows)


def decisions(con: duckdb.DuckDBPyConnection, feed: str | None = None) -> Sequence[Decision]:
    """Every decision on the batches of a feed, or of all feeds, oldest first."""
    rows = con.execute(
        "SELECT feed, batch_id, verdict, reason, decided_by, decided_at FROM lake.ops.decision "
        "WHERE $feed IS NULL OR feed = $feed ORDER BY decided_at, batch_id",
        {"feed": feed},
    ).fetchall()
    return [Decision(*row) for row in rows]


_REASONS = (
    "SELECT DISTINCT unnest(reasons) AS reason FROM lake.ops.batch WHERE batch_id = ? AND status = 'held' ORDER BY 1"
)


def _turn(
    con: duckdb.DuckDBPyConnection, batch_id: str, verdict: Literal["dismissed", "reopened"], reason: str, by: str
) -> Decision:
    before, after = ("held", "dismissed") if verdict == "dismissed" else ("dismissed", "held")
    _require(con, batch_id, before)
    with transaction(con):
        con.execute("UPDATE lake.ops.batch SET status = ? WHERE batch_id = ?", [after, batch_id])
        return _record(con, batch_id, verdict, reason, by)


def _require(con: duckdb.DuckDBPyConnection, batch_id: str, status: str) -> None:
    rows = con.execute("SELECT DISTINCT batch_id FROM lake.ops.batch WHERE status = ? ORDER BY ALL", [status])
    there = [str(name) for (name,) in rows.fetchall()]
    if batch_id not in there:
        raise NotHeldError(f"no batch {batch_id} is {status}; {status} are: {', '.join(there) or 'none'}")


def _record(con: duckdb.DuckDBPyConnection, batch_id: str, verdict: Verdict, reason: str, decided_by: str) -> Decision:
    row = con.execute("SELECT any_value(feed) FROM lake.ops.batch WHERE batch_id = ?", [batch_id]).fetchone()
    at = datetime.now(UTC).replace(tzinfo=None)
    decision = Decision(str(row[0]) if row else "", batch_id, verdict, reason, decided_by, at)
    con.execute(
        "INSERT INTO lake.ops.decision (feed, batch_id, verdict, reason, decided_by, decided_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        list(astuple(decision)),
    )
    return decision
