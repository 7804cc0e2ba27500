"""The log as a file of JSON lines, rows and the checkpoints over them, which anybody with the public key can verify."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import orjson

from gateway.audit.chain import Checkpoint
from gateway.audit.store import AuditStore


class ExportError(Exception):
    """A file that is no export of an audit log; the text names the file and the line."""


def write_export(store: AuditStore, out: BinaryIO) -> tuple[int, int]:
    """Write the whole log; the numbers of rows and checkpoints. Blocks; memory stays flat."""
    rows = checkpoints = 0
    with store.snapshot() as snapshot:
        seals = snapshot.checkpoints()
        seal = next(seals, None)
        for row in snapshot.rows():
            _line(out, {"kind": "row", **row})
            rows += 1
            while seal is not None and seal.seq <= row["seq"]:
                _line(out, {"kind": "checkpoint", **vars(seal)})
                checkpoints, seal = checkpoints + 1, next(seals, None)
        while seal is not None:  # of rows that are not there any more: verification tells
            _line(out, {"kind": "checkpoint", **vars(seal)})
            checkpoints, seal = checkpoints + 1, next(seals, None)
    return rows, checkpoints


class ExportedLog:
    """An exported log, read from its file as often as needed."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def rows(self) -> Iterator[Mapping[str, Any]]:
        """Every row, in the order of the file."""
        return self._lines("row")

    def checkpoints(self) -> Iterator[Checkpoint]:
        """Every checkpoint, in the order of the file."""
        return (Checkpoint(**line) for line in self._lines("checkpoint"))

    def _lines(self, kind: str) -> Iterator[dict[str, Any]]:
        with self._file.open("rb") as lines:
            for number, text in enumerate(lines, 1):
                try:
                    line = orjson.loads(text)
                    if line.pop("kind") == kind:
                        yield line
                except (ValueError, KeyError, AttributeError) as error:
                    raise ExportError(f"{self._file}, line {number}: this is no line of an exported log") from error


def _line(out: BinaryIO, content: Mapping[str, Any]) -> None:
    out.write(orjson.dumps(content, option=orjson.OPT_APPEND_NEWLINE))
