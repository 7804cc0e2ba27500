"""Working days: when a time limit ends, by the city's calendar and by nothing else."""

from __future__ import annotations

from datetime import date, timedelta

from catalog.policy.model import CompiledPolicy


class CalendarError(Exception):
    """A time limit that cannot be reckoned; the text says what is missing and how to mend it."""


def due_on(policy: CompiledPolicy, clock: str, start: date) -> date:
    """The last day of a time limit that begins on `start`: its working days are counted from the day after.

    CalendarError when the policy has no such clock, or the calendar ends before the time limit does.
    """
    limit = policy.clocks.get(clock)
    if limit is None:
        raise CalendarError(f"the policy has no clock {clock}; add it to `clocks` and run `civiclake policy apply`")
    first, last = policy.calendar_from, policy.calendar_to
    free, day, left = frozenset(policy.non_working), start, limit.working_days
    while left:
        day += timedelta(days=1)
        if first is None or last is None or not first <= day <= last:
            span = f"goes from {first} to {last}" if first and last else "is empty"
            raise CalendarError(
                f"clock {clock}: {limit.working_days} working days from {start} leave the calendar, which {span};"
                " extend vocabulary/calendar.csv and run `civiclake policy apply`"
            )
        left -= day not in free
    return day
