"""The column lineage of the compiled models, kept in the workspace as long as what it is read from stands."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

from catalog import lineage as reading
from catalog import sqllineage as tracing
from catalog.city import City
from catalog.lineage import ColumnLineage, column_lineage
from catalog.manifest import DbtManifest
from catalog.workspace import Workspace


def kept_lineage(workspace: Workspace, manifest: DbtManifest, city: City) -> ColumnLineage:
    """The lineage of every column of the compiled models of `manifest`; see catalog.lineage.

    Following five thousand columns through the SQL takes seconds, and the SQL is the same from one release to the next.
    """
    file = workspace.dbt / "target" / f"lineage-{_digest(manifest, city)}.json"
    if file.exists():
        return ColumnLineage.load(file)
    lineage = column_lineage(manifest, city)
    for old in file.parent.glob("lineage-*"):
        old.unlink()
    fresh = file.with_suffix(".new")
    lineage.save(fresh)
    fresh.replace(file)  # whole or not at all
    return lineage


def _digest(manifest: DbtManifest, city: City) -> str:
    """Of everything lineage is read from and read by: SQL, columns, the landed tables of the city, the readers."""
    models = [
        [key, model.layer, model.name, model.compiled_code, [[c.name, c.type] for c in model.columns.values()]]
        for key, model in sorted(manifest.models.items())
    ]
    tables = [
        [feed.id, table.name, table.physical_name, [[c.name, c.physical_type] for c in table.properties]]
        for feed, table in city.tables()
    ]
    readers = [Path(module.__file__ or "").read_text(encoding="utf-8") for module in (reading, tracing)]
    return hashlib.sha256(json.dumps([version("sqlglot"), readers, models, tables]).encode()).hexdigest()
