"""The key of the pseudonyms: a secret of each workspace, lest somebody find a number by trying them all."""

from __future__ import annotations

import os
import secrets

from catalog.city import City
from catalog.workspace import Workspace

PSEUDONYM_KEY = "CIVICLAKE_PSEUDONYM_KEY"
DEMO_PSEUDONYM_KEY = "civiclake-demonstration-key"  # of demonstrations alone: all of them look the same


def ensure_pseudonym_key(city: City, workspace: Workspace) -> None:
    """Make the key of a real city's workspace, unless it is there or the environment gives one."""
    if city.demo is not None or os.environ.get(PSEUDONYM_KEY) or workspace.pseudonym_key.exists():
        return
    fresh = workspace.pseudonym_key.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_hex(32) + "\n")
    fresh.replace(workspace.pseudonym_key)


def pseudonym_key(workspace: Workspace) -> str:
    """The key that is set, else that of the workspace; without one, a demonstration's, that of all demonstrations."""
    if told := os.environ.get(PSEUDONYM_KEY):
        return told
    try:
        return workspace.pseudonym_key.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return DEMO_PSEUDONYM_KEY
