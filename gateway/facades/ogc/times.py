"""Spans of time as OGC APIs write them, as conditions on a column."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from gateway.facades.clocks import DAY, day_after, local
from gateway.problems import BadValue
from gateway.query.operators import OPERATORS
from gateway.query.tree import Condition
from gateway.view.types import Family
from gateway.view.view import Column, View

_OPEN = ("", "..")
_FORM = "expected a day or moment such as 2024-05-31 or 2024-05-31T06:00:00Z, or two with `/` between, `..` for open"


@dataclass(frozen=True)
class Span:
    """From a moment to another, both included; a day is all of it. None is open, not both are."""

    begin: date | datetime | None
    end: date | datetime | None


def span(text: str, zone: ZoneInfo) -> Span:
    """What `datetime=` says. Raises BadValue."""
    parts = text.split("/")
    if len(parts) > 2 or all(part in _OPEN for part in parts):
        raise BadValue(f"`datetime`: {_FORM}.", parameter="datetime")
    return Span(_moment(parts[0], zone), _moment(parts[-1], zone))


def time_column(view: View, named: str | None) -> Column | None:
    """The column `datetime` is about: the one the catalog names where it is seen, else the first date or time."""
    times = [column for column in view.columns if column.kind.family in (Family.DATE, Family.TIMESTAMP)]
    return next((column for column in times if column.name == named), times[0] if times else None)


def within(column: Column | None, asked: Span) -> tuple[Condition, ...]:
    """The rows whose date or time lies in a span. Raises BadValue where there is none to see."""
    if column is None:
        raise BadValue("`datetime`: there is no date or time to see.", parameter="datetime")
    found = [] if asked.begin is None else [Condition(column, OPERATORS["ge"], (_first(column, asked.begin),))]
    if asked.end is not None:
        whole_day = column.kind.family is Family.TIMESTAMP and not isinstance(asked.end, datetime)
        found.append(Condition(column, OPERATORS["lt" if whole_day else "le"], (_last(column, asked.end),)))
    return tuple(found)


def _moment(text: str, zone: ZoneInfo) -> date | datetime | None:
    """A day may end in `T`, as GDAL writes it."""
    if text in _OPEN:
        return None
    try:
        day = text.removesuffix("T")
        return date.fromisoformat(day) if len(day) == DAY else local(text, zone)
    except (ValueError, OverflowError):
        raise BadValue(f"`datetime`: {_FORM}.", parameter="datetime") from None


def _first(column: Column, moment: date | datetime) -> date | datetime:
    """The least value of a column that is not before a moment."""
    if column.kind.family is Family.TIMESTAMP:
        return moment if isinstance(moment, datetime) else datetime.combine(moment, time())
    if not isinstance(moment, datetime):
        return moment
    return moment.date() if moment.time() == time() else day_after(moment.date())


def _last(column: Column, moment: date | datetime) -> date | datetime:
    """The greatest value of a column that is not after a moment; of a day's moments, the first that is."""
    if column.kind.family is Family.TIMESTAMP:
        return moment if isinstance(moment, datetime) else datetime.combine(day_after(moment), time())
    return moment.date() if isinstance(moment, datetime) else moment
