"""Routing the records of one table: read, typed and judged by every rule into one temporary table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.contract.model import FeedContract, Table
from expectations.routing import Relations, looks_back, routing_sql
from expectations.rules import RuleSpec, derive_rules
from expectations.sql import identifier, literal, named
from orchestration.lake.schema import VIOLATION
from orchestration.reading.plan import PIECES, PlannedBatch
from orchestration.reading.raw import open_source
from orchestration.reading.source import Findings, Piece, raw_json
from orchestration.reading.typed import readings

if TYPE_CHECKING:
    import duckdb

KEPT = ("_piece", "_line", "_seq", "_layout", "_shape")
VOCABULARIES = Relations({})
PIECE_COLUMNS = ("_batch_id", "_business_date", "_object_id", "_file_name", "_landed_at")


class RuleFailedError(RuntimeError):
    """A rule of the contract cannot be evaluated; names feed, table, rule and what DuckDB says."""


@dataclass(frozen=True)
class Setting:
    """What all tables of a load share. `as_of` is the day the load is run for, `timezone` the city's."""

    con: duckdb.DuckDBPyConnection
    contract: FeedContract
    timezone: str
    as_of: date
    load_id: int
    scratch: Path


@dataclass
class TableRun:
    """One table within a load: its rules, its temporary tables and what reading it found."""

    table: Table
    position: int
    findings: dict[int, Findings] = field(default_factory=dict)

    @cached_property
    def rules(self) -> list[RuleSpec]:
        """Every rule of the table."""
        return derive_rules(self.table)

    @cached_property
    def look_back_rules(self) -> list[RuleSpec]:
        """Those that look at landed rows, so that batches must be judged one after another."""
        return [rule for rule in self.rules if looks_back(rule)]

    def looked_at(self, columns: Sequence[str]) -> list[str]:
        """Those of `columns`, of any table, that the rules which look back may read or report."""
        reported = [name for rule in self.look_back_rules for name in rule.columns]
        return named([*(rule.expression for rule in self.look_back_rules), *reported], columns)

    @property
    def keeps_text(self) -> bool:
        """Whether a look back may find rows bad: they are quarantined as delivered, so their text is kept."""
        return any(rule.severity in ("reject", "quarantine") for rule in self.look_back_rules)

    @property
    def routed(self) -> str:
        """Temporary table of judged rows: typed columns, KEPT, `_violations`, `_flags`, `_blocks`, `_raw`, hash, op."""
        return f"_routed_{self.position}"

    def candidates(self, variant: int) -> str:
        """Temporary table of the raw rows of a variant, made only for a run that keeps its text."""
        return f"_candidate_{self.position}_{variant}"


def route_all(setting: Setting, runs: Sequence[TableRun], batches: Sequence[PlannedBatch]) -> None:
    """Fill the routed tables of all runs from the batches, judged by the rules that do not look back."""
    for run in runs:
        run.findings.clear()
        _create_empty(setting, run)
        for variant, pieces in _by_variant(run.table, batches).items():
            _read_variant(setting, run, variant, pieces)


def _by_variant(table: Table, batches: Sequence[PlannedBatch]) -> dict[int, list[Piece]]:
    grouped: dict[int, list[Piece]] = {}
    for batch in batches:
        for piece in batch.of_table(table.name):
            grouped.setdefault(piece.receipt.variant, []).append(piece)
    return dict(sorted(grouped.items()))


def _read_variant(setting: Setting, run: TableRun, variant: int, pieces: list[Piece]) -> None:
    form = run.table.options.variants[variant].format
    limits = setting.contract.options.limits
    source = open_source(setting.con, run.table, form, pieces, limits=limits, scratch=setting.scratch)
    run.findings[variant] = source.findings
    candidate = candidate_sql(setting, source.relation)
    if run.keeps_text:
        setting.con.execute(f"CREATE OR REPLACE TEMP TABLE {run.candidates(variant)} AS SELECT * FROM {candidate}")
        candidate = run.candidates(variant)
    _judge(setting, run, variant, candidate)


def candidate_sql(setting: Setting, relation: str) -> str:
    """The raw relation with everything a rule may name: loaded columns, `batch_date` and `as_of`."""
    columns = ", ".join(f"p.{name}" for name in ("_seq", *PIECE_COLUMNS))
    return (
        f"(SELECT s.*, {columns}, {_constants(setting)}, p._business_date AS batch_date, "
        f"DATE '{setting.as_of.isoformat()}' AS as_of FROM {relation} s JOIN {PIECES} p ON s._piece = p._piece)"
    )


