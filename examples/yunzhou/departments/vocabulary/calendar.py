"""Working calendar 2004-2035: announced holidays and swapped weekends to 2026, plain weekends (provisional) after.

The announced days come from the package `chinesecalendar`, which only this module needs and which the platform does
not: install it in a scratch environment to write the file anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from departments.vocabulary.places import Row

FIRST_DAY, LAST_ANNOUNCED, LAST_DAY = date(2004, 1, 1), date(2026, 12, 31), date(2035, 12, 31)
NAMES = {
    "New Year's Day": "元旦",
    "Spring Festival": "春节",
    "Tomb-sweeping Day": "清明节",
    "Labour Day": "劳动节",
    "Dragon Boat Festival": "端午节",
    "Mid-autumn Festival": "中秋节",
    "National Day": "国庆节",
    "Anti-Fascist 70th Day": "抗战胜利70周年纪念日",
}


def calendar_rows() -> Iterator[Row]:
    """Rows of calendar.csv: day, whether it is worked, name of the holiday or 调休上班 for a worked weekend."""
    import chinese_calendar

    day = FIRST_DAY
    while day <= LAST_DAY:
        weekday = day.weekday() < 5
        if day > LAST_ANNOUNCED:
            yield day, _text(weekday), None
        else:
            working = chinese_calendar.is_workday(day)
            _, holiday = chinese_calendar.get_holiday_detail(day)
            name = NAMES[holiday] if holiday and not working else "调休上班" if working and not weekday else None
            yield day, _text(working), name
        day += timedelta(days=1)


def _text(flag: bool) -> str:
    return "true" if flag else "false"
