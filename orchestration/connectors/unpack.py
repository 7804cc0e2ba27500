"""Unpacking of landed archives with limits, so that a small object cannot become an endless one."""

from __future__ import annotations

import gzip
import io
import shutil
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Literal

from catalog.contract.options import Limits

Compression = Literal["none", "gzip", "zip"]
RATIO_FREE_BYTES = 16 << 20  # below this size a high ratio harms nobody and is common in repetitive files
COPY_BYTES = 1 << 20
DAMAGE = (zipfile.BadZipFile, gzip.BadGzipFile, EOFError, zlib.error, NotImplementedError)


class UnpackError(Exception):
    """An archive that is damaged, holds other than one file, or exceeds the contract's limits."""


@contextmanager
def unpacked(path: Path, compression: Compression, limits: Limits) -> Iterator[IO[bytes]]:
    """A stream of the unpacked bytes of a landed object; UnpackError on opening or on the read that goes too far."""
    allowed = allowed_bytes(path, limits)
    try:
        match compression:
            case "none":
                with path.open("rb") as plain:
                    yield plain
            case "gzip":
                with gzip.open(path) as member:
                    yield io.BufferedReader(_Limited(member, allowed), COPY_BYTES)
            case "zip":
                with zipfile.ZipFile(path) as archive, archive.open(_only_member(archive)) as member:
                    yield io.BufferedReader(_Limited(member, allowed), COPY_BYTES)
    except DAMAGE as error:
        raise UnpackError(f"the {compression} archive is damaged: {error}") from None


def unpack_to(path: Path, compression: Compression, limits: Limits, target: Path) -> int:
    """Write the unpacked bytes of a landed object to `target` and return their number; no file is left on error."""
    try:
        with unpacked(path, compression, limits) as source, target.open("wb") as sink:
            shutil.copyfileobj(source, sink, COPY_BYTES)
            return sink.tell()
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def unpack_parts(path: Path, parts: Mapping[str, bool], limits: Limits, folder: Path) -> Path:
    """Unpack the members of a ZIP with the suffixes `parts` into `folder`, as `part<suffix>`; gives the folder.

    UnpackError for a part that is there twice or, where `parts` says so, not at all, or for what a single file would
    be refused for; the limits hold for all parts together. Other members are left alone.
    """
    allowed = allowed_bytes(path, limits)
    folder.mkdir(exist_ok=True)
    try:
        with zipfile.ZipFile(path) as archive:
            for suffix, needed in parts.items():
                member = _member_like(archive, suffix, needed=needed)
                if member is None:
                    continue
                with archive.open(member) as source, (folder / f"part{suffix}").open("wb") as sink:
                    shutil.copyfileobj(io.BufferedReader(_Limited(source, allowed), COPY_BYTES), sink, COPY_BYTES)
                    allowed -= sink.tell()
    except DAMAGE as error:
        raise UnpackError(f"the zip archive is damaged: {error}") from None
    return folder


class _Limited(io.RawIOBase):
    """Raw stream that raises UnpackError once more than `allowed` bytes were read."""

    def __init__(self, source: IO[bytes] | gzip.GzipFile, allowed: int) -> None:
        self._source = source
        self._left = self._allowed = allowed

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        chunk = self._source.read(len(buffer))
        self._left -= len(chunk)
        if self._left < 0:
            text = f"unpacks to more than {self._allowed:,} bytes"
            raise UnpackError(f"{text}. Raise limits.max_unpacked_bytes or limits.max_ratio if that is right")
        buffer[: len(chunk)] = chunk
        return len(chunk)


def allowed_bytes(path: Path, limits: Limits) -> int:
    """How many bytes the object may unpack to."""
    by_ratio = max(RATIO_FREE_BYTES, int(path.stat().st_size * limits.max_ratio))
    return min(limits.max_unpacked_bytes, by_ratio)


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [member for member in archive.infolist() if not member.is_dir()]
    if len(members) != 1:
        raise UnpackError(f"the archive holds {len(members)} files, exactly one is read")
    return _readable(members[0])


def _member_like(archive: zipfile.ZipFile, suffix: str, *, needed: bool) -> zipfile.ZipInfo | None:
    members = [member for member in archive.infolist() if member.filename.lower().endswith(suffix)]
    if len(members) > 1 or (needed and not members):
        raise UnpackError(f"the archive holds {len(members)} files {suffix}, exactly one is read")
    return _readable(members[0]) if members else None


def _readable(member: zipfile.ZipInfo) -> zipfile.ZipInfo:
    if member.flag_bits & 0x1:
        raise UnpackError("the archive is encrypted")
    return member
