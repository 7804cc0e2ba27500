"""How many threads the engine uses on a lake: one while there is little to do, then every core.

In small work a second thread costs more than it saves: most of it is look-ups in DuckLake's own catalogue, each a
statement of its own over a few rows.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from catalog.workspace import Workspace

if TYPE_CHECKING:
    import duckdb

THREADS = "CIVICLAKE_ENGINE_THREADS"
SMALL_LAKE_BYTES = 32 << 20
SMALL_LOAD_BYTES = 32 << 20


def engine_threads(workspace: Workspace, load_bytes: int = 0) -> int:
    """CIVICLAKE_ENGINE_THREADS, else one for a small lake and a small load of `load_bytes` landed bytes, else all."""
    if told := os.environ.get(THREADS):
        return int(told)
    size = sum(file.stat().st_size for file in workspace.lake_data.rglob("*.parquet"))
    return 1 if size < SMALL_LAKE_BYTES and load_bytes < SMALL_LOAD_BYTES else os.cpu_count() or 1


def set_threads(con: duckdb.DuckDBPyConnection, workspace: Workspace, load_bytes: int = 0) -> None:
    """Give the connection as many threads as its next work is worth."""
    con.execute(f"SET threads = {engine_threads(workspace, load_bytes):d}")
