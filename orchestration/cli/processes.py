"""Child processes of the command line: start, wait until they answer, stop them all cleanly."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType

from orchestration.cli.exits import CommandError, ExitCode

INTERRUPTED = 130  # what a shell expects of a program that was told to stop
STOPPED = "Stopped. The next run continues from what is whole."
_LEASH = Path(__file__).with_name("leash.py")
_GRACE_SECONDS = 8.0
_TRIES = 50


def free_port(wanted: int, host: str = "127.0.0.1") -> int:
    """`wanted`, or the next port above it that nobody listens on; CommandError after fifty tries."""
    for port in range(wanted, wanted + _TRIES):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port
    raise CommandError(ExitCode.ENVIRONMENT, f"ports {wanted} to {wanted + _TRIES - 1} on {host} are all taken")


@dataclass
class Children:
    """Processes that live as long as the `with` block; each in its own group, its output in a log file."""

    _running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    _logs: dict[str, Path] = field(default_factory=dict)

    def __enter__(self) -> Children:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, tb: TracebackType | None) -> None:
        self.stop()

    def start(
        self, name: str, command: Sequence[str], log: Path, *, cwd: Path | None = None, env: Mapping[str, str]
    ) -> None:
        """Start `command`; its standard output and error go to the end of `log`: another server may write to it too."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as sink:
            self._running[name] = subprocess.Popen(  # noqa: S603  -- fixed commands of our own
                [sys.executable, "-I", str(_LEASH), str(os.getpid()), *command],
                cwd=cwd,
                env={**os.environ, **env},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._logs[name] = log

    def wait_for_port(self, name: str, port: int, seconds: float = 60.0, host: str = "127.0.0.1") -> None:
        """Return when `name` accepts connections; CommandError with the end of its log when it dies or is too slow."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.require_alive(name)
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                probe.settimeout(0.5)
                if probe.connect_ex((host, port)) == 0:
                    return
            time.sleep(0.1)
        raise CommandError(ExitCode.ENVIRONMENT, f"{name} did not answer on port {port}: {self._tail(name)}")

    def wait_for_file(self, name: str, path: Path, seconds: float = 30.0) -> None:
        """Return when `name` has written `path`; CommandError when it dies or is too slow."""
        deadline = time.monotonic() + seconds
        while not path.exists():
            self.require_alive(name)
            if time.monotonic() > deadline:
                raise CommandError(ExitCode.ENVIRONMENT, f"{name} did not write {path}: {self._tail(name)}")
            time.sleep(0.05)

    def require_alive(self, name: str) -> None:
        """CommandError with the end of its log when `name` has ended."""
        status = self._running[name].poll()
        if status is not None:
            raise CommandError(ExitCode.ENVIRONMENT, f"{name} ended with status {status}: {self._tail(name)}")

    def watch(self) -> None:
        """Block as long as all of them live; CommandError names the one that ended, and the end of its log."""
        while True:
            for name in self._running:
                self.require_alive(name)
            time.sleep(0.3)

    def stop(self) -> None:
        """Ask every process group to end, newest first; after a grace period end it for good."""
        running = [p for p in reversed(self._running.values()) if p.poll() is None]
        for process in running:
            _signal_group(process, signal.SIGTERM)
        deadline = time.monotonic() + _GRACE_SECONDS
        for process in running:
            try:
                process.wait(max(0.1, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                _signal_group(process, signal.SIGKILL)
                process.wait()
        self._running.clear()

    def _tail(self, name: str) -> str:
        lines = self._logs[name].read_text(encoding="utf-8", errors="replace").splitlines()[-12:]
        return f"the end of {self._logs[name]} says\n" + "\n".join(f"  {line}" for line in lines)


@contextmanager
def stopping(children: Children, *, code: int, text: str) -> Iterator[None]:
    """Ctrl-C and SIGTERM end the block at once: stop the children, say `text`, leave with `code`.

    A thread waits for the signal, because libraries inside a run install handlers of their own and go on. A run
    may end anywhere without harm: what it had begun is undone, and the next run continues.
    """
    told, teller = socket.socketpair()
    teller.setblocking(False)
    watcher = threading.Thread(target=_leave_when_told, args=(told, children, code, text), daemon=True)
    before = {name: signal.signal(name, _nothing) for name in (signal.SIGINT, signal.SIGTERM)}
    previous = signal.set_wakeup_fd(teller.fileno(), warn_on_full_buffer=False)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(previous)
        for name, handler in before.items():
            signal.signal(name, handler)
        teller.close()
        watcher.join()
        told.close()


def _leave_when_told(told: socket.socket, children: Children, code: int, text: str) -> None:
    while numbers := told.recv(64):
        if signal.SIGINT in numbers or signal.SIGTERM in numbers:
            children.stop()
            sys.stdout.flush()
            sys.stderr.write(f"\n{text}\n")
            sys.stderr.flush()
            os._exit(code)


def _nothing(_signal: int, _frame: FrameType | None) -> None:
    """The watcher deals with it."""


def _signal_group(process: subprocess.Popen[bytes], what: signal.Signals) -> None:
    try:
        os.killpg(process.pid, what)
    except ProcessLookupError:
        return
