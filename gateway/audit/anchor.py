"""The anchor: the newest signed checkpoint, kept in a file away from the log, so that a shortened log is found out."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path

import orjson
from filelock import FileLock

from gateway.audit.chain import Checkpoint


class AnchorError(Exception):
    """An anchor file that cannot be read; the text names it and how to mend it."""


def read_anchor(path: Path) -> tuple[Checkpoint, str] | None:
    """The newest checkpoint and the signature of the one before it; None when there is no anchor yet."""
    if not path.exists():
        return None
    try:
        content = orjson.loads(path.read_bytes())
        before = content.pop("before")
        return Checkpoint(**content), str(before)
    except (ValueError, KeyError, TypeError) as error:
        raise AnchorError(f"{path} is no anchor of an audit log; put the right file back") from error


def write_anchor(path: Path, newest: Checkpoint, before: str) -> None:
    """Replace the anchor unless it is newer already: several processes seal one log."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(path.with_suffix(".lock")):
        known = read_anchor(path)
        if known is not None and known[0].number >= newest.number:
            return
        fresh = path.with_suffix(".new")
        with fresh.open("wb") as file:
            file.write(orjson.dumps(asdict(newest) | {"before": before}, option=orjson.OPT_INDENT_2))
            file.flush()
            os.fsync(file.fileno())
        fresh.replace(path)
