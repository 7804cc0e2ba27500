"""Rows of the control store as documents for showing: everything but what could be used as a credential."""

from __future__ import annotations

from typing import Any

from gateway.control.tables.base import Base

_KEPT_BACK = frozenset({"hash"})


def document(row: Base) -> dict[str, Any]:
    """Column names and values; times are aware, lists and objects as stored."""
    names = [column.key for column in row.__table__.columns]
    return {name: getattr(row, name) for name in names if name not in _KEPT_BACK}
