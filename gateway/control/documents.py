"""Rows of the control store as documents for showing: everything but what could be used as a credential."""

from __future__ import annotations

from datetime import datetime, tzinfo
from typing import Any

from gateway.control.tables.base import Base

_KEPT_BACK = frozenset({"hash"})


def document(row: Base, zone: tzinfo) -> dict[str, Any]:
    """Column names and values; moments on the clocks of a zone, lists and objects as stored."""
    names = [column.key for column in row.__table__.columns]
    return {name: _told(getattr(row, name), zone) for name in names if name not in _KEPT_BACK}


def _told(value: Any, zone: tzinfo) -> Any:
    return value.astimezone(zone) if isinstance(value, datetime) else value
