"""The look-up files of releases: opened when first asked, read in a thread of their own, one question after another."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from catalog.release import LOOK_UP_FILE, LOOK_UP_FORMS
from gateway.lookup.plan import Known, Prepared, is_answered, prepare, shape_of, values_of
from gateway.policy.plans import Plans
from gateway.query.tree import Query
from gateway.release.opened import OpenRelease
from gateway.view.types import Scalar

log = logging.getLogger("gateway.lookup")

_CACHE = 32_000  # KiB of pages a process keeps itself; the system keeps the others, for all processes together
_STATEMENTS = 256
_READ: dict[str, Callable[[Any], Any]] = {"boolean": bool, "decimal": orjson.Fragment}
"""Forms whose values are not yet what JSON is written from."""


class LookUpFile:
    """One release's file. Used by the thread that opened it only."""

    def __init__(self, file: Path, release: OpenRelease) -> None:
        """Raises sqlite3.Error where the file cannot be read."""
        address = f"file:{quote(str(file))}?mode=ro&immutable=1"
        self._con = sqlite3.connect(address, uri=True, cached_statements=_STATEMENTS)
        try:
            self._con.execute(f"PRAGMA cache_size = -{_CACHE}")
            held = self._con.execute(f"SELECT dataset, name, form FROM {LOOK_UP_FORMS}").fetchall()
        except sqlite3.Error:
            self._con.close()
            raise
        forms: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for dataset, name, form in held:
            forms[dataset][name] = form
        ways = {name: stored.entry.access for name, stored in release.datasets.items()}
        self._known = {name: Known(own, ways.get(name, ())) for name, own in forms.items()}
        self._prepared: Plans[Prepared] = Plans(_STATEMENTS)

    def rows(self, query: Query) -> list[tuple[Any, ...]] | None:
        """One row more than the page has where there are more, each with its sort values at its end; values are as
        JSON takes them. None where the question is for the engine."""
        known = self._known.get(query.view.dataset)
        if known is None or not is_answered(query, known):
            return None
        prepared = self._prepared.get(shape_of(query), lambda: prepare(query))
        values = values_of(query)
        bound = {name: _bound(values[place]) for name, place in prepared.places.items()}
        rows = self._con.execute(prepared.text, bound).fetchall()
        read = [(place, _READ[form]) for place, c in enumerate(query.select) if (form := known.forms[c.name]) in _READ]
        return [_converted(row, read) for row in rows] if read else rows

    def close(self) -> None:
        """Let go of the file."""
        self._con.close()


class LookUps:
    """The files of the releases asked last. A release that has none is answered by the engine alone.

    They are read in one thread: an answer takes less than handing it to several would, and a disk that is slow holds
    up look-ups alone. `answered` counts the questions that needed no engine.
    """

    def __init__(self, most: int) -> None:
        self._most, self.answered = most, 0
        self._files: OrderedDict[Path, LookUpFile | None] = OrderedDict()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="look-up")

    async def rows(self, release: OpenRelease, query: Query) -> list[tuple[Any, ...]] | None:
        """The rows of a page, as `LookUpFile.rows` gives them; None where the question is for the engine."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._rows, release, query)

    def _rows(self, release: OpenRelease, query: Query) -> list[tuple[Any, ...]] | None:
        path = release.folder / LOOK_UP_FILE
        try:
            file = self._file(path, release)
            rows = None if file is None else file.rows(query)
        except sqlite3.DatabaseError as error:
            log.error("%s cannot be read, the engine answers instead: %s", path, error)
            _close(self._files.get(path))
            self._files[path], rows = None, None
        self.answered += rows is not None
        return rows

    def _file(self, path: Path, release: OpenRelease) -> LookUpFile | None:
        if path not in self._files:
            self._files[path] = LookUpFile(path, release) if path.is_file() else None
            while len(self._files) > self._most:
                _close(self._files.popitem(last=False)[1])
        self._files.move_to_end(path)
        return self._files[path]

    def close(self) -> None:
        """Let go of all files."""
        self._thread.submit(self._close_files)
        self._thread.shutdown()

    def _close_files(self) -> None:
        while self._files:
            _close(self._files.popitem()[1])


def _close(file: LookUpFile | None) -> None:
    if file is not None:
        file.close()


def _bound(value: Scalar) -> Any:
    """A value in the form that the file's have."""
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _converted(row: tuple[Any, ...], read: list[tuple[int, Callable[[Any], Any]]]) -> tuple[Any, ...]:
    cells = list(row)
    for place, how in read:
        if cells[place] is not None:
            cells[place] = how(cells[place])
    return tuple(cells)
