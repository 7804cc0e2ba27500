"""The look-up files of releases: opened when first asked, read in a thread of their own, one question after another."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import threading
import time
from collections import OrderedDict, defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import orjson

from catalog.release import LOOK_UP_COMMON, LOOK_UP_FILE, LOOK_UP_FORMS
from gateway.lookup.plan import Known, Prepared, is_answered, prepare, rows_of, shape_of, values_of
from gateway.lookup.search import binds_of, relation_of, sought, without
from gateway.policy.plans import Plans
from gateway.query.tree import Condition, Query
from gateway.release.opened import OpenRelease
from gateway.view.types import Scalar

log = logging.getLogger("gateway.lookup")

_CACHE = 32_000  # KiB of pages a process keeps itself; the system keeps the others, for all processes together
_STATEMENTS = 256
_SMALL, _QUICK = 100, 0.005  # rows of a small page, which takes less than a millisecond, and seconds of a slow disk
Row = tuple[Any, ...]
"""The JSON object of a row as bytes, and its sort values."""


class LookUpFile:
    """One release's file. Used by one thread at a time."""

    def __init__(self, file: Path, release: OpenRelease) -> None:
        """Raises sqlite3.Error where the file cannot be read."""
        address = f"file:{quote(str(file))}?mode=ro&immutable=1"
        self._con = sqlite3.connect(address, uri=True, cached_statements=_STATEMENTS, check_same_thread=False)
        try:
            self._con.execute(f"PRAGMA cache_size = -{_CACHE}")
            columns = f"SELECT dataset, name, form, apart FROM {LOOK_UP_FORMS} ORDER BY rowid"
            held, searched = self._con.execute(columns).fetchall(), _searched(self._con)
        except sqlite3.Error:
            self._con.close()
            raise
        forms: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for dataset, name, form, _ in held:
            forms[dataset][name] = form
        apart = {dataset: frozenset(row[1] for row in held if row[0] == dataset and row[3]) for dataset in forms}
        ways = {name: stored.entry.access for name, stored in release.datasets.items()}
        self._known = {
            name: Known(own, apart[name], ways.get(name, ()), searched.get(name, {})) for name, own in forms.items()
        }
        self._prepared: Plans[Prepared] = Plans(_STATEMENTS)

    def answers(self, query: Query) -> bool:
        """Whether the file has all that is asked, and an index that finds it."""
        known = self._known.get(query.view.dataset)
        return known is not None and (is_answered(query, known) or sought(query, known) is not None)

    def rows(self, query: Query) -> list[Row] | None:
        """One row more than the page has where there are more. None where the question is for the engine."""
        known = self._known.get(query.view.dataset)
        if known is None:
            return None
        part = sought(query, known)
        if part is None and not is_answered(query, known):
            return None
        asked, relation = query, rows_of(query.view.dataset)
        if part is not None:
            asked, relation = without(query), relation_of(query.view.dataset, part.column.name)
        prepared = self._prepared.get(shape_of(query), lambda: prepare(asked, known, relation))
        values = values_of(asked)
        bound = {name: _bound(values[place]) for name, place in prepared.places.items()}
        bound |= binds_of(part, known) if part is not None else {}
        rows: list[Row] = self._con.execute(prepared.text, bound).fetchall()
        return rows if prepared.picked is None else [_picked(row, prepared.picked, prepared.decimals) for row in rows]

    def close(self) -> None:
        """Let go of the file."""
        self._con.close()


class LookUps:
    """The files of the releases asked last. A release that has none is answered by the engine alone.

    Small pages are read at once, for to hand them to a thread takes longer than to read them, as long as the disk is
    quick. Large ones, and all after a slow one, are read in a thread, one after another, until it is quick again: so a
    disk that is slow holds up look-ups alone. `answered` counts the questions that needed no engine.
    """

    def __init__(self, most: int) -> None:
        self._most, self.answered = most, 0
        self._files: OrderedDict[Path, LookUpFile | None] = OrderedDict()
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="look-up")
        self._reading, self._quick = threading.Lock(), False

    def answers(self, release: OpenRelease, query: Query) -> bool:
        """Whether a question is known to need no engine: its file was opened before, and has the answer."""
        file = self._files.get(release.folder / LOOK_UP_FILE)
        return file is not None and file.answers(query)

    async def rows(self, release: OpenRelease, query: Query) -> list[Row] | None:
        """The rows of a page, as `LookUpFile.rows` gives them; None where the question is for the engine."""
        if self._quick and _is_small(query) and self._reading.acquire(blocking=False):
            try:
                return self._timed(release, query)
            finally:
                self._reading.release()
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._in_turn, release, query)

    def _in_turn(self, release: OpenRelease, query: Query) -> list[Row] | None:
        with self._reading:
            return self._timed(release, query)

    def _timed(self, release: OpenRelease, query: Query) -> list[Row] | None:
        """The rows; a small page tells whether the next one may be read at once."""
        opened, began = release.folder / LOOK_UP_FILE in self._files, time.perf_counter()
        rows = self._rows(release, query)
        if _is_small(query):
            self._quick = opened and time.perf_counter() - began < _QUICK
        return rows

    def _rows(self, release: OpenRelease, query: Query) -> list[Row] | None:
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


def _is_small(query: Query) -> bool:
    """Whether a page is read in less than a millisecond: few rows, along an index."""
    searching = any(isinstance(part, Condition) and part.operator.name == "contains" for part in query.where)
    return query.limit is not None and query.limit <= _SMALL and not searching


def _searched(con: sqlite3.Connection) -> dict[str, dict[str, dict[str, int]]]:
    """The columns whose texts are searched, with the signs that many of them have, by dataset."""
    found: defaultdict[str, dict[str, dict[str, int]]] = defaultdict(dict)
    for dataset, name, signs, texts in con.execute(f"SELECT dataset, name, signs, texts FROM {LOOK_UP_COMMON}"):
        found[dataset].setdefault(name, {})[signs] = texts
    return found


def _bound(value: Scalar) -> Any:
    """A value in the form that the file's have."""
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def _picked(row: Row, names: Sequence[str], decimals: Sequence[str]) -> Row:
    """A row with some columns of its object; decimals have all their places apart from it only."""
    cells, count = orjson.loads(row[0]), len(decimals)
    exact = {name: text and orjson.Fragment(text) for name, text in zip(decimals, row[1 : count + 1], strict=True)}
    return (orjson.dumps({name: exact[name] if name in exact else cells[name] for name in names}), *row[count + 1 :])
