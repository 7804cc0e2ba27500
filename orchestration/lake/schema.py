"""The operational tables of the lake: batches, decisions, quarantine, duplicates, check results and the like."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

SCHEMAS = ("vocab", "landed", "ops", "staging", "base", "topic", "theme", "open", "withdrawal")

VIOLATION = 'STRUCT("rule" VARCHAR, severity VARCHAR, "column" VARCHAR, "value" VARCHAR)'

OPS_TABLES: dict[str, tuple[tuple[str, str], ...]] = {
    "batch": (
        ("feed", "VARCHAR"),
        ("table_name", "VARCHAR"),
        ("batch_id", "VARCHAR"),
        ("business_date", "DATE"),
        ("status", "VARCHAR"),
        ("rows_in", "BIGINT"),
        ("rows_accepted", "BIGINT"),
        ("rows_quarantined", "BIGINT"),
        ("rows_duplicate", "BIGINT"),
        ("rows_deleted", "BIGINT"),
        ("late_days", "INTEGER"),
        ("reasons", "VARCHAR[]"),
        ("load_id", "BIGINT"),
        ("contract_version", "VARCHAR"),
        ("landed_at", "TIMESTAMP"),
        ("loaded_at", "TIMESTAMP"),
    ),
    "decision": (
        ("feed", "VARCHAR"),
        ("batch_id", "VARCHAR"),
        ("verdict", "VARCHAR"),
        ("reason", "VARCHAR"),
        ("decided_by", "VARCHAR"),
        ("decided_at", "TIMESTAMP"),
    ),
    "quarantine": (
        ("feed", "VARCHAR"),
        ("table_name", "VARCHAR"),
        ("batch_id", "VARCHAR"),
        ("business_date", "DATE"),
        ("object_id", "VARCHAR"),
        ("file_name", "VARCHAR"),
        ("line", "BIGINT"),
        ("rule_ids", "VARCHAR[]"),
        ("violations", f"{VIOLATION}[]"),
        ("raw", "VARCHAR"),
        ("load_id", "BIGINT"),
        ("status", "VARCHAR"),
        ("resolved_load_id", "BIGINT"),
        ("contract_version", "VARCHAR"),
    ),
    "duplicate": (
        ("feed", "VARCHAR"),
        ("table_name", "VARCHAR"),
        ("batch_id", "VARCHAR"),
        ("object_id", "VARCHAR"),
        ("file_name", "VARCHAR"),
        ("line", "BIGINT"),
        ("business_date", "DATE"),
        ("landed_at", "TIMESTAMP"),
        ("row_hash", "VARCHAR"),
        ("duplicate_of", "VARCHAR"),
        ("load_id", "BIGINT"),
    ),
    "alarm_action": (
        ("alarm_id", "VARCHAR"),
        ("action_code", "VARCHAR"),
        ("acted_at", "TIMESTAMP"),
        ("case_no", "VARCHAR"),
        ("acted_by", "VARCHAR"),
        ("reason", "VARCHAR"),
    ),
    "check_result": (
        ("run_id", "VARCHAR"),
        ("subject", "VARCHAR"),
        ("rule", "VARCHAR"),
        ("severity", "VARCHAR"),
        ("dimension", "VARCHAR"),
        ("passed", "BOOLEAN"),
        ("observed", "DOUBLE"),
        ("threshold", "VARCHAR"),
        ("unexpected_count", "BIGINT"),
        ("element_count", "BIGINT"),
        ("sample", "VARCHAR"),
        ("checked_at", "TIMESTAMP"),
        ("stands_from", "VARCHAR"),  # the earlier run that found it, when nothing had changed since; NULL: this run
    ),
    "build": (
        ("run_id", "VARCHAR"),
        ("basis", "VARCHAR"),
        ("snapshot", "BIGINT"),
        ("built_at", "TIMESTAMP"),
    ),
    "vocabulary": (
        ("table_name", "VARCHAR"),
        ("content_hash", "VARCHAR"),
        ("row_count", "BIGINT"),
        ("loaded_at", "TIMESTAMP"),
    ),
}


def ensure_ops(con: duckdb.DuckDBPyConnection) -> None:
    """Create the schemas of the lake and the `ops` tables that are missing, in one transaction.

    A table that exists but lacks a column of today's code gets it added.
    """
    present = _columns(con)
    schemas = {str(name) for (name,) in con.execute(_SCHEMA_QUERY).fetchall()}
    if schemas.issuperset(SCHEMAS) and all(
        {name for name, _ in columns} <= present.get(table, set()) for table, columns in OPS_TABLES.items()
    ):
        return
    con.execute("BEGIN")
    try:
        for schema in SCHEMAS:
            con.execute(f"CREATE SCHEMA IF NOT EXISTS lake.{schema}")
        for table, columns in OPS_TABLES.items():
            body = ", ".join(f'"{name}" {kind}' for name, kind in columns)
            con.execute(f"CREATE TABLE IF NOT EXISTS lake.ops.{table} ({body})")
            for name, kind in columns:
                if table in present and name not in present[table]:
                    con.execute(f'ALTER TABLE lake.ops.{table} ADD COLUMN "{name}" {kind}')
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise


_SCHEMA_QUERY = "SELECT schema_name FROM duckdb_schemas() WHERE database_name = 'lake'"


def _columns(con: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    rows = con.execute(
        "SELECT table_name, column_name FROM duckdb_columns() WHERE database_name = 'lake' AND schema_name = 'ops'"
    ).fetchall()
    columns: dict[str, set[str]] = {}
    for table, name in rows:
        columns.setdefault(str(table), set()).add(str(name))
    return columns
