"""Closing the connections of a store, those in use among them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import event

if TYPE_CHECKING:
    from sqlalchemy import Engine


def close_connections(engine: Engine) -> None:
    """Close every connection; one that a thread still uses is closed when it is given back.

    A pool that is only disposed of forgets those: they would stay open until nobody knows them any more.
    """
    event.listen(engine, "checkin", _close)
    engine.dispose()


def _close(_connection: Any, record: Any) -> None:
    record.close()
