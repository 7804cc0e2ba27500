"""Server processes: started, waited for, watched for the memory of their whole tree, ended."""

from __future__ import annotations

import os
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

_PATIENCE = 300.0
_EVERY = 0.5
_LONGEST = 120.0
_IDLE = 0.1  # of one core: servers look at this and that even when nobody asks


@dataclass(frozen=True)
class Served:
    """A server that answers at `port` of this machine; `roots` are the processes it consists of, with all below."""

    port: int
    roots: tuple[int, ...]

    @property
    def address(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])


@contextmanager
def running(
    command: Sequence[str | Path],
    log: Path,
    *,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    user: str | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """A process for the time of a block; its output goes to `log`. It gets half a minute to end."""
    with log.open("wb") as sink:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdout=sink,
            stderr=sink,
            cwd=cwd,
            user=user,
            env={**os.environ, **(env or {})},
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the address answers; RuntimeError when the process ends before or it takes too long."""
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                answer.read()
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                tail = log.read_text(encoding="utf-8", errors="replace")[-2000:]
                raise RuntimeError(f"{url} does not answer ({error}):\n{tail}") from error
        time.sleep(0.1)


def settle(roots: Sequence[int]) -> None:
    """Wait until a server has stopped working at what nobody waits for any more, at most two minutes: what it does then
    would be told of the next one."""
    deadline = time.monotonic() + _LONGEST
    before = worked(roots)
    while time.monotonic() < deadline:
        time.sleep(_EVERY)
        now = worked(roots)
        if now - before < _IDLE * _EVERY:
            return
        before = now


def worked(roots: Sequence[int]) -> float:
    """Seconds of processor that a tree of processes has used."""
    ticks = 0
    for process in _tree(roots):
        with suppress(OSError):  # it ended meanwhile
            stat = Path(f"/proc/{process}/stat").read_text(encoding="utf-8", errors="replace")
            ticks += sum(map(int, stat.rpartition(")")[2].split()[11:13]))
    return ticks / os.sysconf("SC_CLK_TCK")


class Memory:
    """The most memory a tree of processes had at once, in bytes, what they share counted once (PSS)."""

    def __init__(self, roots: Sequence[int]) -> None:
        self._roots, self._over, self.peak = roots, threading.Event(), 0
        self._watching = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._watching.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._watching.join()

    def _watch(self) -> None:
        while True:
            self.peak = max(self.peak, sum(map(_bytes, _tree(self._roots))))
            if self._over.wait(_EVERY):
                return


def _tree(roots: Sequence[int]) -> set[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text(encoding="utf-8", errors="replace")
            except OSError:  # it ended meanwhile
                continue
            children.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(entry.name))
    found, todo = set(), list(roots)
    while todo:
        process = todo.pop()
        found.add(process)
        todo += children.get(process, [])
    return found


def _bytes(process: int) -> int:
    try:
        text = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    except OSError:  # it ended meanwhile
        return 0
    return next((int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith("Pss:")), 0)
