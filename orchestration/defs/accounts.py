"""What became of the batches of a run, for stewards: read from the lake's own account, told as run metadata."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

from orchestration.reading.report import BatchAccount

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_COLUMNS = tuple(field.name for field in fields(BatchAccount))


def newest_load(con: DuckDBPyConnection) -> int:
    """Number of the newest load; 0 before the first."""
    row = con.execute("SELECT max(load_id) FROM lake.ops.batch").fetchone()
    return int(row[0]) if row and row[0] is not None else 0


def accounts_since(con: DuckDBPyConnection, load_id: int) -> list[BatchAccount]:
    """Accounts of all loads after `load_id`, by feed and business date."""
    rows = con.execute(
        f"SELECT {', '.join(_COLUMNS)} FROM lake.ops.batch WHERE load_id > ?"
        " ORDER BY feed, business_date, batch_id, table_name",
        [load_id],
    ).fetchall()
    accounts = [dict(zip(_COLUMNS, row, strict=True)) for row in rows]
    return [BatchAccount(**{**account, "reasons": tuple(account["reasons"] or ())}) for account in accounts]


def sentence(account: BatchAccount) -> str:
    """One batch and table in one line."""
    head = f"{account.business_date} {account.table_name}: {account.rows_in:,} rows"
    if account.status == "held":
        return f"{head} held: {'; '.join(account.reasons)}"
    return (
        f"{head}, {account.rows_accepted:,} accepted, {account.rows_quarantined:,} quarantined,"
        f" {account.rows_duplicate:,} duplicate"
    )


def metadata_of(accounts: Sequence[BatchAccount], feed: str) -> dict[str, Any]:
    """Run metadata: rows in and what became of them, late rows, where to look further."""
    loaded = [account for account in accounts if account.status == "loaded"]
    held = [account for account in accounts if account.status == "held"]
    return {
        "batches": len({account.batch_id for account in accounts}),
        "rows in": sum(account.rows_in for account in accounts),
        "rows accepted": sum(account.rows_accepted for account in loaded),
        "rows quarantined": sum(account.rows_quarantined for account in loaded),
        "rows duplicate": sum(account.rows_duplicate for account in loaded),
        "rows deleted": sum(account.rows_deleted for account in loaded),
        "rows held": sum(account.rows_in for account in held),
        "rows late": sum(account.rows_in for account in accounts if account.late_days > 0),
        "held batches": [f"{account.batch_id} {account.table_name}: {'; '.join(account.reasons)}" for account in held],
        "quarantine": f"civiclake quarantine list --feed {feed}",
    }
