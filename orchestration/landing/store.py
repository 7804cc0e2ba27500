"""Content-addressed store of landed bytes: an object is complete and durable, or it is not there."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from catalog.workspace import Workspace

CHUNK_BYTES = 1 << 20
STALE_SECONDS = 24 * 3600  # an unfinished write older than this belongs to a process that died


@dataclass(frozen=True)
class StoredObject:
    """A landed object: `object_id` is the SHA-256 of its bytes in hex, `size` its length in bytes."""

    object_id: str
    size: int


class ObjectTooLargeError(Exception):
    """More bytes arrived than an object may have; nothing was kept. `limit` is in bytes."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        super().__init__(f"more than {limit:,} bytes")


class ObjectWriter:
    """Bytes on their way into the store. `store()` makes them an object; without it they leave no trace."""

    def __init__(self, store: LandingStore, file: Path, handle: BinaryIO, limit: int | None) -> None:
        self._store = store
        self._file = file
        self._handle = handle
        self._limit = limit
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, chunk: bytes | memoryview) -> None:
        """Append bytes; ObjectTooLargeError beyond the limit."""
        self.size += len(chunk)
        if self._limit is not None and self.size > self._limit:
            raise ObjectTooLargeError(self._limit)
        self._hash.update(chunk)
        self._handle.write(chunk)

    def content(self) -> bytes:
        """What was written so far, read back."""
        self._handle.flush()
        return self._file.read_bytes()

    def store(self) -> StoredObject:
        """Make the bytes durable under their hash; an object that is already there is left as it is."""
        stored = StoredObject(self._hash.hexdigest(), self.size)
        self._handle.flush()
        os.fsync(self._handle.fileno())
        self._store.adopt(self._file, stored)
        return stored


class LandingStore:
    """The objects folder of a workspace. Writers in several processes may share it."""

    def __init__(self, workspace: Workspace) -> None:
        self.root = workspace.landing_objects
        self._swept = False

    def path(self, object_id: str) -> Path:
        """Where the object of this hash is, or would be."""
        return self.root / object_id[:2] / object_id

    @contextlib.contextmanager
    def writer(self, limit: int | None = None) -> Iterator[ObjectWriter]:
        """A writer of one new object of at most `limit` bytes; leaving without `store()` discards the bytes."""
        descriptor, name = tempfile.mkstemp(dir=self._scratch())
        file = Path(name)
        try:
            with os.fdopen(descriptor, "wb", buffering=CHUNK_BYTES) as handle:
                yield ObjectWriter(self, file, handle, limit)
        finally:
            file.unlink(missing_ok=True)

    def put(self, source: BinaryIO | Iterable[bytes], limit: int | None = None) -> StoredObject:
        """Store a stream or an iterable of chunks; ObjectTooLargeError beyond `limit` bytes."""
        chunks = iter(lambda: source.read(CHUNK_BYTES), b"") if hasattr(source, "read") else source
        with self.writer(limit) as writer:
            for chunk in chunks:
                writer.write(chunk)
            return writer.store()

    def adopt(self, file: Path, stored: StoredObject) -> None:
        """Move a synced file to its place; the name appears only with all the bytes behind it."""
        target = self.path(stored.object_id)
        if not (target.is_file() and target.stat().st_size == stored.size):
            if not target.parent.is_dir():
                target.parent.mkdir(parents=True, exist_ok=True)
                _sync_folder(self.root)
            file.chmod(0o444)
            file.replace(target)
        _sync_folder(target.parent)  # also for an object found here: whoever wrote it may have died before this

    def _scratch(self) -> Path:
        """Folder of unfinished writes, on the same file system as the objects; leavings of dead writers go."""
        scratch = self.root / ".unfinished"
        if self._swept:
            return scratch
        scratch.mkdir(parents=True, exist_ok=True)
        horizon = time.time() - STALE_SECONDS
        for leaving in scratch.iterdir():
            with contextlib.suppress(FileNotFoundError):
                if leaving.stat().st_mtime < horizon:
                    leaving.unlink()
        self._swept = True
        return scratch


def _sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
