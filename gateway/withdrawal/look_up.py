"""Looks whether the current release holds a row of a key, for whoever orders it withdrawn."""

from __future__ import annotations

from collections.abc import Mapping

from catalog.release import read_current, release_folder
from catalog.workspace import Workspace
from gateway.engine import Engine, identifier
from gateway.release.opened import SERVING_FILE, SERVING_SCHEMA, database_name

_MEMORY = "256MB"  # the look-up reads key columns of one table


def is_there(workspace: Workspace, dataset: str, key: Mapping[str, str]) -> bool:
    """Whether the current release holds a row with these texts in these columns; withdrawn rows count."""
    number = read_current(workspace)
    if number is None:
        return False
    name = database_name(number)
    engine = Engine(workspace.releases.resolve(), memory_limit=_MEMORY, threads=1, places=1, exports=1)
    try:
        engine.attach(name, release_folder(workspace, number).resolve() / SERVING_FILE)
        if dataset not in engine.tables(name, SERVING_SCHEMA):
            return False
        table = ".".join(map(identifier, (name, SERVING_SCHEMA, dataset)))
        same = " AND ".join(f"CAST({identifier(column)} AS VARCHAR) = ?" for column in key)
        return bool(engine.run(f"SELECT 1 FROM {table} WHERE {same} LIMIT 1", list(key.values())))
    finally:
        engine.close()
