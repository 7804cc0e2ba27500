"""What the tables of the library were computed from besides rows: when it changes they are computed anew.

Incremental models keep what earlier runs made, and tables and views their place in the lake. That is right while only
rows change, and wrong once the SQL, a column, a vocabulary or the key of the pseudonyms has.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.workspace import Workspace
from orchestration.lake.connect import open_lake
from orchestration.transform.parsed import manifest_file, manifest_json
from orchestration.transform.pseudonyms import pseudonym_key

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def fingerprint(workspace: Workspace, lake: DuckDBPyConnection | None = None) -> str:
    """Digest of the assembled SQL, the columns, the settings of the project, the vocabularies and the pseudonym key.

    The project is parsed. Asks `lake`, an open connection to the lake, or one of its own.
    """
    digest = hashlib.sha256(pseudonym_key(workspace).encode())
    folders = (workspace.dbt / "models", workspace.dbt / "macros")
    files = sorted(file for folder in folders for file in folder.rglob("*.sql"))
    for file in (workspace.dbt / "dbt_project.yml", *files):
        digest.update(file.relative_to(workspace.dbt).as_posix().encode())
        digest.update(file.read_bytes())
    digest.update(json.dumps(_columns(workspace)).encode())
    with contextlib.nullcontext(lake) if lake is not None else open_lake(workspace) as con:
        loaded = con.execute("SELECT table_name, content_hash FROM lake.ops.vocabulary ORDER BY table_name").fetchall()
    digest.update(repr(loaded).encode())
    return digest.hexdigest()


def _columns(workspace: Workspace) -> list[Any]:
    """Names, types and constraints of the columns of every model."""
    nodes = manifest_json(manifest_file(workspace))["nodes"]
    return [
        [name, [[column[part] for part in ("name", "data_type", "constraints")] for column in node["columns"].values()]]
        for name, node in sorted(nodes.items())
        if node["resource_type"] == "model"
    ]


def is_built(workspace: Workspace, value: str) -> bool:
    """Whether the library was last built whole from what `value` stands for."""
    file = _file(workspace)
    return file.exists() and file.read_text(encoding="utf-8") == value


def remember_built(workspace: Workspace, value: str) -> None:
    """Note that the whole library now stands on what `value` stands for."""
    file = _file(workspace)
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(value, encoding="utf-8")
    fresh.replace(file)


def forget_built(workspace: Workspace) -> None:
    """Note that the library stands on several things at once, as it does while it is computed anew."""
    _file(workspace).unlink(missing_ok=True)


def _file(workspace: Workspace) -> Path:
    return workspace.dbt / "target" / "built.txt"
