"""Content codings: gzip and zstd, for whole bodies and piece by piece. The same bytes are packed alike each time."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable
from io import RawIOBase
from typing import Any, Protocol

_LEVEL = 5
_GZIP_WINDOW = 31


class Packer(Protocol):
    """Packs a body piece by piece."""

    def pack(self, piece: bytes) -> bytes:
        """What of the packed body is ready after a further piece."""
        ...

    def end(self) -> bytes:
        """The rest."""
        ...


class _Gzip:
    def __init__(self) -> None:
        self._packer = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)

    def pack(self, piece: bytes) -> bytes:
        return self._packer.compress(piece)

    def end(self) -> bytes:
        return self._packer.flush()


class _Zstd:
    def __init__(self) -> None:
        import pyarrow as pa

        self._tape = Tape()
        self._packer: Any = pa.CompressedOutputStream(pa.PythonFile(self._tape, mode="w"), "zstd")

    def pack(self, piece: bytes) -> bytes:
        self._packer.write(piece)
        return self._tape.take()

    def end(self) -> bytes:
        self._packer.close()
        return self._tape.take()


class Tape(RawIOBase):
    """A file that only goes forward, and gives away what was written to it."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []
        self._length = 0

    def writable(self) -> bool:
        """It is written."""
        return True

    def write(self, data: Any) -> int:
        """Keep a piece until it is taken."""
        piece = bytes(data)
        self._written.append(piece)
        self._length += len(piece)
        return len(piece)

    def tell(self) -> int:
        """Bytes written so far, those taken included."""
        return self._length

    def take(self) -> bytes:
        """What was written since the last time."""
        found, self._written = b"".join(self._written), []
        return found

    def close(self) -> None:
        """Nothing is held: what was written can still be taken."""


def _gzip(body: bytes) -> bytes:
    return gzip.compress(body, _LEVEL, mtime=0)


def _zstd(body: bytes) -> bytes:
    import pyarrow as pa

    return bytes(pa.Codec("zstd").compress(body, asbytes=True))


PACKERS: dict[str, Callable[[], Packer]] = {"zstd": _Zstd, "gzip": _Gzip}
"""The codings that are offered, the preferred one first."""
WHOLE: dict[str, Callable[[bytes], bytes]] = {"zstd": _zstd, "gzip": _gzip}
"""How a whole body is packed."""
