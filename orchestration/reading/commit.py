"""Writing a load into the lake: accepted rows, quarantine, duplicates, delete markers and the batch accounts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from typing import TYPE_CHECKING

from expectations.rules import CONFLICT_RULE
from expectations.sql import identifier, literal
from orchestration.reading.duplicates import removals, verdicts
from orchestration.reading.landed import landed_name
from orchestration.reading.plan import PIECES
from orchestration.reading.report import AccountingError, BatchAccount
from orchestration.reading.route import PIECE_COLUMNS, Setting, TableRun, row_hash
from orchestration.reading.source import relabelled

if TYPE_CHECKING:
    import duckdb


def write_rows(setting: Setting, run: TableRun, held: Iterable[int]) -> None:
    """Insert what `decide` and the rules found for the batches that are not held; within the caller's transaction."""
    skip = ", ".join(map(str, held)) or "-1"
    write_accepted(setting, run, skip)
    _write_removals(setting, run, skip)
    _write_quarantine(setting, run, skip)
    write_duplicates(setting, run, skip)


def write_accepted(setting: Setting, run: TableRun, skip: str = "-1") -> None:
    """Insert the accepted rows but those of the batch numbers in `skip` into the landed table."""
    columns = ", ".join(f"r.{identifier(c.name)}" for c in run.table.properties)
    carried = ", ".join(f"p.{name}" for name in PIECE_COLUMNS)
    setting.con.execute(
        f"INSERT INTO {landed_name(run.table)} BY NAME SELECT {columns}, {carried}, {_constants(setting)}, "
        f"r._line, r._row_hash, r._op, r._flags FROM {run.routed} r JOIN {verdicts(run)} v ON v.rid = r.rowid "
        f"JOIN {PIECES} p ON r._piece = p._piece WHERE v._verdict = 'accepted' AND r._seq NOT IN ({skip})"
    )


def _write_removals(setting: Setting, run: TableRun, skip: str) -> None:
    if run.table.options.deletes not in ("absence", "key_snapshot"):
        return
    keys = ", ".join(identifier(name) for name in run.table.key)
    others = ", ".join(f"NULL AS {identifier(c.name)}" for c in run.table.properties if not c.primary_key)
    carried = ", ".join(PIECE_COLUMNS)
    setting.con.execute(
        f"INSERT INTO {landed_name(run.table)} BY NAME SELECT *, {row_hash(run.table)} AS _row_hash FROM (SELECT {keys}"
        f"{', ' + others if others else ''}, {carried}, {_constants(setting)}, 0 AS _line, 'delete' AS _op, "
        f"[]::VARCHAR[] AS _flags FROM {removals(run)} WHERE _seq NOT IN ({skip}))"
    )


def _constants(setting: Setting) -> str:
    return (
        f"{literal(setting.contract.id)} AS _feed, {setting.load_id}::BIGINT AS _load_id, "
        f"{literal(setting.contract.version)} AS _contract_version"
    )


def _write_quarantine(setting: Setting, run: TableRun, skip: str) -> None:
    version = literal(run.table.options.version_at or "")
    conflict = (
        f"[{{'rule': '{CONFLICT_RULE}', 'severity': 'quarantine', 'column': {version}, "
        "'value': 'another row of the batch has this key and version with other content'}]"
    )
    cases = [
        f"WHEN p._variant = {variant} THEN {relabelled(run.table, findings.layouts)}"
        for variant, findings in run.findings.items()
        if variant >= 0
    ]
    raw = f"CASE {' '.join(cases)} END" if cases else "_raw"
    accepted = ", ".join(f"{literal(c.name)}, r.{identifier(c.name)}" for c in run.table.properties)
    setting.con.execute(
        "INSERT INTO lake.ops.quarantine BY NAME SELECT * EXCLUDE (_raw, _layout, _variant), "
        f"{raw.replace('p._variant', '_variant')} AS raw FROM (SELECT {literal(setting.contract.id)} AS feed, "
        f"{literal(run.table.name)} AS table_name, p._batch_id AS batch_id, p._business_date AS business_date, "
        "p._object_id AS object_id, p._file_name AS file_name, r._line AS line, "
        f"CASE WHEN v._verdict = 'conflict' THEN {conflict} ELSE r._violations END AS violations, "
        "list_sort(list_distinct(list_transform(violations, lambda _found: _found.rule))) AS rule_ids, "
        f"coalesce(r._raw, json_object({accepted})::VARCHAR) AS _raw, "
        f"CASE WHEN v._verdict = 'conflict' THEN -1 ELSE r._layout END AS _layout, p._variant, "
        f"{setting.load_id}::BIGINT AS load_id, 'open' AS status, NULL::BIGINT AS resolved_load_id, "
        f"{literal(setting.contract.version)} AS contract_version FROM {run.routed} r "
        f"LEFT JOIN {verdicts(run)} v ON v.rid = r.rowid JOIN {PIECES} p ON r._piece = p._piece "
        f"WHERE (len(r._violations) > 0 OR v._verdict = 'conflict') AND r._seq NOT IN ({skip}))"
    )


