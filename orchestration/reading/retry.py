"""Retrying what was kept out: held batches and quarantined rows, judged again by today's contract and vocabulary."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from catalog.city import City
from catalog.workspace import Workspace
from expectations.sql import identifier, literal
from orchestration.landing.ledger import Ledger
from orchestration.landing.records import Batch
from orchestration.reading.commit import check_accounts, write_accepted, write_duplicates
from orchestration.reading.decisions import approved_batches
from orchestration.reading.deletes import no_removals
from orchestration.reading.duplicates import decide, verdicts
from orchestration.reading.hold import check_read_counts
from orchestration.reading.landed import ensure_landed, landed_name
from orchestration.reading.load import Progress, load_chunk, next_load_id, scratch_folder, transaction
from orchestration.reading.lookback import look_back_all
from orchestration.reading.plan import PIECES, PlannedBatch, chunks, number_batches, register_pieces
from orchestration.reading.report import AccountingError, BatchAccount, LoadReport
from orchestration.reading.route import Setting, TableRun, route_all

if TYPE_CHECKING:
    import duckdb


def retry_quarantine(
    con: duckdb.DuckDBPyConnection,
    city: City,
    feed: str,
    workspace: Workspace,
    as_of: date | None = None,
    *,
    progress: Progress | None = None,
) -> LoadReport:
    """Load the held batches of `feed` anew and let in the open quarantined rows that pass now; one transaction.

    The bytes are read again from the landing. Released rows are marked in `ops.quarantine` and move in `ops.batch`
    from quarantined to accepted (or duplicate); rows that still break a rule stay as they are. A held batch that a
    steward approved passes the volume and bad-share rules, B5 and B7. `as_of` is the last business date known by
    default.
    """
    ensure_landed(con, *city.feeds.values())
    held, dirty = _batch_ids(con, feed)
    if not held and not dirty:
        return LoadReport(feed, None)
    contract = city.feeds[feed]
    with Ledger(workspace) as ledger:
        batches = {batch.batch_id: batch for batch in ledger.batches(feed)}
        missing = sorted((held | dirty) - set(batches))
        if missing:
            raise LookupError(f"{workspace.landing_ledger}: batch {missing[0]} is in the lake but not in the landing")
        held_batches = number_batches(ledger, contract, _chosen(batches, held))
        dirty_batches = number_batches(ledger, contract, _chosen(batches, dirty))
    with scratch_folder(workspace) as folder, transaction(con):
        setting = Setting(con, contract, city.timezone, as_of or _last_day(con), next_load_id(con), folder)
        accounts = _reload(setting, held_batches, approved_batches(con, feed), progress)
        released = sum(_release(setting, chunk, progress) for chunk in chunks(dirty_batches))
    return LoadReport(feed, setting.load_id, tuple(accounts), released)


def _chosen(batches: dict[str, Batch], ids: set[str]) -> list[Batch]:
    return [batches[name] for name in sorted(ids)]


def _batch_ids(con: duckdb.DuckDBPyConnection, feed: str) -> tuple[set[str], set[str]]:
    """Ids of held batches, and of loaded batches with open quarantined rows."""
    held = con.execute("SELECT batch_id FROM lake.ops.batch WHERE feed = ? AND status = 'held'", [feed]).fetchall()
    dirty = con.execute(
        "SELECT DISTINCT batch_id FROM lake.ops.quarantine WHERE feed = ? AND status = 'open'", [feed]
    ).fetchall()
    return {str(name) for (name,) in held}, {str(name) for (name,) in dirty}


def _last_day(con: duckdb.DuckDBPyConnection) -> date:
    row = con.execute("SELECT max(business_date) FROM lake.ops.batch").fetchone()
    if row is None or not isinstance(row[0], date):
        raise LookupError("lake.ops.batch is empty: there is nothing to retry")
    return row[0]


def _reload(
    setting: Setting, batches: Sequence[PlannedBatch], approved: frozenset[str], progress: Progress | None
) -> list[BatchAccount]:
    """Load held batches as if they had just landed; their former accounts are replaced."""
    if not batches:
        return []
    names = ", ".join(literal(batch.batch.batch_id) for batch in batches)
    setting.con.execute(f"DELETE FROM lake.ops.batch WHERE feed = ? AND batch_id IN ({names})", [setting.contract.id])
    runs = [TableRun(table, position) for position, table in enumerate(setting.contract.tables)]
    accounts: list[BatchAccount] = []
    for chunk in chunks(batches):
        if progress is not None:
            progress(f"{setting.contract.id}: reading {len(chunk)} held batches again")
        accounts += load_chunk(setting, runs, chunk, approved)
    check_accounts(setting, runs, accounts)
    return accounts


def _release(setting: Setting, batches: Sequence[PlannedBatch], progress: Progress | None) -> int:
    """Judge the batches again and let in what was quarantined and is good now; returns the number of rows."""
    if progress is not None:
        progress(f"{setting.contract.id}: judging the quarantined rows of {len(batches)} batches again")
    register_pieces(setting.con, batches)
    runs = _runs_with_open_rows(setting, batches)
    # Whole batches are judged, because a rule may compare a row with its neighbours; then only open rows are kept.
    route_all(setting, runs, batches)
    look_back_all(setting, runs, batches)
    for run in runs:
        check_read_counts(setting, run)
        _keep_open_rows(setting, run)
        no_removals(setting, run)
        decide(setting, run, ())
        write_accepted(setting, run)
        write_duplicates(setting, run)
        _mark(setting, run)
    _check(setting, batches)
    row = setting.con.execute(
        "SELECT count(*) FROM lake.ops.quarantine WHERE resolved_load_id = ? AND batch_id IN "
        f"(SELECT _batch_id FROM {PIECES})",
        [setting.load_id],
    ).fetchone()
    return int(row[0]) if row else 0


def _runs_with_open_rows(setting: Setting, batches: Sequence[PlannedBatch]) -> list[TableRun]:
    names = ", ".join(literal(batch.batch.batch_id) for batch in batches)
    rows = setting.con.execute(
        "SELECT DISTINCT table_name FROM lake.ops.quarantine WHERE status = 'open' AND feed = ? "
        f"AND batch_id IN ({names})",
        [setting.contract.id],
    ).fetchall()
    wanted = {str(name) for (name,) in rows}
    tables = enumerate(setting.contract.tables)
    return [TableRun(table, position) for position, table in tables if table.name in wanted]


def _open_rows(setting: Setting, run: TableRun) -> str:
    """Open quarantined rows of the table as (batch_id, object_id, file_name, line)."""
    return (
        "SELECT batch_id, object_id, file_name, line FROM lake.ops.quarantine WHERE status = 'open' "
        f"AND feed = {literal(setting.contract.id)} AND table_name = {literal(run.table.name)}"
    )


def _keep_open_rows(setting: Setting, run: TableRun) -> None:
    """Drop routed rows that are not in quarantine, and those whose conflict (D1) with a landed row still stands."""
    setting.con.execute(
        f"DELETE FROM {run.routed} WHERE rowid NOT IN (SELECT r.rowid FROM {run.routed} r JOIN {PIECES} p "
        f"ON r._piece = p._piece JOIN ({_open_rows(setting, run)}) q ON q.batch_id = p._batch_id "
        "AND q.object_id = p._object_id AND q.file_name = p._file_name AND q.line = r._line)"
    )
    version = run.table.options.version_at
    if version is None or not run.table.key:
        return
    same = " AND ".join(f"l.{identifier(n)} = r.{identifier(n)}" for n in dict.fromkeys((*run.table.key, version)))
    setting.con.execute(
        f"DELETE FROM {run.routed} WHERE rowid IN (SELECT r.rowid FROM {run.routed} r JOIN {PIECES} p "
        f"ON r._piece = p._piece JOIN {landed_name(run.table)} l ON l._batch_id = p._batch_id "
        f"AND l._business_date = p._business_date AND {same} WHERE l._row_hash <> r._row_hash)"
    )


def _mark(setting: Setting, run: TableRun) -> None:
    """Mark the released rows and move them in the batch accounts."""
    con, feed, table = setting.con, literal(setting.contract.id), literal(run.table.name)
    con.execute(
        "CREATE OR REPLACE TEMP TABLE _released AS SELECT p._batch_id, p._object_id, p._file_name, r._line, v._verdict "
        f"FROM {run.routed} r JOIN {PIECES} p ON r._piece = p._piece JOIN {verdicts(run)} v ON v.rid = r.rowid "
        "WHERE v._verdict <> 'conflict'"
    )
    con.execute(
        f"UPDATE lake.ops.quarantine SET status = 'released', resolved_load_id = {setting.load_id} FROM _released x "
        f"WHERE status = 'open' AND feed = {feed} AND table_name = {table} AND batch_id = x._batch_id "
        "AND object_id = x._object_id AND file_name = x._file_name AND line = x._line"
    )
    con.execute(
        "UPDATE lake.ops.batch SET rows_quarantined = rows_quarantined - x.moved, rows_accepted = rows_accepted + "
        "x.accepted, rows_duplicate = rows_duplicate + x.moved - x.accepted FROM (SELECT _batch_id, count(*) AS moved, "
        "count(*) FILTER (_verdict = 'accepted') AS accepted FROM _released GROUP BY _batch_id) x "
        f"WHERE feed = {feed} AND table_name = {table} AND batch_id = x._batch_id"
    )


def _check(setting: Setting, batches: Sequence[PlannedBatch]) -> None:
    """AccountingError unless the accounts of the batches close and agree with what is in quarantine."""
    names = ", ".join(literal(batch.batch.batch_id) for batch in batches)
    row = setting.con.execute(
        "SELECT b.batch_id, b.table_name, rows_in, rows_accepted, rows_quarantined, rows_duplicate, open FROM "
        "lake.ops.batch b LEFT JOIN (SELECT batch_id, table_name, count(*) AS open FROM lake.ops.quarantine "
        "WHERE status = 'open' AND feed = $feed GROUP BY ALL) q USING (batch_id, table_name) WHERE b.feed = $feed "
        f"AND status = 'loaded' AND batch_id IN ({names}) AND (rows_in <> rows_accepted + rows_quarantined + "
        "rows_duplicate OR rows_quarantined <> coalesce(open, 0)) LIMIT 1",
        {"feed": setting.contract.id},
    ).fetchone()
    if row is not None:
        raise AccountingError(f"batch {row[0]}, table {row[1]}: {row[2]} in, {row[3:6]} accounted, {row[6]} open")
