"""Deletions that no row says: keys missing from a snapshot of all rows or of all keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from catalog.contract.model import Table
from expectations.sql import identifier
from orchestration.reading.duplicates import removals
from orchestration.reading.landed import landed_name
from orchestration.reading.plan import PIECES, PlannedBatch
from orchestration.reading.raw import open_source
from orchestration.reading.route import Setting, TableRun
from orchestration.reading.source import Findings
from orchestration.reading.typed import readings

KEYS_VARIANT = -1


def derive_removals(setting: Setting, run: TableRun, batches: Sequence[PlannedBatch], held: Iterable[int]) -> None:
    """Fill `removals(run)` with the keys each snapshot of the load no longer holds, once per disappearance.

    Candidates only: `decide` drops those of keys that were not there. A snapshot older than one already loaded says
    nothing about today, and one with unreadable keys could delete what it merely spells badly: neither deletes.
    """
    con, table = setting.con, run.table
    if table.options.deletes not in ("absence", "key_snapshot"):
        no_removals(setting, run)
        return
    by_keys = table.options.deletes == "key_snapshot"
    read_keys(setting, run, batches)
    usable = _usable(setting, run, batches, set(held), by_keys=by_keys)
    key = ", ".join(identifier(name) for name in table.key)
    con.execute("CREATE OR REPLACE TEMP TABLE _snapshot (_seq INTEGER, _rank INTEGER)")
    if usable:
        rows = ", ".join(f"({number}, {rank})" for rank, number in enumerate(usable, start=1))
        con.execute(f"INSERT INTO _snapshot VALUES {rows}")
    next_rank = "(SELECT min(_rank) FROM _snapshot s WHERE s._seq >= r._seq)"
    rows_seen = f" UNION SELECT {key}, {next_rank} - 1, false FROM {run.routed} r WHERE len(_violations) = 0"
    presence = (
        f"SELECT {key}, 0 AS _rank, true AS _live FROM ({_live(table)}) UNION SELECT {key}, _rank, false "
        f"FROM {_keys(run)} JOIN _snapshot USING (_seq){rows_seen if by_keys else ''}"
    )
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {removals(run)} AS SELECT {key}, s._seq, bool_or(_live) AS _was_live, "
        "min(p._landed_at) AS _landed_at, min(p._business_date) AS _business_date, min(p._batch_id) AS _batch_id, "
        "min(p._file_name) AS _file_name, arg_min(p._object_id, p._file_name) AS _object_id "
        f"FROM (SELECT {key}, _rank, bool_or(_live) OVER (PARTITION BY {key}) AS _live, "
        f"lead(_rank, 1, 2147483647) OVER (PARTITION BY {key} ORDER BY _rank) AS _next FROM "
        f"(SELECT {key}, _rank, bool_or(_live) AS _live FROM ({presence}) WHERE _rank IS NOT NULL GROUP BY ALL)) g "
        f"JOIN _snapshot s ON s._rank = g._rank + 1 JOIN {PIECES} p ON p._seq = s._seq AND p._table = ? "
        f"AND p._role = ? WHERE g._next > g._rank + 1 GROUP BY {key}, s._seq",
        [table.name, "keys" if by_keys else "data"],
    )


def no_removals(setting: Setting, run: TableRun) -> None:
    """Make `removals(run)` empty: nothing is deleted by what was delivered."""
    keys = [f"{identifier(c.name)} {c.physical_type}" for c in run.table.properties if c.primary_key]
    setting.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {removals(run)} ({', '.join(keys or ['_row_hash VARCHAR'])}, _seq INTEGER, "
        "_was_live BOOLEAN, _landed_at TIMESTAMP, _business_date DATE, _batch_id VARCHAR, _file_name VARCHAR, "
        "_object_id VARCHAR)"
    )


def _keys(run: TableRun) -> str:
    return f"_present_{run.position}"


def read_keys(setting: Setting, run: TableRun, batches: Sequence[PlannedBatch]) -> None:
    """Fill the table of keys present in each snapshot: from its own rows, or from the landed objects of all keys."""
    con, table = setting.con, run.table
    key = ", ".join(identifier(name) for name in table.key)
    if table.options.deletes == "absence":
        con.execute(f"CREATE OR REPLACE TEMP TABLE {_keys(run)} AS SELECT DISTINCT {key}, _seq FROM {run.routed}")
        return
    typed = ", ".join(f"{identifier(c.name)} {c.physical_type}" for c in table.properties if c.primary_key)
    con.execute(f"CREATE OR REPLACE TEMP TABLE {_keys(run)} ({typed}, _seq INTEGER)")
    findings = Findings()
    for variant, described in enumerate(table.options.variants):
        pieces = [p for b in batches for p in b.of_table(table.name, "keys") if p.receipt.variant == variant]
        if not pieces:
            continue
        limits = setting.contract.options.limits
        source = open_source(con, table, described.format, pieces, limits=limits, scratch=setting.scratch)
        read = {r.column: r for r in readings(table, timezone=setting.timezone)}
        clean = ", ".join(f"{read[name].clean} AS _k_{name}" for name in table.key)
        values = ", ".join(read[name].typed.replace("{text}", f"_k_{name}") for name in table.key)
        con.execute(
            f"INSERT INTO {_keys(run)} SELECT {values}, p._seq FROM (SELECT {clean}, _piece FROM {source.relation}) s "
            f"JOIN {PIECES} p ON s._piece = p._piece"
        )
        findings.faults |= source.findings.faults
    run.findings[KEYS_VARIANT] = findings


def _usable(
    setting: Setting, run: TableRun, batches: Sequence[PlannedBatch], held: set[int], *, by_keys: bool
) -> list[int]:
    """Numbers of the batches whose snapshot may delete, in order of arrival."""
    role = "keys" if by_keys else "data"
    missing = " OR ".join(f"{identifier(name)} IS NULL" for name in run.table.key)
    spoiled = {
        int(n) for (n,) in setting.con.execute(f"SELECT DISTINCT _seq FROM {_keys(run)} WHERE {missing}").fetchall()
    }
    row = setting.con.execute(
        "SELECT max(business_date) FROM lake.ops.batch WHERE feed = ? AND table_name = ? AND status = 'loaded'",
        [setting.contract.id, run.table.name],
    ).fetchone()
    newest = row[0] if row else None
    usable = []
    for batch in batches:
        day = batch.batch.business_date
        if batch.number in held or not batch.of_table(run.table.name, role) or (newest is not None and day < newest):
            continue
        newest = day
        if batch.number not in spoiled:
            usable.append(batch.number)
    return usable


def _live(table: Table) -> str:
    """Keys whose last landed version is not a deletion."""
    key = ", ".join(identifier(name) for name in table.key)
    arrival = "(_landed_at, _business_date, _batch_id, _line = 0, _file_name, _line)"
    return f"SELECT {key} FROM {landed_name(table)} GROUP BY {key} HAVING arg_max(_op, {arrival}) = 'upsert'"
