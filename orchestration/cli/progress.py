"""Progress of a run on the terminal: a live line when someone watches, plain lines when not."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from orchestration.cli.console import err

if TYPE_CHECKING:
    from orchestration.defs.session import Progress

_STAGES = {
    "landing": "landing what departments have",
    "vocabulary": "loading vocabularies",
    "accepted": "reading and checking rows",
    "models": "building the libraries",
    "checks": "testing the libraries",
    "release": "publishing",
}


@contextmanager
def showing_progress(title: str) -> Iterator[Callable[[Progress], None]]:
    """Yields the listener; prints a line at each new stage, and what happens in it while a terminal is watched."""
    began, stages = time.monotonic(), list[str]()
    err.print(title, style="bold", markup=False)
    with err.status("starting") as status:

        def tell(progress: Progress) -> None:
            name = _STAGES.get(progress.stage, progress.stage)
            if progress.stage not in stages:
                stages.append(progress.stage)
                err.print(f"{time.monotonic() - began:6.1f} s  {name}", markup=False)
            status.update(f"{name}: {progress.subject} {progress.text}"[: err.width - 4].replace("[", "("))

        yield tell
