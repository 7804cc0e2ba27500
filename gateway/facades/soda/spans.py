"""Conditions on spans of times as conditions on the times: a span goes from its beginning to that of the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time

_LAST = datetime.combine(date.max, time.max)


@dataclass(frozen=True)
class Limit:
    """`operator moment` on a time."""

    operator: str
    moment: datetime


def in_spans(span: str, operator: str, moment: datetime) -> list[Limit]:
    """What must all hold of a time so that the beginning of its span compares so with a moment.

    `span` is year, month or day, `operator` one of = < <= > >=. What nothing can meet is said as two conditions that
    do not go together, so that its opposite is met by every time, and by no missing one.
    """
    begin, following = floor(span, moment), after(span, moment)
    exact = begin == moment
    if operator == "=":
        return [Limit("ge", begin), _until(following) if exact else Limit("lt", begin)]
    edge = begin if exact and operator in ("<", ">=") else following
    if operator in ("<", "<="):
        return [_until(edge)]
    return [Limit("gt", _LAST) if edge is None else Limit("ge", edge)]


def _until(edge: datetime | None) -> Limit:
    """Before a moment; before the end of all times."""
    return Limit("le", _LAST) if edge is None else Limit("lt", edge)


def floor(span: str, moment: datetime) -> datetime:
    """The beginning of the span a moment lies in."""
    month = 1 if span == "year" else moment.month
    day = moment.day if span == "day" else 1
    return datetime.combine(date(moment.year, month, day), time())


def after(span: str, moment: datetime) -> datetime | None:
    """The beginning of the span after that one; None at the end of all times."""
    begin = floor(span, moment)
    if span == "day":
        return datetime.fromordinal(begin.toordinal() + 1) if begin.date() != date.max else None
    months = begin.year * 12 + begin.month - 1 + (12 if span == "year" else 1)
    year, month = divmod(months, 12)
    return datetime.combine(date(year, month + 1, 1), time()) if year <= MAXYEAR else None
