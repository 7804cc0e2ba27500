"""Which batches are held whole, and why: the B rules, the contract's block rules, and notes for the steward."""

from __future__ import annotations

import json
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from catalog.contract.model import Table
from expectations.routing import Relations, aggregate_sql
from expectations.sql import identifier
from orchestration.reading.duplicates import removals, verdicts
from orchestration.reading.header import delivered_names
from orchestration.reading.landed import landed_name
from orchestration.reading.plan import PIECES, PlannedBatch
from orchestration.reading.report import AccountingError
from orchestration.reading.route import Setting, TableRun

MASS_DELETE_SHARE = 0.5
HISTORY = timedelta(days=182)
OVERRIDABLE = ("B5", "B7")


@dataclass
class Tally:
    """What became of the rows of one table in one batch, and why it is held if it is."""

    rows_in: int = 0
    accepted: int = 0
    quarantined: int = 0
    duplicate: int = 0
    deleted: int = 0
    holds: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def tally(
    setting: Setting, run: TableRun, batches: Sequence[PlannedBatch], approved: frozenset[str]
) -> dict[int, Tally]:
    """One Tally per batch number that delivered something of the table. Batch ids in `approved` pass B5 and B7."""
    tallies = {b.number: Tally() for b in batches if any(p.receipt.table == run.table.name for p in b.pieces)}
    _count(setting, run, tallies)
    _read_faults(run, batches, tallies)
    _shapes(setting, run, tallies)
    _blocks(setting, run, tallies)
    _bad_share(setting, tallies)
    _mass_delete(setting, run, tallies)
    _volume(setting, run, batches, tallies)
    for batch in batches:
        if batch.batch.batch_id in approved and batch.number in tallies:
            found = tallies[batch.number]
            passed = [reason for reason in found.holds if reason.startswith(OVERRIDABLE)]
            found.notes += [f"approved: {reason}" for reason in passed]
            found.holds = [reason for reason in found.holds if reason not in passed]
    return tallies


def _count(setting: Setting, run: TableRun, tallies: dict[int, Tally]) -> None:
    rows = setting.con.execute(
        f"SELECT _seq, count(*), count(*) FILTER (_verdict = 'accepted'), count(*) FILTER (len(_violations) > 0 OR "
        f"_verdict = 'conflict'), count(*) FILTER (_verdict = 'duplicate') FROM {run.routed} r "
        f"LEFT JOIN {verdicts(run)} v ON v.rid = r.rowid GROUP BY _seq"
    ).fetchall()
    for number, rows_in, accepted, quarantined, duplicate in rows:
        found = tallies[number]
        found.rows_in, found.accepted, found.quarantined, found.duplicate = rows_in, accepted, quarantined, duplicate
    for number, deleted in setting.con.execute(f"SELECT _seq, count(*) FROM {removals(run)} GROUP BY _seq").fetchall():
        tallies[number].deleted = deleted


def _read_faults(run: TableRun, batches: Sequence[PlannedBatch], tallies: dict[int, Tally]) -> None:
    pieces = {piece.number: (batch.number, piece) for batch in batches for piece in batch.pieces}
    for findings in run.findings.values():
        for number, reason in findings.faults.items():
            batch, piece = pieces[number]
            tallies[batch].holds.append(f"{reason} [{piece.receipt.file_name}]")
        for number, note in findings.notes.items():
            batch, piece = pieces[number]
            tallies[batch].notes.append(f"{note} [{piece.receipt.file_name}]")


def check_read_counts(setting: Setting, run: TableRun) -> None:
    """AccountingError unless every record the readers saw is in the routed table, file by file."""
    seen = {piece: count for findings in run.findings.values() for piece, count in findings.counts.items() if count}
    rows = setting.con.execute(f"SELECT _piece, count(*) FROM {run.routed} GROUP BY _piece").fetchall()
    routed = {piece: count for piece, count in rows if not _is_faulty(run, piece)}
    seen = {piece: count for piece, count in seen.items() if not _is_faulty(run, piece)}
    if seen != routed:
        different = sorted(set(seen.items()) ^ set(routed.items()))[0][0]
        raise AccountingError(
            f"table {run.table.name}: the reader saw {seen.get(different, 0)} records of object number {different}, "
            f"{routed.get(different, 0)} were routed"
        )


def _is_faulty(run: TableRun, piece: int) -> bool:
    return any(piece in findings.faults for findings in run.findings.values())


def _shapes(setting: Setting, run: TableRun, tallies: dict[int, Tally]) -> None:
    """Keys of documents: a required one that no record has holds the batch, one the contract lacks is noted."""
    rows = setting.con.execute(
        f"SELECT _seq, list(DISTINCT _shape) FROM {run.routed} WHERE _shape IS NOT NULL GROUP BY _seq"
    ).fetchall()
    known = {name for column in run.table.properties for name in delivered_names(column)}
    for number, shapes in rows:
        present = {key for shape in shapes for key in json.loads(shape)}
        unknown = sorted(present - known)
        if unknown:
            tallies[number].notes.append(f"W: unknown column {', '.join(unknown)} is not read")
        missing = _missing(run.table, present)
        if missing:
            tallies[number].holds.append(f"B3: no record has the required column {', '.join(missing)}")