def _create_empty(setting: Setting, run: TableRun) -> None:
    typed = ", ".join(f"{identifier(c.name)} {c.physical_type}" for c in run.table.properties)
    setting.con.execute(
        f"CREATE OR REPLACE TEMP TABLE {run.routed} ({typed}, _piece INTEGER, _line BIGINT, _seq INTEGER, "
        f"_layout SMALLINT, _shape VARCHAR, _violations {VIOLATION}[], _flags VARCHAR[], _blocks VARCHAR[], "
        "_raw VARCHAR, _row_hash VARCHAR, _op VARCHAR)"
    )


def _judge(setting: Setting, run: TableRun, variant: int, source: str) -> None:
    rules = [rule for rule in run.rules if rule not in run.look_back_rules]
    statement = _statement(setting, run, rules, variant, source=source)
    with naming_the_rule(setting, run):
        setting.con.execute(f"INSERT INTO {run.routed} BY NAME {statement}")


def _statement(setting: Setting, run: TableRun, rules: Sequence[RuleSpec], variant: int, *, source: str) -> str:
    native_dates = run.table.options.variants[variant].format.kind == "xlsx"
    read = readings(run.table, timezone=setting.timezone, native_dates=native_dates)
    scope = [*KEPT, "_text", *PIECE_COLUMNS, "_feed", "_load_id", "_contract_version"]
    judged = routing_sql(source, read, rules, VOCABULARIES, carried=scope, raw_json=raw_json(run.table))
    names = [identifier(c.name) for c in run.table.properties]
    kept = ", ".join([*names, *KEPT, "_violations", "_flags", "_blocks", "_raw"])
    removed = run.table.options.delete_when
    test = f"coalesce(({VOCABULARIES.resolve(removed)}), false)" if removed else "false"
    return (
        f"SELECT {kept}, CASE WHEN len(_violations) = 0 THEN {row_hash(run.table)} END AS _row_hash, "
        f"CASE WHEN {test} THEN 'delete' ELSE 'upsert' END AS _op FROM ({judged})"
    )


def row_hash(table: Table) -> str:
    """MD5 over the given business columns by name: a column added later and left empty does not change it."""
    parts = ", ".join(f"{literal(c.name + chr(31))} || {identifier(c.name)}::VARCHAR" for c in table.properties)
    return f"md5(concat_ws(chr(30), {parts}))"


@contextmanager
def naming_the_rule(setting: Setting, run: TableRun) -> Iterator[None]:
    """Turn an error of DuckDB into one that names the rule, as far as that can be told."""
    import duckdb

    try:
        yield
    except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException) as error:
        _name_culprit(setting, run, error)
        raise
    except duckdb.DataError as error:
        raise RuleFailedError(f"{_subject(setting, run)}: a rule fails on a value: {error}. Use try_cast") from error


def _name_culprit(setting: Setting, run: TableRun, error: Exception) -> None:
    """Raise RuleFailedError for the first rule that does not bind on its own; return when all do."""
    import duckdb

    columns = ", ".join(f"NULL::VARCHAR AS {identifier(c.name)}" for c in run.table.properties)
    empty = (
        f"(SELECT {columns}, 0 AS _piece, 0 AS _line, NULL::VARCHAR AS _error, NULL::VARCHAR AS _text, "
        "0 AS _layout, NULL::VARCHAR AS _shape)"
    )
    for rule in run.rules:
        statement = _statement(setting, run, [rule], 0, source=candidate_sql(setting, empty))
        try:
            setting.con.execute(f"EXPLAIN {statement}")
        except duckdb.Error as found:
            text = f"{_subject(setting, run)}: rule {rule.id}: {found}. Correct its implementation"
            raise RuleFailedError(text) from error


def _constants(setting: Setting) -> str:
    feed, load_id, version = constant_values(setting)
    return f"{feed} AS _feed, {load_id} AS _load_id, {version} AS _contract_version"


def constant_values(setting: Setting) -> tuple[str, str, str]:
    return literal(setting.contract.id), f"{setting.load_id}::BIGINT", literal(setting.contract.version)


def _subject(setting: Setting, run: TableRun) -> str:
    return f"contract {setting.contract.id}: table {run.table.name}"
