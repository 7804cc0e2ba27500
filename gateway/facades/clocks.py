"""Moments as other systems write them, with an offset from UTC. Ours are local times on the city's clocks."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gateway.view.types import Family
from gateway.view.view import Column

DAY = len("2024-05-31")
"""Characters of a day."""
_LAST = date.max


def day_after(day: date) -> date:
    """The day that follows; the last one that there is follows itself."""
    return day if day >= _LAST else day + timedelta(days=1)


def local(text: str, zone: ZoneInfo) -> datetime:
    """A moment on the city's clocks, without zone; one without an offset is on them already. Raises ValueError, or
    OverflowError where the clocks do not reach."""
    moment = datetime.fromisoformat(text)
    return moment.astimezone(zone).replace(tzinfo=None) if moment.tzinfo else moment


def local_text(text: str, column: Column, zone: ZoneInfo) -> str:
    """A value of a column as we write it, where it may be a moment with an offset, or a day with a `T` behind, as GDAL
    writes it."""
    if column.kind.family not in (Family.DATE, Family.TIMESTAMP):
        return text
    if len(text) == DAY + 1:
        return text.removesuffix("T")
    try:
        moment = local(text, zone)
    except (ValueError, OverflowError):
        return text
    if column.kind.family is Family.DATE:
        return moment.date().isoformat() if moment.time() == time() else text
    return moment.isoformat()
