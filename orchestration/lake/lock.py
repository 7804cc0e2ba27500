"""The one-writer guard of a lake: a file lock the system releases when its holder dies."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from catalog.workspace import Workspace

PATIENCE_SECONDS = 3600.0
NOTICE_SECONDS = 0.5


class LakeBusyError(TimeoutError):
    """Another writer held the lake for longer than we may wait."""


@contextmanager
def writer_lock(
    workspace: Workspace, *, timeout: float = PATIENCE_SECONDS, notify: Callable[[str], None] | None = None
) -> Iterator[None]:
    """Hold the lake for writing; waits up to `timeout` seconds and says through `notify` who holds it.

    Nested use in one thread is fine. LakeBusyError names the holder when the time is up.
    """
    from filelock import FileLock, Timeout

    workspace.home.mkdir(parents=True, exist_ok=True)
    lock = FileLock(workspace.lock, is_singleton=True)
    try:
        lock.acquire(timeout=min(timeout, NOTICE_SECONDS))
    except Timeout:
        message = f"{workspace.lock}: waiting for the lake, {_holder(workspace.lock)}"
        (notify or _to_stderr)(message)
        try:
            lock.acquire(timeout=max(0.0, timeout - NOTICE_SECONDS))
        except Timeout:
            text = f"{workspace.lock}: the lake is still {_holder(workspace.lock)} after {timeout:.0f} s."
            raise LakeBusyError(f"{text} Let that run end, or end it, then try again.") from None
    try:
        _sign(workspace.lock)
        yield
    finally:
        lock.release()


def _sign(path: Path) -> None:
    started = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    command = " ".join([Path(sys.argv[0]).name, *sys.argv[1:3]]).strip()
    path.write_text(f"process {os.getpid()} on {socket.gethostname()} ({command}) since {started}\n", encoding="utf-8")


def _holder(path: Path) -> str:
    text = path.read_text(encoding="utf-8").strip()
    return f"held by {text}" if text else "held by another process"


def _to_stderr(message: str) -> None:
    sys.stderr.write(message + "\n")
