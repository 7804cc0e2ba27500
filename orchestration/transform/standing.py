"""Whether the library still stands: built whole, found good, and nothing it is made from has changed since.

The lake itself tells what changed: every change is a snapshot, and a snapshot that only wrote results or accounts
(`ops`) changes nothing a model reads or is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SAME_CONTENT = frozenset({"merge_adjacent"})  # housekeeping: the rows and their history stay as they were
_OPS_TABLES = """
SELECT t.table_id FROM __ducklake_metadata_lake.ducklake_table t
JOIN __ducklake_metadata_lake.ducklake_schema s USING (schema_id) WHERE s.schema_name = 'ops'
"""


@dataclass(frozen=True)
class Build:
    """A whole build of the library that was found good: by which run, from what, and the lake's snapshot after it."""

    run_id: str
    basis: str
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
        con.execute("INSERT INTO lake.ops.build VALUES (?, ?, ?, ?)", [build.run_id, build.basis, build.snapshot, at])
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise


def standing(con: DuckDBPyConnection, basis: str) -> Build | None:
    """The build that still stands on `basis`; None when there is none or the lake has changed besides `ops`."""
    row = con.execute("SELECT run_id, basis, snapshot FROM lake.ops.build").fetchone()
    if row is None:
        return None
    build = Build(str(row[0]), str(row[1]), int(row[2]))
    return build if build.basis == basis and not _changed_since(con, build.snapshot) else None


def _changed_since(con: DuckDBPyConnection, snapshot: int) -> bool:
    """Whether a later snapshot touched more than tables of `ops`, or the snapshot itself is no longer known."""
    later = con.execute(
        "SELECT snapshot_id, changes FROM ducklake_snapshots('lake') WHERE snapshot_id >= ? ORDER BY snapshot_id",
        [snapshot],
    ).fetchall()
    if not later or later[0][0] != snapshot or later[-1][0] - snapshot + 1 != len(later):
        return True
    ours = {str(table) for (table,) in con.execute(_OPS_TABLES).fetchall()}
    # Merging files (orchestration/lake/maintenance.py) makes a snapshot of the same content.
    changes = [names for _, kinds in later[1:] for kind, names in kinds.items() if kind != "merge_adjacent"]
    touched = {str(name) for names in changes for name in names}
    return not touched <= ours