def _missing(table: Table, present: set[str]) -> list[str]:
    wanted = [column for column in table.properties if column.required or column.primary_key]
    return [delivered_names(column)[0] for column in wanted if not present.intersection(delivered_names(column))]


def _blocks(setting: Setting, run: TableRun, tallies: dict[int, Tally]) -> None:
    """The contract's rules of severity block: on single rows, and on aggregates over the batch."""
    rules = {rule.id: rule for rule in run.rules if rule.holds_batch}
    rows = setting.con.execute(
        f"SELECT _seq, id, count(*), min(_file_name), max(_file_name) FROM (SELECT r._seq, unnest(_blocks) AS id, "
        f"_file_name FROM {run.routed} r JOIN {PIECES} p ON r._piece = p._piece) GROUP BY _seq, id ORDER BY _seq, id"
    ).fetchall()
    for number, name, count, first, last in rows:
        place = f" [{first}]" if first == last else ""
        tallies[number].holds.append(f"{name}: {rules[name].description} ({count} rows){place}")
    columns = ", ".join(f"r.{identifier(c.name)}" for c in run.table.properties)
    scope = (
        f"(SELECT {columns}, r._seq, p._batch_id, p._business_date, p._business_date AS batch_date, "
        f"DATE '{setting.as_of.isoformat()}' AS as_of FROM {run.routed} r JOIN {PIECES} p ON r._piece = p._piece)"
    )
    statement = aggregate_sql(scope, run.rules, Relations({run.table.physical_name: landed_name(run.table)}), "_seq")
    if statement is None:
        return
    result = setting.con.execute(statement)
    names = [column[0] for column in result.description][1:]
    for number, *broken in result.fetchall():
        tallies[number].holds += [
            f"{name}: {rules[name].description}" for name, yes in zip(names, broken, strict=True) if yes
        ]


def _bad_share(setting: Setting, tallies: dict[int, Tally]) -> None:
    limits = setting.contract.options.batch
    for found in tallies.values():
        if found.holds:  # a broken file makes its rows bad: one reason says it
            continue
        share = found.quarantined / found.rows_in if found.rows_in else 0.0
        if found.rows_in >= limits.bad_share_min_rows and share > limits.max_bad_share:
            found.holds.append(
                f"B7: {found.quarantined} of {found.rows_in} rows are bad ({share:.1%}, "
                f"at most {limits.max_bad_share:.1%} may be)"
            )


def _mass_delete(setting: Setting, run: TableRun, tallies: dict[int, Tally]) -> None:
    if run.table.options.deletes not in ("absence", "key_snapshot") or not any(t.deleted for t in tallies.values()):
        return
    row = setting.con.execute(
        f"SELECT count(DISTINCT hash({', '.join(map(identifier, run.table.key))})) FROM _event"
    ).fetchone()
    known = int(row[0]) if row else 0
    for found in tallies.values():
        if known >= setting.contract.options.batch.bad_share_min_rows and found.deleted > known * MASS_DELETE_SHARE:
            found.holds.append(f"B5: the snapshot would delete {found.deleted} of {known} keys")


def _volume(setting: Setting, run: TableRun, batches: Sequence[PlannedBatch], tallies: dict[int, Tally]) -> None:
    """B5: the number of rows is unlike that of the same weekday in the batches that arrived before."""
    limits = setting.contract.options.batch
    history: list[tuple[datetime, int, int]] = setting.con.execute(
        "SELECT landed_at, isodow(business_date), rows_in FROM lake.ops.batch WHERE feed = ? AND table_name = ? "
        "AND status = 'loaded' AND rows_in > 0 AND business_date >= ?",
        [setting.contract.id, run.table.name, min(b.batch.business_date for b in batches) - HISTORY],
    ).fetchall()
    for batch in batches:
        found = tallies.get(batch.number)
        if found is None or not found.rows_in:
            continue
        arrived, weekday = batch.batch.closed_at.replace(tzinfo=None), batch.batch.business_date.isoweekday()
        before = [count for landed, day, count in history if landed <= arrived and day == weekday]
        if len(before) >= limits.volume_min_history:
            mean = statistics.fmean(before)
            # A steady feed has no spread of its own: counts then vary at least like their square root.
            score = (found.rows_in - mean) / max(statistics.pstdev(before), mean**0.5, 1.0)
            if abs(score) > limits.volume_z:
                found.holds.append(f"B5: {found.rows_in} rows where the same weekday has {mean:.0f} (z = {score:+.1f})")
        if not found.holds:
            history.append((arrived, weekday, found.rows_in))
