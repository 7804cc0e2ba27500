"""Dagster's home of a city: the folder DAGSTER_HOME names, with the settings Dagster reads at its own start."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from catalog.workspace import Workspace

_SETTINGS = """\
# Written by CivicLake; Dagster's own settings of this city.
telemetry: {{enabled: false}}
event_log_storage:
  module: orchestration.defs.event_log
  class: KeptSqliteEventLogStorage
  config: {{base_dir: {history}}}
compute_logs: {{module: dagster._core.storage.noop_compute_log_manager, class: NoOpComputeLogManager}}
concurrency: {{runs: {{max_concurrent_runs: 1}}}}
freshness: {{enabled: true}}
"""


def ensure_dagster_home(workspace: Workspace) -> None:
    """Make the folder and write its settings, unless they are there already."""
    workspace.dagster.mkdir(parents=True, exist_ok=True)
    path, text = workspace.dagster / "dagster.yaml", _SETTINGS.format(history=workspace.dagster / "history")
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")
