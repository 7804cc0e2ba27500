"""The releases folder: numbers, staging, the one atomic switch, and the log of switches."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from catalog.release import ReleaseManifest, list_releases, read_current, read_manifest, release_folder
from catalog.workspace import Workspace
from orchestration.release.errors import NoReleaseError

_STAGING = ".staging-"
_LOG = "log.jsonl"


@dataclass(frozen=True)
class Switch:
    """One line of the log: `action` is `publish` or `rollback`; `previous` None for the first release."""

    at: str
    action: str
    number: int
    previous: int | None


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
        """Make the staged `folder` durable and give it its number. Nobody serves it yet."""
        for path in sorted(folder.rglob("*")):
            _fsync(path)
        _fsync(folder)
        folder.rename(self.path(number))
        _fsync(self.root)

    def switch(self, number: int, action: str, at: datetime) -> None:
        """Make `number` the served release by replacing CURRENT, then log it."""
        previous = self.current()
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
        try:
            lines = (self.root / _LOG).read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return []
        return [Switch(**json.loads(line)) for line in lines if line.endswith("}")]

    def was_served(self, number: int) -> bool:
        """Whether `number` has ever been current, as far as the log knows."""
        return number == self.current() or any(number in (s.number, s.previous) for s in self.log())

    def _log(self, entry: dict[str, Any]) -> None:
        path = self.root / _LOG
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
