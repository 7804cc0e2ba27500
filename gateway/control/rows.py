"""Rows of the control store: named, found by id, written at once."""

from __future__ import annotations

import secrets
from typing import TypeVar

from sqlalchemy.orm import Session

from gateway.control.errors import UnknownError
from gateway.control.tables.base import Base

RowT = TypeVar("RowT", bound=Base)


def new_id(prefix: str) -> str:
    """An id nobody can guess."""
    return f"{prefix}-{secrets.token_hex(6)}"


def known(session: Session, table: type[RowT], key: str, otherwise: str) -> RowT:
    """The row with this key; UnknownError with the text `otherwise` when there is none."""
    found = session.get(table, key)
    if found is None:
        raise UnknownError(otherwise)
    return found


def written(session: Session, row: RowT) -> RowT:
    """The new row, sent to the database: what it refuses is refused here and not at the end of the transaction."""
    session.add(row)
    session.flush()
    return row
