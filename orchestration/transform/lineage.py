"""The column lineage of the compiled models; what was traced of one is kept in the workspace while its SQL stands."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from pathlib import Path

from catalog import lineage as listing
from catalog import sqllineage as tracing
from catalog.city import City
from catalog.lineage import ColumnLineage, Traces, column_lineage
from catalog.manifest import DbtManifest
from catalog.workspace import Workspace


def kept_lineage(workspace: Workspace, manifest: DbtManifest, city: City) -> ColumnLineage:
    """The lineage of every column of the compiled models of `manifest`; see catalog.lineage.

    Following thousands of columns through the SQL takes seconds. From one release to the next only those models have
    other SQL that restate other months.
    """
    file, reader = workspace.dbt / "target" / "traces.json", _reader()
    try:
        held = json.loads(file.read_bytes())
    except FileNotFoundError:
        held = {}
    kept = Traces(held["models"] if held.get("reader") == reader else {})
    lineage = column_lineage(manifest, city, kept)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps({"reader": reader, "models": kept}), encoding="utf-8")
    fresh.replace(file)  # whole or not at all
    return lineage


def _reader() -> str:
    """Digest of what reads lineage from SQL: another reader may find another lineage."""
    sources = [Path(module.__file__ or "").read_text(encoding="utf-8") for module in (listing, tracing)]
    return hashlib.sha256(json.dumps([version("sqlglot"), *sources]).encode()).hexdigest()
