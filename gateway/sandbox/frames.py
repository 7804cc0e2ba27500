"""How gateway and sandbox talk: frames of a kind, a length and bytes, over one socket. Used on both sides."""

from __future__ import annotations

import struct
from enum import IntEnum

HEAD = struct.Struct(">BI")
LONGEST = 1 << 24  # bytes of a frame; longer things are several


class Kind(IntEnum):
    """What a frame holds."""

    ASK = 1  # JSON: limits, and the text that the gateway is going to read → TELL
    TABLE = 2  # JSON: the table whose rows follow
    ROWS = 3  # a piece of an Arrow IPC stream
    END = 4  # the end of a table → TELL
    RUN = 5  # JSON: the statement → TELL
    WRITE = 6  # JSON: how the answer is written → BODY …, TELL
    TELL = 7  # JSON
    BODY = 8  # bytes of the answer
    LOOK = 10  # JSON: texts for the engine's parser → TELL
    FAILED = 9  # JSON: the code of what went wrong


def packed(kind: Kind, payload: bytes = b"") -> bytes:
    """A frame."""
    return HEAD.pack(kind, len(payload)) + payload


def pieces(data: bytes) -> list[bytes]:
    """Bytes cut into pieces that fit into frames."""
    return [data[start : start + LONGEST] for start in range(0, len(data), LONGEST)]
