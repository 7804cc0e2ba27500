"""Where Alembic starts for the control store."""

from __future__ import annotations

from typing import Any, Literal

from gateway.control.migrate import CHAIN, all_tables
from gateway.control.tables.base import UtcTime


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Migrations must not change when our types do: they name the database's own."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcTime) else False


if __name__ == "env_py":  # the name Alembic gives to this file
    CHAIN.run(all_tables(), _render)
