"""Moves the department systems to the end of a day, forth or back."""

from __future__ import annotations

from datetime import date

from departments import outbox
from departments.home import Home
from departments.permits import database


def advance(home: Home, to: date) -> None:
    """The systems as they are at the end of `to`: later deliveries and changes do not exist yet."""
    setup, today = home.setup(), home.today()
    if today is not None and to < today:
        today = None
    if today is None:
        outbox.withdraw(home)
    outbox.deliver(home, today, to)
    if home.permits_log.exists():
        with database.connect(setup.permits_url) as permits:
            if today is None:
                permits.reset()
            permits.apply(home.permits_log, today, to)
    home.set_today(to)
