"""The log of the releases folder: when each release was sealed, and when it was switched to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from catalog.release import list_releases
from catalog.workspace import Workspace

LOG_FILE = "log.jsonl"
SEAL = "seal"
ROLLBACK = "rollback"


@dataclass(frozen=True)
class Switch:
    """A line of the log on what is served: `action` is `publish` or `rollback`; `previous` None at first.

    `at` is a moment in ISO 8601 with its offset from UTC.
    """

    at: str
    action: str
    number: int
    previous: int | None


def log_entries(workspace: Workspace) -> list[dict[str, Any]]:
    """Every line of the log, oldest first; a line cut short by a crash is passed over."""
    try:
        lines = (workspace.releases / LOG_FILE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines if line.endswith("}")]


def switches(workspace: Workspace) -> list[Switch]:
    """Every recorded switch, oldest first; empty before the first."""
    return [Switch(**entry) for entry in log_entries(workspace) if entry["action"] != SEAL]


def readable_releases(workspace: Workspace, current: int) -> list[int]:
    """Numbers of the complete releases that may be read while `current` is served, ascending.

    They were served once and not taken back: a rollback takes back every later one. Without a log all earlier ones.
    """
    found = {number for number in list_releases(workspace) if number <= current}
    served: set[int] = set()
    for switch in switches(workspace):
        if switch.action == ROLLBACK:
            served = {number for number in served if number <= switch.number}
        served.add(switch.number)
    return sorted((found & served if served else found) | {current})
