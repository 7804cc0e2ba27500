"""What the library stands on: when it was last built and found good, and what has changed in the lake since.

The lake itself tells what changed: every change is a snapshot, and a snapshot that only wrote results or accounts
(`ops`) changes nothing a model reads or is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_OPS = "ops"
_NAMES = """
SELECT t.table_id, s.schema_name, t.table_name FROM __ducklake_metadata_lake.ducklake_table t
JOIN __ducklake_metadata_lake.ducklake_schema s USING (schema_id)
"""
_KINDS_OF_ROWS = frozenset({"tables_inserted_into", "tables_deleted_from", "inlined_insert", "inlined_delete"})


@dataclass(frozen=True)
class Basis:
    """What decides, besides rows, what the models hold: `ground` (SQL, settings, vocabularies, keys, code), the `day`
    as of which they speak; and, in `asked`, what else is asked of them.
    """

    ground: str
    day: str
    asked: str

    def __str__(self) -> str:
        return f"{self.ground}:{self.day}:{self.asked}"

    @classmethod
    def parse(cls, text: str) -> Basis | None:
        """What `str` made; None of anything else."""
        parts = text.split(":")
        return cls(*parts) if len(parts) == 3 else None


@dataclass(frozen=True)
class Build:
    """A whole build of the library that was found good: by which run, from what, and the lake's snapshot after it."""

    run_id: str
    basis: Basis
    snapshot: int


def current_snapshot(con: DuckDBPyConnection) -> int:
    """Id of the lake's newest snapshot."""
    row = con.execute("SELECT id FROM ducklake_current_snapshot('lake')").fetchone()
    return int(row[0]) if row else 0


def remember(con: DuckDBPyConnection, build: Build, at: datetime) -> None:
    """Note that the library stands on `build`; what was noted before is replaced."""
    con.execute("BEGIN")
    try:
        con.execute("DELETE FROM lake.ops.build")
        con.execute(
            "INSERT INTO lake.ops.build VALUES (?, ?, ?, ?)", [build.run_id, str(build.basis), build.snapshot, at]
        )
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise


def last_build(con: DuckDBPyConnection) -> Build | None:
    """The last whole build that was found good."""
    row = con.execute("SELECT run_id, basis, snapshot FROM lake.ops.build").fetchone()
    basis = Basis.parse(str(row[1])) if row else None
    return Build(str(row[0]), basis, int(row[2])) if row and basis else None


def changed_since(con: DuckDBPyConnection, snapshot: int) -> frozenset[str] | None:
    """Tables (`schema.table`) whose rows changed after a snapshot, those of `ops` apart.

    None when more changed than rows of tables that stand (one was made, altered or dropped), or when it cannot be
    known: the snapshot, or one after it, is no longer there.
    """
    later = con.execute(
        "SELECT snapshot_id, changes FROM ducklake_snapshots('lake') WHERE snapshot_id >= ? ORDER BY snapshot_id",
        [snapshot],
    ).fetchall()
    if not later or later[0][0] != snapshot or later[-1][0] - snapshot + 1 != len(later):
        return None
    names = {str(key): (str(schema), str(table)) for key, schema, table in con.execute(_NAMES).fetchall()}
    found = set[str]()
    for _, kinds in later[1:]:
        for kind, tables in kinds.items():
            if kind == "merge_adjacent":  # files merged (orchestration/lake/maintenance.py): the same content
                continue
            for table in map(str, tables):
                schema, name = names.get(table, ("", table))
                if schema != _OPS and kind not in _KINDS_OF_ROWS:
                    return None
                if schema != _OPS:
                    found.add(f"{schema}.{name}")
    return frozenset(found)
