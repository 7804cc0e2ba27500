"""Judging a batch by the rules that look at landed rows: batch by batch, each seeing what landed up to it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from expectations.routing import Relations, look_back_sql
from expectations.sql import identifier
from orchestration.reading.landed import landed_name
from orchestration.reading.plan import PIECES, PlannedBatch
from orchestration.reading.route import PIECE_COLUMNS, Setting, TableRun, constant_values, naming_the_rule
from orchestration.reading.source import raw_json

if TYPE_CHECKING:
    import duckdb

STATISTICS_OPTIMIZERS = ("build_side_probe_side", "statistics_propagation")


def look_back_all(setting: Setting, runs: Sequence[TableRun], batches: Sequence[PlannedBatch]) -> None:
    """Add what the rules which look back find to the routed tables of all runs.

    The result does not depend on how batches are grouped into loads, nor loads into chunks.
    """
    judged = [run for run in runs if run.look_back_rules]
    if not judged:
        return
    empty = {run.table.name for run in runs if _is_empty(setting, run)}
    with _planning_without_statistics(setting.con):
        for batch in batches:
            for run in judged:
                if batch.of_table(run.table.name):
                    _look_back(setting, runs, run, batch.number, empty)


def _is_empty(setting: Setting, run: TableRun) -> bool:
    return setting.con.execute(f"SELECT 1 FROM {landed_name(run.table)} LIMIT 1").fetchone() is None


@contextmanager
def _planning_without_statistics(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """For many small statements over the lake: asking its catalogue for statistics would take longer than they do."""
    before = con.execute("SELECT current_setting('disabled_optimizers')").fetchone()
    told = before[0] if before else ""
    con.execute(f"SET disabled_optimizers = '{','.join(filter(None, [told, *STATISTICS_OPTIMIZERS]))}'")
    try:
        yield
    finally:
        con.execute(f"SET disabled_optimizers = '{told}'")


def _look_back(setting: Setting, runs: Sequence[TableRun], run: TableRun, number: int, empty: Collection[str]) -> None:
    """Judge one batch by the rules that look at landed rows, and add what they find to the routed table.

    Tables named in `empty` have no row in the lake yet, which then need not be asked.
    """
    sources = _sources(setting, run)
    columns = ", ".join(f"{sources[name]} AS {identifier(name)}" for name in run.looked_at(list(sources)))
    readable = "NOT list_contains(list_transform(r._violations, lambda _found: _found.rule), 'R3')"
    scope = (
        f"(SELECT r.rowid AS rid, {columns}, p._business_date AS batch_date, "
        f"DATE '{setting.as_of.isoformat()}' AS as_of FROM {run.routed} r "
        f"JOIN {PIECES} p ON r._piece = p._piece WHERE r._seq = {number} AND {readable})"
    )
    statement = look_back_sql(scope, run.look_back_rules, _relations(setting, runs, run, number, empty))
    with naming_the_rule(setting, run):
        row = setting.con.execute(f"CREATE OR REPLACE TEMP TABLE _found AS {statement}").fetchone()
    if row is None or not row[0]:
        return
    setting.con.execute(
        f"UPDATE {run.routed} SET _violations = list_concat({run.routed}._violations, f._violations), "
        f"_flags = list_concat({run.routed}._flags, f._flags), _blocks = list_concat({run.routed}._blocks, f._blocks) "
        f"FROM _found f WHERE {run.routed}.rowid = f.rid"
    )
    if run.keeps_text:
        _add_raw(setting, run, number)


def _add_raw(setting: Setting, run: TableRun, number: int) -> None:
    """Give the rows of a batch that a look back found bad their delivered text."""
    expression = raw_json(run.table, prefix="c.")
    for variant in run.findings:
        setting.con.execute(
            f"UPDATE {run.routed} SET _raw = {expression} FROM {run.candidates(variant)} c WHERE c._seq = {number} "
            f"AND {run.routed}._seq = {number} AND {run.routed}._piece = c._piece AND {run.routed}._line = c._line "
            f"AND {run.routed}._raw IS NULL AND len({run.routed}._violations) > 0"
        )


def _relations(
    setting: Setting, runs: Iterable[TableRun], judged: TableRun, number: int, empty: Collection[str]
) -> Relations:
    """What rules of `judged` see as `landed.<table>` for batch `number`: the lake, and this load up to that batch.

    Tables before it in the contract show the same batch too, so that a visit finds the ticket it came with.
    """
    seen: dict[str, str] = {}
    for run in runs:
        last = number if run.position < judged.position else number - 1
        sources = _sources(setting, run)
        wanted = judged.looked_at(list(sources))
        chosen = {name: sources[name] for name in wanted}
        seen[run.table.physical_name] = _seen_sql(run, chosen, last, landed=run.table.name not in empty)
    return Relations(seen)


def _seen_sql(run: TableRun, sources: Mapping[str, str], last: int, *, landed: bool) -> str:
    """The `landed` rows of a table together with the good rows of this load up to batch `last`."""
    names = ", ".join(map(identifier, sources)) or "1"
    fresh = ", ".join(f"{text} AS {identifier(name)}" for name, text in sources.items()) or "1"
    needs_piece = any(text.startswith("p.") for text in sources.values())
    pieces = f"JOIN {PIECES} p ON r._piece = p._piece" if needs_piece else ""
    before = f"SELECT {names} FROM {landed_name(run.table)} UNION ALL " if landed else ""
    good = f"len(r._violations) = 0 AND r._seq <= {last}"
    return f"({before}SELECT {fresh} FROM {run.routed} r {pieces} WHERE {good})"


def _sources(setting: Setting, run: TableRun) -> dict[str, str]:
    """Where each column of the landed table stands while it is loaded: the routed table `r` and its piece `p`."""
    columns = {column.name: f"r.{identifier(column.name)}" for column in run.table.properties}
    fixed = dict(zip(("_feed", "_load_id", "_contract_version"), constant_values(setting), strict=True))
    carried = {name: f"p.{name}" for name in PIECE_COLUMNS}
    return {**columns, **fixed, **carried, **{name: f"r.{name}" for name in ("_line", "_row_hash", "_op", "_flags")}}
