"""The writer: a bounded queue that one thread drains into the store, so that no answer waits for the log."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue

from gateway.audit.anchor import AnchorError, read_anchor, write_anchor
from gateway.audit.chain import Fields
from gateway.audit.keys import KeyFileError, SigningKey, load_or_make
from gateway.audit.record import missing_row
from gateway.audit.store import AuditStore, LogAlteredError, utc_now
from gateway.store_forms import NewerFormError

log = logging.getLogger("gateway.audit")

_BATCH = 500
_LINGER = 0.05  # seconds in which rows gather: a batch costs one commit, however many rows it has
_RETRY = 0.5

_EXPLAINED = (LogAlteredError, NewerFormError, OSError, AnchorError, KeyFileError)  # their text says it all

KEY_FILE, ANCHOR_FILE = "audit.pem", "audit.anchor"


class AuditLog:
    """Takes rows from the event loop and writes them in order. `put`, `keep_place` and the counters belong to the
    event loop's thread, everything else may be called from anywhere.

    While the store does not take rows, `open` is false: nobody but the public may be served then. Rows wait in the
    queue; the public's rows that no longer fit are counted, and one row tells of them once the store is back.
    """

    def __init__(
        self, store: AuditStore, keys: Path, *, capacity: int, clock: Callable[[], datetime] = utc_now
    ) -> None:
        self.store = store
        self.clock = clock
        self._keys, self._capacity = keys, capacity
        self._queue: SimpleQueue[Fields | threading.Event] = SimpleQueue()
        self._places = 0  # kept for requests that are under way
        self._missing = 0
        self._counting = threading.Lock()
        self._key: SigningKey | None = None
        self._stopping = threading.Event()
        self._hurry = threading.Event()
        self._open = threading.Event()
        self._tried = threading.Event()
        self._thread = threading.Thread(target=self._run, name="audit", daemon=True)

    @property
    def key(self) -> SigningKey | None:
        """The key that seals the log, which also makes its keyed digests; None before the store was opened once."""
        return self._key

    @property
    def open(self) -> bool:
        """Whether the last attempt to write succeeded."""
        return self._open.is_set()

    @property
    def missing(self) -> int:
        """Accesses to public data that are not recorded yet because the store is away and the queue full."""
        return self._missing

    def start(self, patience: float) -> None:
        """Begin to write; returns when the store was tried once or patience, in seconds, is over."""
        self._thread.start()
        self._tried.wait(patience)

    def stop(self, patience: float) -> bool:
        """Write what waits and end; False when rows were left after `patience` seconds. They go to the error log."""
        self._stopping.set()
        self._hurry.set()
        self._thread.join(patience)
        left = self._drain()
        for row in left:
            log.error("audit row not stored", extra={"fields": {"row": dict(row)}})
        if not self._thread.is_alive():
            self.store.close()
        return not left

    def flush(self, patience: float) -> bool:
        """Wait until everything put so far is written; False when that takes longer than `patience` seconds."""
        written = threading.Event()
        self._queue.put(written)
        self._hurry.set()
        return written.wait(patience)

    def keep_place(self) -> bool:
        """Keep a place for a row that must be written; False when the log cannot take it."""
        if not self.open or not self._room:
            return False
        self._places += 1
        return True

    def put(self, row: Fields, *, kept: bool) -> None:
        """Hand a row over; one without a kept place is only counted when the queue is full. Never waits."""
        if kept:
            self._places -= 1
        elif not self._room:
            with self._counting:
                self._missing += 1
            return
        self._queue.put(row)

    @property
    def _room(self) -> bool:
        return self._queue.qsize() + self._places < self._capacity

    def _run(self) -> None:
        waiting: list[Fields] = []
        signals: list[threading.Event] = []
        while True:
            if self._key is None:
                self._prepare()
            if not waiting and not signals:
                self._gather(waiting, signals)
            if self._write(waiting):
                for signal in signals:
                    signal.set()
                waiting, signals = [], []
                if self._stopping.is_set() and self._queue.empty():
                    return
            elif self._stopping.wait(_RETRY):
                self._hand_back(waiting)
                return

    def _gather(self, waiting: list[Fields], signals: list[threading.Event]) -> None:
        """Wait for a first row, give others the time to come, and take them all."""
        self._sort(self._first(), waiting, signals)
        if not self._stopping.is_set():
            self._hurry.wait(_LINGER)
            self._hurry.clear()
        while len(waiting) < _BATCH:
            try:
                self._sort(self._queue.get_nowait(), waiting, signals)
            except Empty:
                return

    def _first(self) -> Fields | threading.Event | None:
        try:
            return self._queue.get(block=not self._stopping.is_set(), timeout=_RETRY)
        except Empty:
            return None

    @staticmethod
    def _sort(item: Fields | threading.Event | None, waiting: list[Fields], signals: list[threading.Event]) -> None:
        if isinstance(item, threading.Event):
            signals.append(item)
        elif item is not None:
            waiting.append(item)

    def _prepare(self) -> None:
        try:
            key = load_or_make(self._keys / KEY_FILE)
            self.store.prepare()
            anchor = read_anchor(self._keys / ANCHOR_FILE)
            if anchor is not None:
                self.store.expect(anchor[0])
            self._key = key
            self._open.set()
        except Exception as error:  # noqa: BLE001  -- whatever it is, the log is shut and the reason is told
            self._shut(error)
        self._tried.set()

    def _write(self, waiting: list[Fields]) -> bool:
        """Whether all is written, the rows of what went missing included."""
        missing = self._missing
        rows = [*waiting, missing_row(self.clock(), missing)] if missing else waiting
        if self._key is None:
            return False
        if not rows:
            return True
        try:
            newest, before = self.store.append(rows, self._key, self.clock())
        except Exception as error:  # noqa: BLE001  -- whatever it is, the log is shut and the reason is told
            self._shut(error)
            return False
        with self._counting:
            self._missing -= missing
        try:
            write_anchor(self._keys / ANCHOR_FILE, newest, before)
        except (OSError, AnchorError) as error:
            self._shut(error)  # the rows are in, but their end could be cut off unseen
            return True
        if not self.open:
            log.info("the audit log takes rows again")
            self._open.set()
        return True

    def _shut(self, error: Exception) -> None:
        if self.open or not self._tried.is_set():
            log.error(
                "the audit log takes no rows, only the public is served: %s",
                error,
                exc_info=None if isinstance(error, _EXPLAINED) else error,
            )
        self._open.clear()

    def _hand_back(self, waiting: list[Fields]) -> None:
        for row in waiting:
            self._queue.put(row)

    def _drain(self) -> list[Fields]:
        rows: list[Fields] = []
        while True:
            try:
                self._sort(self._queue.get_nowait(), rows, [])
            except Empty:
                return rows
