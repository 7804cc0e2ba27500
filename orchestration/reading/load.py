"""Loading a feed: every landed batch not yet in the lake, in one transaction, each row ending in one place."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.city import City
from catalog.workspace import Workspace
from orchestration.lake.threads import set_threads
from orchestration.landing.ledger import Ledger
from orchestration.reading.commit import check_accounts, write_accounts, write_rows
from orchestration.reading.deletes import derive_removals
from orchestration.reading.duplicates import decide
from orchestration.reading.hold import Tally, check_read_counts, tally
from orchestration.reading.landed import ensure_landed
from orchestration.reading.lookback import look_back_all
from orchestration.reading.plan import PlannedBatch, chunks, plan, register_pieces
from orchestration.reading.report import BatchAccount, LoadReport
from orchestration.reading.route import Setting, TableRun, route_all

if TYPE_CHECKING:
    import duckdb

Progress = Callable[[str], None]
SCRATCH_PREFIX = "reading-"


def load_feed(
    con: duckdb.DuckDBPyConnection,
    city: City,
    feed: str,
    workspace: Workspace,
    as_of: date,
    *,
    progress: Progress | None = None,
) -> LoadReport:
    """Read every closed batch of `feed` that is not in `ops.batch` yet; needs `ensure_ops` and the writer lock.

    One DuckLake transaction: all of it is there afterwards, or nothing. A batch that breaks a B rule is held whole:
    its rows stay in the landing, `ops.batch` says why. Raises RuleFailedError for a rule that cannot be evaluated
    and AccountingError when rows do not add up; the lake is then as before.
    """
    with Ledger(workspace) as ledger:
        planned = plan(ledger, city.feeds[feed], seen_batches(con, feed))
    if not planned:
        return LoadReport(feed, None)
    return run_load(con, city, feed, workspace, as_of=as_of, planned=planned, progress=progress)


def seen_batches(con: duckdb.DuckDBPyConnection, feed: str) -> list[str]:
    """Ids of the batches of a feed that are loaded or held."""
    rows = con.execute("SELECT DISTINCT batch_id FROM lake.ops.batch WHERE feed = ?", [feed]).fetchall()
    return [str(batch) for (batch,) in rows]


def run_load(
    con: duckdb.DuckDBPyConnection,
    city: City,
    feed: str,
    workspace: Workspace,
    *,
    as_of: date,
    planned: Sequence[PlannedBatch],
    approved: frozenset[str] = frozenset(),
    progress: Progress | None = None,
) -> LoadReport:
    """Load the planned batches; a batch id in `approved` passes B5 and B7."""
    set_threads(con, workspace, sum(batch.size for batch in planned))
    ensure_landed(con, *city.feeds.values())
    with scratch_folder(workspace) as folder, transaction(con):
        setting = Setting(con, city.feeds[feed], city.timezone, as_of, next_load_id(con), folder)
        runs = [TableRun(table, position) for position, table in enumerate(setting.contract.tables)]
        accounts: list[BatchAccount] = []
        for chunk in chunks(planned):
            if progress is not None:
                progress(f"{feed}: reading {len(chunk)} batches up to {chunk[-1].batch.business_date}")
            accounts += load_chunk(setting, runs, chunk, approved)
        check_accounts(setting, runs, accounts)
    set_threads(con, workspace)
    return LoadReport(feed, setting.load_id, tuple(accounts))


def load_chunk(
    setting: Setting, runs: Sequence[TableRun], chunk: Sequence[PlannedBatch], approved: frozenset[str]
) -> list[BatchAccount]:
    """Route, decide, hold, write: the accounts of a chunk of batches, already in `ops.batch`.

    Holding a batch can change what the others see, so the rest is judged again without it until no more are held.
    """
    register_pieces(setting.con, chunk)
    held: dict[int, dict[str, Tally]] = {}
    while True:
        rest = [batch for batch in chunk if batch.number not in held]
        tallies = _judge(setting, runs, rest, approved) if rest else {}
        fresh = {
            batch.number: {name: found[batch.number] for name, found in tallies.items() if batch.number in found}
            for batch in rest
            if any(found[batch.number].holds for found in tallies.values() if batch.number in found)
        }
        if not fresh:
            break
        held |= fresh
    for run in runs:
        write_rows(setting, run, held)
    loaded = {b.number: {n: f[b.number] for n, f in tallies.items() if b.number in f} for b in rest}
    accounts = [
        _account(setting, batch, name, found, held=batch.number in held)
        for batch in chunk
        for name, found in _with_cause({**loaded, **held}[batch.number]).items()
    ]
    write_accounts(setting.con, accounts)
    return accounts


def _judge(
    setting: Setting, runs: Sequence[TableRun], batches: Sequence[PlannedBatch], approved: frozenset[str]
) -> dict[str, dict[int, Tally]]:
    """Tallies by table name and batch number."""
    route_all(setting, runs, batches)
    look_back_all(setting, runs, batches)
    tallies = {}
    for run in runs:
        check_read_counts(setting, run)
        derive_removals(setting, run, batches, ())
        decide(setting, run, ())
        tallies[run.table.name] = tally(setting, run, batches, approved)
    return tallies


def _with_cause(tables: dict[str, Tally]) -> dict[str, Tally]:
    """A table held only because another table of its batch is says so."""
    causes = [name for name, found in tables.items() if found.holds]
    for found in tables.values():
        if causes and not found.holds:
            found.holds.append(f"held with table {causes[0]}")
    return tables


def _account(setting: Setting, batch: PlannedBatch, table: str, found: Tally, *, held: bool) -> BatchAccount:
    late, window = batch.batch.late_days, setting.contract.options.lateness.days
    reasons = [*found.holds, *found.notes]
    if late > window:
        reasons.append(f"B6: {late} days late, the lateness window is {window}")
    return BatchAccount(
        feed=setting.contract.id,
        table_name=table,
        batch_id=batch.batch.batch_id,
        business_date=batch.batch.business_date,
        status="held" if held else "loaded",
        rows_in=found.rows_in,
        rows_accepted=0 if held else found.accepted,
        rows_quarantined=0 if held else found.quarantined,
        rows_duplicate=0 if held else found.duplicate,
        rows_deleted=0 if held else found.deleted,
        late_days=late,
        reasons=tuple(reasons),
        load_id=setting.load_id,
        contract_version=setting.contract.version,
        landed_at=batch.batch.closed_at.replace(tzinfo=None),
        loaded_at=datetime.now(UTC).replace(tzinfo=None),
    )


def next_load_id(con: duckdb.DuckDBPyConnection) -> int:
    """One more than the last load, over all feeds."""
    row = con.execute(
        "SELECT greatest((SELECT coalesce(max(load_id), 0) FROM lake.ops.batch), "
        "(SELECT coalesce(max(resolved_load_id), 0) FROM lake.ops.quarantine))"
    ).fetchone()
    return 1 + (int(row[0]) if row else 0)


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """One transaction: committed on leaving, rolled back on any error.

    Joins are taken in the order they are written meanwhile: among relations of unknown size, most of them small,
    the search for a better one takes longer than it could save.
    """
    con.execute("SET disabled_optimizers = 'join_order'")
    try:
        con.execute("BEGIN")
        try:
            yield
        except BaseException:
            con.execute("ROLLBACK")
            raise
        con.execute("COMMIT")
    finally:
        con.execute("RESET disabled_optimizers")


@contextmanager
def scratch_folder(workspace: Workspace) -> Iterator[Path]:
    """A folder for unpacked and decoded files; what a killed load left behind is removed first."""
    parent = workspace.lake_data.parent
    parent.mkdir(parents=True, exist_ok=True)
    for leftover in parent.glob(f"{SCRATCH_PREFIX}*"):
        shutil.rmtree(leftover, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=SCRATCH_PREFIX, dir=parent) as folder:
        yield Path(folder)
