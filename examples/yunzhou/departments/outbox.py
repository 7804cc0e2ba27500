"""Files that will be delivered, and their delivery into the drop folders as the clock moves."""

from __future__ import annotations

import os
import shutil
from datetime import date
from pathlib import Path

from departments.home import Home


def stage(home: Home, feed: str, delivered_on: date, name: str, content: bytes) -> None:
    """Keeps a file until the day it is delivered under `name` (relative, `/` separated)."""
    target(home, feed, delivered_on, name).write_bytes(content)


def target(home: Home, feed: str, delivered_on: date, name: str) -> Path:
    """Where a file is kept until then; its folder is there."""
    path = home.outbox(feed) / str(delivered_on) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def deliver(home: Home, after: date | None, until: date) -> int:
    """Delivers the files of the days after `after` up to `until`; gives their number."""
    count = 0
    for feed in _feeds(home):
        home.drop(feed).mkdir(parents=True, exist_ok=True)
        for day in sorted(home.outbox(feed).glob("*-*-*")):
            if (after is None or date.fromisoformat(day.name) > after) and date.fromisoformat(day.name) <= until:
                count += sum(_place(file, home.drop(feed) / file.relative_to(day)) for file in sorted(day.rglob("*.*")))
    return count


def withdraw(home: Home) -> None:
    """Empties the drop folders."""
    for feed in _feeds(home):
        shutil.rmtree(home.drop(feed), ignore_errors=True)


def _feeds(home: Home) -> list[str]:
    """The feeds that deliver files."""
    return sorted(folder.name for folder in home.outbox("").glob("*"))


def _place(source: Path, target: Path) -> int:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another file system, or one without links
        shutil.copy2(source, target)
    return 1
