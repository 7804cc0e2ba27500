"""Where Alembic starts: over the connection it is given, never one of its own."""

from __future__ import annotations

from typing import Any, Literal

from alembic import context

from gateway.control.migrate import VERSION_TABLE, all_tables
from gateway.control.tables.base import UtcTime


def run() -> None:
    """Run what was asked for, in the transaction of the given connection."""
    context.configure(
        connection=context.config.attributes["connection"],
        target_metadata=all_tables(),
        version_table=VERSION_TABLE,
        render_as_batch=True,
        render_item=_render,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def _render(kind: str, item: Any, _context: Any) -> str | Literal[False]:
    """Migrations must not change when our types do: they name the database's own."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcTime) else False


if __name__ == "env_py":  # the name Alembic gives to this file
    run()
