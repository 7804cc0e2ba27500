"""Conditions on spans of times as conditions on the times: a span goes from its beginning to that of the next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, date, datetime, time


@dataclass(frozen=True)
class Limit:
    """`operator moment` on a time; None stands for a moment behind all times."""

    operator: str
    moment: datetime | None


def in_spans(span: str, operator: str, moment: datetime) -> list[Limit] | None:
    """What must hold of a time so that the beginning of its span compares so with a moment; None where nothing can.

    `span` is year, month or day, `operator` one of = < <= > >=.
    """
    begin, following = floor(span, moment), after(span, moment)
    exact = begin == moment
    if operator == "=":
        return [Limit("ge", begin), Limit("lt", following)] if exact else None
    if operator in ("<", ">="):
        edge = begin if exact else following
        return [Limit("lt" if operator == "<" else "ge", edge)]
    return [Limit("lt" if operator == "<=" else "ge", following)]


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


def on_days(operator: str, moment: datetime) -> tuple[str, date] | None:
    """The comparison of a day with a moment as one with a day; None where it cannot hold."""
    if moment.time() == time():
        return operator, moment.date()
    if operator == "=":
        return None
    return {"<": "<=", ">=": ">"}.get(operator, operator), moment.date()
