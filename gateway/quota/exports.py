"""Places for streamed answers: so many per caller at a time, counted over all workers of the machine."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PLACES_PER_CALLER = 256


class ExportPlaces:
    """A file of which each place is one byte range, locked while an export runs.

    The system gives the locks of a process that dies back, so no count can go wrong. Locks bind processes, the set
    of held places binds the requests of this one; all of it runs on the event loop.
    """

    def __init__(self, file: Path) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        self._file = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
        self._held: set[int] = set()

    def close(self) -> None:
        """Close the file; it must not be closed while an export runs."""
        os.close(self._file)

    @contextmanager
    def hold(self, caller: str, most: int) -> Iterator[bool]:
        """Hold one of the caller's places for the time of the block; False when all `most` are taken."""
        place = self._take(caller, min(most, _PLACES_PER_CALLER))
        try:
            yield place is not None
        finally:
            if place is not None:
                self._held.remove(place)
                fcntl.lockf(self._file, fcntl.LOCK_UN, 1, place)

    def _take(self, caller: str, most: int) -> int | None:
        digest = hashlib.sha256(caller.encode()).digest()
        first = int.from_bytes(digest[:5], "big") * _PLACES_PER_CALLER
        for place in range(first, first + most):
            if place in self._held:
                continue
            try:
                fcntl.lockf(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, place)
            except OSError:  # another worker's
                continue
            self._held.add(place)
            return place
        return None
