"""The feeds of a run asked side by side: landing takes as long as the slowest department, not as all of them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import TYPE_CHECKING

import dagster as dg

from orchestration.defs.session import Session

if TYPE_CHECKING:
    from orchestration.landing.days import DaysReport

PULLS = "pulls"
AT_ONCE = 4  # each holds one answer of its department in memory

Ask = Callable[[], "DaysReport"]


class Pulls:
    """Answers of several departments. Nothing is asked before the first answer is wanted.

    Its threads die with the process: to landing that is a crash like any other, and the next run takes up there.
    """

    def __init__(self) -> None:
        self._waiting: deque[_Pull] = deque()
        self._begun: dict[str, _Pull] = {}

    def take(self, feed: str, asks: Callable[[], Iterable[tuple[str, Ask]]]) -> DaysReport:
        """What a feed brought. `asks` says, when the first answer is wanted, how to ask every feed of the run.

        Raises what asking raised. An answer is given once; whoever wants it again, as a retry does, asks anew.
        """
        if not self._begun:
            self._begin(asks())
        pull = self._begun[feed]
        if pull.taken:
            return pull.ask()
        pull.taken = True
        return pull.answer()

    def close(self) -> None:
        """Ask nobody any more."""
        self._waiting.clear()

    def _begin(self, asks: Iterable[tuple[str, Ask]]) -> None:
        self._begun = {feed: _Pull(ask) for feed, ask in asks}
        self._waiting.extend(self._begun.values())
        for number in range(min(AT_ONCE, len(self._begun))):
            threading.Thread(target=self._work, name=f"pull-{number}", daemon=True).start()

    def _work(self) -> None:
        while self._waiting:
            try:
                pull = self._waiting.popleft()
            except IndexError:  # another thread took the last
                return
            pull.run()


class _Pull:
    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        self.taken = False
        self._answer: Future[DaysReport] = Future()

    def run(self) -> None:
        try:
            self._answer.set_result(self.ask())
        except BaseException as error:  # noqa: BLE001  -- handed to whoever takes the answer
            self._answer.set_exception(error)

    def answer(self) -> DaysReport:
        return self._answer.result()


def pulls_of_a_run() -> dg.ResourceDefinition:
    """One `Pulls` for all landing steps of a run."""

    @dg.resource(description="The feeds of a run, asked side by side.")
    def pulls(_: object) -> Iterator[Pulls]:
        made = Pulls()
        try:
            yield made
        finally:
            made.close()

    return pulls


def landed_in(run: dg.DagsterRun, session: Session) -> list[str]:
    """Feeds a run lands: all, or those whose landing was selected."""
    chosen = run.asset_selection
    return [feed for feed in session.city.feeds if not chosen or dg.AssetKey(["landing", feed]) in chosen]
