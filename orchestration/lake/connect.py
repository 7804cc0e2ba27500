"""Opening the lake: one DuckDB instance in memory with the DuckLake of a workspace attached as `lake`."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.workspace import Workspace
from orchestration.lake.extensions import link_extensions
from orchestration.lake.threads import set_threads

if TYPE_CHECKING:
    import duckdb

LAKE = "lake"
BUSY_TIMEOUT_MS = 30_000
MEMORY_SHARE = 0.4


@dataclass(frozen=True)
class LakeAttachment:
    """How any DuckDB instance reaches the lake: instance settings, the ATTACH path and its options.

    `options` are DuckLake's names; the same mapping serves the ATTACH statement and a dbt profile.
    """

    path: str
    alias: str
    options: Mapping[str, str | int | bool]
    settings: Mapping[str, str | int | bool]

    def statement(self, *, read_only: bool = False) -> str:
        """The ATTACH statement."""
        options = {**self.options, **({"READ_ONLY": True} if read_only else {})}
        inner = ", ".join(f"{name} {_literal(value)}" for name, value in options.items())
        return f"ATTACH {_literal(self.path)} AS {self.alias} ({inner})"


def attach_options(workspace: Workspace) -> LakeAttachment:
    """Everything needed to attach the lake of `workspace`; creates the folders and the extension links."""
    import duckdb

    # As delivered, also what is of level L4, lies in the lake: its folder is for the account of the platform alone.
    workspace.lake_data.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    workspace.lake_data.mkdir(exist_ok=True)
    version = f"v{duckdb.__version__}"
    extensions = link_extensions(workspace.extensions.resolve(), version, _platform())
    return LakeAttachment(
        path=f"ducklake:sqlite:{workspace.lake_catalog.resolve()}",
        alias=LAKE,
        options={
            "DATA_PATH": f"{workspace.lake_data.resolve()}/",
            "OVERRIDE_DATA_PATH": True,  # names of files are relative to it: a workspace may be copied and moved
            "META_JOURNAL_MODE": "WAL",
            "META_BUSY_TIMEOUT": BUSY_TIMEOUT_MS,
            # Rows kept in the catalogue itself would save small files, and cost more than those: every statement asks
            # for the inlined rows of each table, and reads the whole catalogue as it was when the table was made.
            "DATA_INLINING_ROW_LIMIT": 0,
        },
        settings={
            "extension_directory": str(extensions),
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": True,
            # The folder holds links into installed packages and nothing else, so it is trusted as the program is;
            # to hash 100 MB at every opening would cost half a second. `civiclake doctor` checks the signatures.
            "allow_unsigned_extensions": True,
            "temp_directory": str(workspace.lake_data.resolve().parent / "tmp"),
            "memory_limit": memory_limit(),
        },
    )


def open_lake(workspace: Workspace, *, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """A connection with the lake attached as `lake` and in use; a writer must hold `writer_lock`.

    `read_only` needs a lake that exists. Several writing threads in one instance are not safe: use one connection.
    """
    import duckdb

    if read_only and not workspace.lake_catalog.exists():
        raise FileNotFoundError(f"{workspace.lake_catalog}: there is no lake yet. Run `civiclake run` first.")
    attachment = attach_options(workspace)
    con = duckdb.connect(":memory:", config=dict(attachment.settings))
    try:
        con.execute(attachment.statement(read_only=read_only))
        con.execute(f"USE {LAKE}")
        set_threads(con, workspace)
    except BaseException:
        con.close()
        raise
    return con


def memory_limit() -> str:
    """DuckDB's share of this machine's memory; larger work spills to the temporary directory."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return f"{max(1024, int(total * MEMORY_SHARE / 2**20))}MiB"


@cache
def _platform() -> str:
    """DuckDB's name of this machine, asked for once."""
    import duckdb

    with duckdb.connect(":memory:") as con:
        row = con.execute("PRAGMA platform").fetchone()
    if row is None:
        raise RuntimeError("DuckDB does not name its platform")
    return str(row[0])


def _literal(value: str | int | bool | Path) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"
