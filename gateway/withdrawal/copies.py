"""Public files without withdrawn rows: written anew from the release, kept in a cache folder, shared by processes."""

from __future__ import annotations

import hashlib
import os
import secrets
import time
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.release import COPY_OPTIONS, Distribution
from gateway.engine import identifier, literal
from gateway.withdrawal.hidden import FileCopy, Table, Withdrawn

if TYPE_CHECKING:
    from gateway.engine import Engine

_GRACE = 120.0  # seconds a copy that this process does not want is left: another one may still be serving it
_UNFINISHED = ".tmp"


class FileCopies:
    """The cache folder. A copy's name tells which file it stands for and which rows are left out, so it never changes.

    Blocks; to be used from a thread.
    """

    def __init__(self, folder: Path, engine: Engine) -> None:
        self._folder = folder
        self._engine = engine
        self._unwanted: dict[Path, float] = {}

    def find(self, file: Distribution, withdrawn: Withdrawn) -> FileCopy | None:
        """The copy of a released file without the withdrawn rows, if some process has made it."""
        path = self._path(file, withdrawn)
        return _described(path) if path.exists() else None

    def make(
        self, file: Distribution, columns: Sequence[str], stored: Table, key: Sequence[str], withdrawn: Withdrawn
    ) -> FileCopy:
        """Write the copy: these columns of the stored rows in key order, as releases write them.

        The first process to finish wins, so that all of them serve the same bytes under the same tag.
        """
        path = self._path(file, withdrawn)
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f".{secrets.token_hex(8)}{_UNFINISHED}")
        chosen = ", ".join(f"t.{identifier(name)}" for name in columns)
        order = ", ".join(f"t.{identifier(name)}" for name in key)
        same = " AND ".join(f"t.{identifier(name)} = w.{identifier(name)}" for name in withdrawn.key)
        try:
            self._engine.run(
                f"COPY (SELECT {chosen} FROM {_text(stored)} t ANTI JOIN {_text(withdrawn.keys)} w ON {same}"
                f" ORDER BY {order}) TO {literal(fresh)} ({COPY_OPTIONS[file.format]})"
            )
            if not path.exists():
                os.link(fresh, path)
        except FileExistsError:
            pass  # another process was first
        finally:
            fresh.unlink(missing_ok=True)
        return _described(path)

    def tidy(self, wanted: Collection[Path]) -> None:
        """Remove what is not wanted: a copy made before a later withdrawal holds rows that must go."""
        now, found = time.monotonic(), list(self._folder.iterdir()) if self._folder.is_dir() else []
        left = [path for path in found if path not in wanted and path.suffix != _UNFINISHED]
        self._unwanted = {path: self._unwanted.get(path, now) for path in left}
        for path in [path for path, since in self._unwanted.items() if now - since > _GRACE]:
            path.unlink(missing_ok=True)
            del self._unwanted[path]

    def _path(self, file: Distribution, withdrawn: Withdrawn) -> Path:
        digest = hashlib.sha256(f"{file.sha256} {withdrawn.digest}".encode()).hexdigest()[:16]
        return self._folder / f"{digest}-{file.name}"


def _described(path: Path) -> FileCopy:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return FileCopy(path, path.stat().st_size, digest)


def _text(table: Table) -> str:
    return ".".join(identifier(part) for part in table)
