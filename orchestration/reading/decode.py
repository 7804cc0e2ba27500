"""Strict decoding of landed text: a byte that does not fit the declared encoding is named, never replaced."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

CHUNK_BYTES = 1 << 20
UTF8 = ("utf-8", "utf-8-sig")
REPLACEMENT = "\ufffd"


class UndecodableError(ValueError):
    """Bytes that are not text in the declared encoding (rule B2); `offset` counts bytes from the file's start."""

    def __init__(self, encoding: str, offset: int, what: str) -> None:
        super().__init__(f"B2: not {encoding} at byte {offset} ({what})")
        self.offset = offset


def as_utf8(source: Path, encoding: str, target: Path) -> Path:
    """A file with the same text in UTF-8: `source` itself when it is UTF-8 already, else `target`, written here.

    Every byte is checked either way, in bounded memory; UndecodableError tells the first that does not fit, and a
    U+FFFD in the text (an earlier loss) counts as one.
    """
    with source.open("rb") as file:
        if encoding in UTF8:
            for _ in decoded(file, "utf-8"):
                pass
            return source
        with target.open("w", encoding="utf-8", newline="") as out:
            for text in decoded(file, encoding):
                out.write(text)
    return target


def decoded(file: BinaryIO, encoding: str) -> Iterator[str]:
    """Pieces of the text of `file`, decoded strictly."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="strict")
    start = 0
    while True:
        chunk = file.read(CHUNK_BYTES)
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            offset = start - pending + error.start
            raise UndecodableError(encoding, offset, f"0x{error.object[error.start]:02x}") from None
        if REPLACEMENT in text:
            before = len(text[: text.index(REPLACEMENT)].encode(encoding.removesuffix("-sig")))
            raise UndecodableError(encoding, start - pending + before, "the replacement character U+FFFD")
        yield text
        if not chunk:
            return
        start += len(chunk)
