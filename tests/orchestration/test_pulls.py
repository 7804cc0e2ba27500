"""The feeds of a run are asked side by side, each once, and a retry asks anew."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable

import pytest

from orchestration.defs.pulls import AT_ONCE, Ask, Pulls
from orchestration.landing.days import DaysReport

NOTHING = DaysReport(())
PATIENCE = 20.0


def test_departments_are_asked_at_the_same_time() -> None:
    together = threading.Barrier(AT_ONCE)
    asked: Counter[str] = Counter()

    def asking(feed: str) -> Ask:
        def ask() -> DaysReport:
            asked[feed] += 1
            if asked[feed] == 1:
                together.wait(PATIENCE)  # broken, and an error, unless the others are asked meanwhile
            return NOTHING

        return ask

    feeds = [f"feed-{number}" for number in range(AT_ONCE * 2)]
    pulls = Pulls()
    for feed in reversed(feeds):
        assert pulls.take(feed, lambda: ((feed, asking(feed)) for feed in feeds)) is NOTHING
    assert asked == dict.fromkeys(feeds, 1)
    assert pulls.take(feeds[0], nobody) is NOTHING
    assert asked[feeds[0]] == 2


def test_an_error_reaches_whoever_asked_and_nobody_else() -> None:
    def broken() -> DaysReport:
        raise OSError("the disk is full")

    pulls = Pulls()
    feeds = [("whole", lambda: NOTHING), ("broken", broken)]
    assert pulls.take("whole", lambda: feeds) is NOTHING
    with pytest.raises(OSError, match="disk"):
        pulls.take("broken", lambda: feeds)


def test_nobody_is_asked_after_the_end() -> None:
    released, asked = threading.Event(), threading.Event()

    def slow() -> DaysReport:
        assert released.wait(PATIENCE)
        return NOTHING

    def late() -> DaysReport:
        asked.set()
        return NOTHING

    pulls = Pulls()
    first: list[tuple[str, Ask]] = [("ready", lambda: NOTHING)]
    busy = [(f"slow-{number}", slow) for number in range(AT_ONCE)]
    assert pulls.take("ready", lambda: [*first, *busy, ("late", late)]) is NOTHING
    pulls.close()
    released.set()
    for feed, _ in busy:
        assert pulls.take(feed, nobody) is NOTHING
    assert not asked.is_set()


def nobody() -> Iterable[tuple[str, Ask]]:
    raise AssertionError("the feeds of a run are known by now")
