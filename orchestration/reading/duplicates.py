"""Verdicts on good rows: a new version, a duplicate of the version before it, or a conflict within its batch."""

from __future__ import annotations

from collections.abc import Iterable

from expectations.sql import identifier
from orchestration.reading.landed import landed_name
from orchestration.reading.plan import PIECES
from orchestration.reading.route import Setting, TableRun

ARRIVAL = "_landed_at, _business_date, _batch_id, _derived, _file_name, _line"


def verdicts(run: TableRun) -> str:
    """Temporary table (rid, _verdict, duplicate_of) over the rowids of the routed table, good rows only."""
    return f"_verdict_{run.position}"


def removals(run: TableRun) -> str:
    """Temporary table of derived deletions: key columns, `_seq`, `_was_live` and the piece columns."""
    return f"_removed_{run.position}"


def decide(setting: Setting, run: TableRun, held: Iterable[int]) -> None:
    """Fill `verdicts(run)` for the batches that are not held and keep only the true ones of `removals(run)`.

    Versions of a key are compared in order of arrival with what stands directly before them, in the lake or in this
    load, so A, B, A are three versions. Only rows of the lateness window are looked at: the cost does not grow with
    history. A snapshot repeats everything, so there the window has no end.
    """
    con = setting.con
    skip = ", ".join(map(str, held)) or "-1"
    con.execute(f"CREATE OR REPLACE TEMP TABLE _fresh AS {_fresh(run, skip)}")
    con.execute(f"CREATE OR REPLACE TEMP TABLE _before AS {_before(setting, run)}")
    key = ", ".join(_key(run))
    fields = f"{key}, _row_hash, _op, {ARRIVAL}"
    window = f"OVER (PARTITION BY {key} ORDER BY {ARRIVAL})"
    days = table_window(setting, run)
    in_time = f"_business_date - lag(_business_date) {window} <= {days}" if days is not None else "true"
    same = f"_row_hash = lag(_row_hash) {window} AND _op = lag(_op) {window} AND {in_time}"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE _event AS SELECT *, coalesce({same}, false) AS _repeats, "
        f"lag(_op) {window} AS _op_before FROM (SELECT rid, {fields}, _id, NULL AS _was_live FROM _fresh "
        f"WHERE NOT _conflict UNION ALL SELECT NULL, {fields}, _id, NULL FROM _before UNION ALL "
        f"SELECT -1 - rowid, {key}, NULL, 'delete', _landed_at, _business_date, _batch_id, true, _file_name, 0, NULL, "
        f"_was_live FROM {removals(run)} WHERE _seq NOT IN ({skip}))"
    )
    original = f"last_value(CASE WHEN NOT _repeats THEN _id END IGNORE NULLS) {window}"
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {verdicts(run)} AS "
        f"SELECT rid, 'conflict' AS _verdict, NULL::VARCHAR AS duplicate_of FROM _fresh WHERE _conflict UNION ALL "
        "SELECT rid, CASE WHEN _repeats THEN 'duplicate' ELSE 'accepted' END, CASE WHEN _repeats THEN _original END "
        f"FROM (SELECT *, {original} AS _original FROM _event) WHERE rid >= 0"
    )
    con.execute(
        f"DELETE FROM {removals(run)} WHERE _seq IN ({skip}) OR rowid IN (SELECT -1 - rid FROM _event "
        "WHERE rid < 0 AND coalesce(_op_before = 'delete', NOT _was_live))"
    )


def table_window(setting: Setting, run: TableRun) -> int | None:
    """Days of history in which repetitions are looked for; None means all of it."""
    if run.table.options.delivery == "snapshot" or run.table.options.deletes in ("absence", "key_snapshot"):
        return None
    return setting.contract.options.lateness.days


def _key(run: TableRun) -> list[str]:
    """Columns whose equal values make rows versions of one thing; rows without a key are told by their content."""
    return [identifier(name) for name in run.table.key] or ["_row_hash"]


def _fresh(run: TableRun, skip: str) -> str:
    """Good rows of the load with their arrival; `_conflict` marks another content for the same key and version."""
    version = run.table.options.version_at
    conflict = "false"
    if run.table.key and version is not None:
        key = ", ".join(identifier(name) for name in run.table.key)
        first = (
            f"first_value(_row_hash) OVER (PARTITION BY _seq, {key}, {identifier(version)} ORDER BY _file_name, _line)"
        )
        conflict = f"{identifier(version)} IS NOT NULL AND _row_hash <> {first}"
    names = ", ".join(f"r.{identifier(name)}" for name in run.table.key) or "r._row_hash AS _key"
    return (
        f"SELECT *, {conflict} AS _conflict FROM (SELECT r.rowid AS rid, {names}, r._row_hash, r._op, p._landed_at, "
        f"p._business_date, p._batch_id, false AS _derived, p._file_name, r._line, r._seq"
        f"{', r.' + identifier(version) if version and version not in run.table.key else ''}, "
        f"p._object_id || ':' || r._line AS _id FROM {run.routed} r JOIN {PIECES} p ON r._piece = p._piece "
        f"WHERE len(r._violations) = 0 AND r._seq NOT IN ({skip}))"
    )


def _before(setting: Setting, run: TableRun) -> str:
    """What the lake holds of the same keys within the window: landed versions, and repetitions of equal content."""
    names = [identifier(name) for name in run.table.key]
    key = ", ".join(f"l.{name}" for name in names) or "l._row_hash"
    known = " AND ".join(f"l.{name} = f.{name}" for name in names) or "l._row_hash = f._row_hash"
    fresh = ", ".join(names) or "_row_hash"
    days = table_window(setting, run)
    since = _since(setting, days)
    landed = (
        f"SELECT {key}, l._row_hash, l._op, l._landed_at, l._business_date, l._batch_id, l._line = 0 AS _derived, "
        f"l._file_name, l._line, l._object_id || ':' || l._line AS _id FROM {landed_name(run.table)} l "
        f"SEMI JOIN (SELECT DISTINCT {fresh} FROM _fresh) f ON {known} WHERE {since.format('l._business_date')}"
    )
    if days is None:
        return landed
    columns = ", ".join(f"f.{name}" for name in names) or "f._row_hash"
    return (
        f"{landed} UNION ALL SELECT {columns}, d.row_hash, f._op, d.landed_at, d.business_date, d.batch_id, false, "
        "d.file_name, d.line, d.duplicate_of FROM lake.ops.duplicate d JOIN "
        f"(SELECT DISTINCT {fresh}{', _row_hash' if names else ''}, _op FROM _fresh) f ON d.row_hash = f._row_hash "
        f"WHERE d.feed = '{setting.contract.id}' AND d.table_name = '{run.table.name}' "
        f"AND {since.format('d.business_date')}"
    )


def _since(setting: Setting, days: int | None) -> str:
    """Condition on a date column, a constant the lake can prune by: in the window before the earliest fresh row."""
    if days is None:
        return "true"
    row = setting.con.execute(f"SELECT (min(_business_date) - {days})::DATE FROM _fresh").fetchone()
    earliest = row[0] if row and row[0] is not None else setting.as_of
    return f"{{}} >= DATE '{earliest.isoformat()}'"