def write_duplicates(setting: Setting, run: TableRun, skip: str = "-1") -> None:
    """Record the duplicates but those of the batch numbers in `skip`."""
    setting.con.execute(
        f"INSERT INTO lake.ops.duplicate BY NAME SELECT {literal(setting.contract.id)} AS feed, "
        f"{literal(run.table.name)} AS table_name, p._batch_id AS batch_id, p._object_id AS object_id, "
        "p._file_name AS file_name, r._line AS line, p._business_date AS business_date, p._landed_at AS landed_at, "
        f"r._row_hash AS row_hash, v.duplicate_of, {setting.load_id}::BIGINT AS load_id FROM {run.routed} r "
        f"JOIN {verdicts(run)} v ON v.rid = r.rowid JOIN {PIECES} p ON r._piece = p._piece "
        f"WHERE v._verdict = 'duplicate' AND r._seq NOT IN ({skip})"
    )


def write_accounts(con: duckdb.DuckDBPyConnection, accounts: Sequence[BatchAccount]) -> None:
    """Insert one row of `ops.batch` per account."""
    if not accounts:
        return
    names = ", ".join(field.name for field in fields(BatchAccount))
    marks = "(" + ", ".join("?" for _ in fields(BatchAccount)) + ")"
    values = [list(v) if isinstance(v, tuple) else v for account in accounts for v in astuple(account)]
    con.execute(f"INSERT INTO lake.ops.batch ({names}) VALUES {', '.join([marks] * len(accounts))}", values)


def check_accounts(setting: Setting, runs: Sequence[TableRun], accounts: Sequence[BatchAccount]) -> None:
    """AccountingError unless the lake now holds, table by table, exactly what the accounts of this load say."""
    for account in accounts:
        if not account.closes:
            raise AccountingError(
                f"batch {account.batch_id}, table {account.table_name}: {account.rows_in} rows in, but "
                f"{account.rows_accepted} accepted, {account.rows_quarantined} quarantined and "
                f"{account.rows_duplicate} duplicate"
            )
    for run in runs:
        of_table = [a for a in accounts if a.table_name == run.table.name and a.status == "loaded"]
        written = _written(setting, run)
        said = {
            a.batch_id: (a.rows_accepted, a.rows_deleted, a.rows_quarantined, a.rows_duplicate)
            for a in of_table
            if a.rows_in or a.rows_deleted
        }
        if written != said:
            batch = sorted(set(written.items()) ^ set(said.items()))[0][0]
            raise AccountingError(
                f"batch {batch}, table {run.table.name}: accounted {said.get(batch)}, written {written.get(batch)} "
                "(accepted, deleted, quarantined, duplicate)"
            )


def _written(setting: Setting, run: TableRun) -> dict[str, tuple[int, int, int, int]]:
    """Per batch what this load wrote: (accepted, deleted, quarantined, duplicate)."""
    load, feed, table = setting.load_id, literal(setting.contract.id), literal(run.table.name)
    rows = setting.con.execute(
        "SELECT batch_id, sum(accepted), sum(deleted), sum(quarantined), sum(duplicate) FROM ("
        "SELECT _batch_id AS batch_id, (_line > 0)::INTEGER AS accepted, (_line = 0)::INTEGER AS deleted, "
        f"0 AS quarantined, 0 AS duplicate FROM {landed_name(run.table)} WHERE _load_id = {load} UNION ALL "
        f"SELECT batch_id, 0, 0, 1, 0 FROM lake.ops.quarantine WHERE load_id = {load} AND feed = {feed} "
        f"AND table_name = {table} UNION ALL SELECT batch_id, 0, 0, 0, 1 FROM lake.ops.duplicate "
        f"WHERE load_id = {load} AND feed = {feed} AND table_name = {table}) GROUP BY batch_id"
    ).fetchall()
    return {str(batch): (int(a), int(d), int(q), int(u)) for batch, a, d, q, u in rows}
