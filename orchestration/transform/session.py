"""dbt-duckdb plugin that tells each connection what the run is told: its day and the key of the pseudonyms.

Session variables rather than dbt variables: a changed dbt variable makes dbt parse everything again, and a secret
written into compiled SQL stays on disk.
"""

from __future__ import annotations

import os
from datetime import date

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from orchestration.lake.threads import THREADS
from orchestration.transform.build import AS_OF
from orchestration.transform.pseudonyms import DEMO_PSEUDONYM_KEY, PSEUDONYM_KEY


class Plugin(BasePlugin):  # type: ignore[misc]
    """Found by dbt-duckdb under this name."""

    def configure_cursor(self, cursor: DuckDBPyConnection) -> None:
        """Set `civiclake_as_of` and `civiclake_pseudonym_key` on the connection of one thread."""
        as_of = date.fromisoformat(os.environ.get(AS_OF, "") or "1970-01-01")
        cursor.execute(f"set variable civiclake_as_of = '{as_of.isoformat()}'")
        key = os.environ.get(PSEUDONYM_KEY) or DEMO_PSEUDONYM_KEY
        cursor.execute("set variable civiclake_pseudonym_key = $key", {"key": key})
        if threads := os.environ.get(THREADS):
            cursor.execute(f"set threads = {int(threads)}")
