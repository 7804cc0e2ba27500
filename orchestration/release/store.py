"""The releases folder: numbers, staging, the one atomic switch, and the log of seals and switches."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from catalog.errors import CatalogError
from catalog.release import (
    MANIFEST_FILE,
    ReleaseManifest,
    list_releases,
    read_current,
    read_manifest,
    release_folder,
)
from catalog.switches import LOG_FILE, SEAL, Switch, log_entries, switches
from catalog.workspace import Workspace
from orchestration.release.errors import NoReleaseError
from orchestration.release.files import describe_file

_STAGING = ".staging-"


class ReleaseStore:
    """Reads and switches the releases of one workspace; never changes a release once it has its number."""

    def __init__(self, workspace: Workspace) -> None:
        self.root = workspace.releases
        self._workspace = workspace

    def numbers(self) -> list[int]:
        """Numbers of all complete releases, ascending."""
        return list_releases(self._workspace)

    def current(self) -> int | None:
        """Number of the release that is served; None before the first."""
        return read_current(self._workspace)

    def served(self) -> int:
        """Number of the release that is served; NoReleaseError before the first."""
        number = self.current()
        if number is None:
            raise NoReleaseError
        return number

    def dangling(self) -> CatalogError | None:
        """Why CURRENT leads to no release: it is damaged, or names one that is gone. None when all is well."""
        try:
            number = self.current()
        except CatalogError as error:
            return error
        if number is None or number in self.numbers():
            return None
        text = f"it names release {number:04d}, which is not there"
        mend = "Restore the folder from a copy, or run `civiclake release rollback NUMBER`"
        return CatalogError.one(self._workspace.current, text, mend)

    def path(self, number: int) -> Path:
        """Folder of release `number`, whether or not it exists."""
        return release_folder(self._workspace, number)

    def manifest(self, number: int) -> ReleaseManifest:
        """The manifest of release `number`; CatalogError names the numbers there are."""
        return read_manifest(self._workspace, number)

    @contextlib.contextmanager
    def staging(self, number: int) -> Iterator[Path]:
        """An empty folder to build release `number` in; leftovers of earlier crashes are removed first and last."""
        self.root.mkdir(parents=True, exist_ok=True)
        self.clean()
        folder = self.root / f"{_STAGING}{number:04d}"
        folder.mkdir()
        try:
            yield folder
        finally:
            self.clean()

    def clean(self) -> None:
        """Remove folders of releases that never got their number."""
        for leftover in self.root.glob(f"{_STAGING}*"):
            shutil.rmtree(leftover)

    def seal(self, folder: Path, number: int) -> None:
        """Make the staged `folder` durable, log its manifest's checksum, give it its number. Nobody serves it yet."""
        for path in sorted(folder.rglob("*")):
            _fsync(path)
        _fsync(folder)
        # Before the rename: a release that has its number always has its checksum too.
        self._log({"action": SEAL, "number": number, "manifest": describe_file(folder, MANIFEST_FILE).sha256})
        folder.rename(self.path(number))
        _fsync(self.root)

    def switch(self, number: int, action: str, at: datetime) -> None:
        """Make `number` the served release by replacing CURRENT, then log it."""
        previous = None if self.dangling() else self.current()
        fresh = self.root / ".CURRENT.new"
        with fresh.open("w", encoding="ascii") as file:
            file.write(f"{number:04d}\n")
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(self._workspace.current)
        _fsync(self.root)
        self._log({"at": at.isoformat(timespec="seconds"), "action": action, "number": number, "previous": previous})

    def log(self) -> list[Switch]:
        """Every recorded switch, oldest first; a line cut short by a crash is passed over."""
        return switches(self._workspace)

    def sealed(self, number: int) -> str | None:
        """The sha256 the manifest of release `number` had when it was sealed; None when the log does not know."""
        entries = log_entries(self._workspace)
        seals = [entry for entry in entries if entry["action"] == SEAL and entry["number"] == number]
        return str(seals[-1]["manifest"]) if seals else None

    def was_served(self, number: int) -> bool:
        """Whether `number` has ever been current, as far as the log knows."""
        return number == self.current() or any(number in (s.number, s.previous) for s in self.log())

    def _log(self, entry: dict[str, Any]) -> None:
        path = self.root / LOG_FILE
        cut_short = path.exists() and not path.read_bytes().endswith(b"\n")
        with path.open("a", encoding="utf-8") as file:
            file.write(("\n" if cut_short else "") + json.dumps(entry) + "\n")
            file.flush()
            os.fsync(file.fileno())


def _fsync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
