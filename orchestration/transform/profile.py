"""The dbt profile of a workspace: DuckDB in memory, the lake attached, one thread."""

from __future__ import annotations

import json

from catalog.workspace import Workspace
from orchestration.lake.connect import attach_options

PROFILE = "civiclake"
TARGET = "lake"


def profile_text(workspace: Workspace) -> str:
    """profiles.yml (JSON, which is YAML). It holds paths only: what a run is told goes through the session plugin."""
    lake = attach_options(workspace)
    output = {
        "type": "duckdb",
        "path": ":memory:",
        "database": lake.alias,
        "schema": "staging",
        # DuckLake crashes when several threads of one instance write; DuckDB uses all cores within a statement.
        "threads": 1,
        "config_options": dict(lake.settings),
        "attach": [{"path": lake.path, "alias": lake.alias, "is_ducklake": True, "options": dict(lake.options)}],
        "plugins": [{"module": "orchestration.transform.session"}],
    }
    return json.dumps({PROFILE: {"target": TARGET, "outputs": {TARGET: output}}}, indent=1) + "\n"
