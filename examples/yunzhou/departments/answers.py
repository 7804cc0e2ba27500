"""The answer key: every planted defect with the outcome it must have."""

from __future__ import annotations

from pathlib import Path

import duckdb

QUARANTINED, FLAGGED, DUPLICATE, HELD = "quarantined", "flagged", "duplicate", "held"
FLAGS = frozenset(
    {"H7", "H10", "H12", "H15", "G2b", "G4b", "G6", "G10", "G11", "G14", "X3a", "X3b", "X6", "C2", "C5", "E7"}
    | {"K3", "K4a", "K7", "E1w", "P2", "P4", "P5", "M5", "M8", "M9"}
    | {"I1b", "I3", "I4", "I5", "I6", "I9", "I12", "T1v", "T2b", "T3", "T6"}
    | {"N3", "N7", "Z2", "Y1", "Y4", "V3"}
)


def outcome(rule: str) -> str:
    """What must become of a row that carries a defect of `rule`."""
    return DUPLICATE if rule == "DUP" else FLAGGED if rule in FLAGS else QUARANTINED


def create(con: duckdb.DuckDBPyConnection) -> None:
    """Creates the empty key.

    `table` is a table of schema `landed`; `row_key` the delivered key values joined by | (none for an unreadable
    record); `version_at` orders versions of the key where it is known; `file_name` is relative to the drop folder;
    `line` counts the records of the file from 1.
    """
    con.execute("""
        create table answer (feed varchar, "table" varchar, row_key varchar, version_at timestamp, business_date date,
                             file_name varchar, line bigint, rule_id varchar, expected varchar)""")
    flags = ", ".join(f"'{rule}'" for rule in sorted(FLAGS))
    con.execute(f"""create macro outcome(rule) as
        case when rule = 'DUP' then '{DUPLICATE}' when rule in ({flags}) then '{FLAGGED}' else '{QUARANTINED}' end""")


def add(con: duckdb.DuckDBPyConnection, feed: str, table: str, query: str) -> None:
    """Adds the defects of `query`: row_key, version_at, business_date, file_name, line, rule_id."""
    con.execute(f"""
        insert into answer
        select '{feed}', '{table}', case when rule_id <> 'R3' then row_key end, version_at, business_date, file_name,
               line, rule_id, outcome(rule_id) from ({query})""")


def write(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Writes the key, sorted."""
    con.execute(f"""copy (select * from answer order by all) to '{path}'
        (format parquet, compression zstd, row_group_size 100000)""")
