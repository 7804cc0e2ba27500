"""Values as SoQL writes them against the types of columns: numbers have any places, days are moments at midnight."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Context, Decimal, InvalidOperation

from gateway.facades.soda.nodes import Literal
from gateway.facades.soda.spans import on_days
from gateway.view.types import Family, Scalar, ValueType

_EXACT = Context(prec=80)  # more digits than any column has
_TIME = ValueType(Family.TIMESTAMP)
_SIGNS = {"eq": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}
_OPERATORS = {sign: name for name, sign in _SIGNS.items()}


@dataclass(frozen=True)
class Fitted:
    """A comparison that the type of a column can have. `never` holds for no value, `isnull` stands for any value."""

    operator: str
    value: Scalar


_NEVER, _ANY = Fitted("never", False), Fitted("isnull", False)


def moment_of(text: str) -> datetime:
    """A floating timestamp. Raises ValueError that says what is expected."""
    found = _TIME.parse(text)
    if not isinstance(found, datetime) or found.tzinfo is not None:
        raise ValueError("expected a moment without a zone")
    return found


def fitted(kind: ValueType, operator: str, value: Literal) -> Fitted:
    """`operator value` for a type. Raises ValueError that says what is expected."""
    if value.kind == "number" and kind.family in (Family.TEXT, Family.DATE, Family.TIMESTAMP, Family.TIME):
        raise ValueError(f"expected a text in quotes, as it is {kind.name}")
    if kind.family in (Family.INTEGER, Family.DECIMAL):
        return _number(kind, operator, value.text)
    if kind.family is Family.DATE and "T" in value.text.replace(" ", "T"):
        found = on_days(_SIGNS[operator], moment_of(value.text))
        if found is None:
            return _NEVER
        sign, day = found
        return Fitted(_OPERATORS[sign], day) if sign != "!=" or _midnight(value.text) else _ANY
    return Fitted(operator, kind.parse(value.text))


def _midnight(text: str) -> bool:
    return moment_of(text).time() == datetime.min.time()


def _number(kind: ValueType, operator: str, text: str) -> Fitted:
    """A number between two that the column can hold is compared by the one below it."""
    try:
        number = Decimal(text)
        below = number.quantize(Decimal(1).scaleb(-kind.scale), ROUND_FLOOR, _EXACT) if number.is_finite() else None
    except InvalidOperation:
        below = None
    if below is None:
        raise ValueError("expected a number")
    if below == number:
        return Fitted(operator, kind.parse(f"{below:f}"))
    if operator == "eq":
        return _NEVER
    if operator == "ne":
        return _ANY
    return Fitted("le" if operator in ("lt", "le") else "gt", kind.parse(f"{below:f}"))
