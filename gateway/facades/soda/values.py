"""Values as SoQL writes them against the types of columns: numbers have any places, days are moments at midnight."""

from __future__ import annotations

from datetime import datetime, time

from gateway.facades import numbers
from gateway.facades.soda.nodes import Literal
from gateway.view.types import Family, ValueType

_TIME = ValueType(Family.TIMESTAMP)
_IN_QUOTES = (Family.TEXT, Family.DATE, Family.TIMESTAMP, Family.TIME)


def moment_of(text: str) -> datetime:
    """A floating timestamp. Raises ValueError that says what is expected."""
    found = _TIME.parse(text)
    if not isinstance(found, datetime) or found.tzinfo is not None:
        raise ValueError("expected a moment without a zone")
    return found


def floored(kind: ValueType, value: Literal) -> tuple[str, bool]:
    """The greatest value of a type that is not above a written one, as text, and whether it is that one.

    Raises ValueError that says what is expected.
    """
    if value.kind in ("number", "boolean") and kind.family in _IN_QUOTES:
        raise ValueError(f"expected a text in quotes, as it is {kind.name}")
    if kind.family in (Family.INTEGER, Family.DECIMAL):
        found = numbers.floored(kind, value.text.strip())
        if found is None:
            raise ValueError("expected a number")
        return found
    if kind.family is Family.DATE and "T" in value.text.replace(" ", "T"):
        moment = moment_of(value.text)
        return moment.date().isoformat(), moment.time() == time()
    return value.text, True
