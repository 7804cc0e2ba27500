"""Where Alembic starts for the audit log."""

from __future__ import annotations

from gateway.audit.migrate import CHAIN
from gateway.audit.tables import metadata

if __name__ == "env_py":  # the name Alembic gives to this file
    CHAIN.run(metadata)
