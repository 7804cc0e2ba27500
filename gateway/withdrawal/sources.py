"""Where withdrawals come from: the list of the newest release on disk, and what stewards ordered."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson

from catalog.compiled import CATALOG_FILE, CompiledCatalog
from catalog.release import ReleaseManifest, list_releases, read_manifest, release_folder
from catalog.withdrawal import WITHDRAWALS_FILE
from catalog.workspace import Workspace

Clock = Callable[[], datetime]


@dataclass(frozen=True)
class ManualWithdrawal:
    """One row a steward withdrew: the texts of its key in the dataset's key order, why, and from which day."""

    dataset: str
    key: tuple[str, ...]
    reason: str
    effective_on: date


Manual = Callable[[], tuple[ManualWithdrawal, ...]]


@dataclass(frozen=True)
class InForce:
    """What is withdrawn on the day `today`: the rows of `path` that are due by then, and the manual ones."""

    path: Path | None
    content: str
    today: date
    manual: tuple[ManualWithdrawal, ...]

    @cached_property
    def digest(self) -> str:
        """Digest of all of it."""
        rows = [[entry.dataset, entry.key, entry.reason, entry.effective_on] for entry in self.manual]
        return hashlib.sha256(orjson.dumps([self.content, self.today, rows])).hexdigest()


@dataclass(frozen=True)
class _Newest:
    """What is kept of the newest release: its manifest and the zone the city's days are told in."""

    manifest: ReleaseManifest
    zone: ZoneInfo


class Sources:
    """Reads both sources. The newest sealed release counts, also while an older one is served.

    The city's day is the clock's, and never before the day the newest release speaks of: what that release has left
    out must be left out everywhere. Blocks; to be asked from a thread.
    """

    def __init__(self, workspace: Workspace, manual: Manual, clock: Clock) -> None:
        self._workspace = workspace
        self._manual = manual
        self._clock = clock
        self._newest: _Newest | None = None

    def look(self) -> InForce:
        """What is in force now. Raises CatalogError, OSError or the control store's error when it cannot be told."""
        newest = self._look_at_releases()
        if newest is None:
            return InForce(None, "", self._clock().date(), self._manual())
        listed, today = newest.manifest.withdrawals, self._clock().astimezone(newest.zone).date()
        if listed is None:
            return InForce(None, "", today, self._manual())
        path = release_folder(self._workspace, newest.manifest.number).resolve() / WITHDRAWALS_FILE
        return InForce(path, listed.content_hash, max(today, listed.as_of), self._manual())

    def _look_at_releases(self) -> _Newest | None:
        number = max(list_releases(self._workspace), default=None)
        if number is None:
            self._newest = None
        elif self._newest is None or self._newest.manifest.number != number:
            manifest = read_manifest(self._workspace, number)
            catalog = CompiledCatalog.load(release_folder(self._workspace, number) / CATALOG_FILE)
            self._newest = _Newest(manifest, ZoneInfo(catalog.city.timezone))
        return self._newest
