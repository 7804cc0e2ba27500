"""The demonstration city's department systems and the `civiclake` command, driven from outside as users do."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import IO, Any

ROOT = Path(__file__).resolve().parents[2]
CITY = ROOT / "examples" / "yunzhou"
SPINE = ROOT / "tests" / "city" / "spine"
"""The same city with its first four feeds alone, by links: the chain is the same however many there are."""
SPINE_DEPARTMENTS = ("--departments", "hotline,grid,permits,credit")


@dataclass(frozen=True)
class Systems:
    """The simulated departments whose state lies below `home`."""

    home: Path

    def generate(self, *options: str) -> None:
        """Make the city; options are those of `python -m departments generate`."""
        self._call("generate", *options)

    def advance(self, day: date) -> None:
        """Let the departments live until the end of `day`."""
        self._call("advance", "--to", day.isoformat())

    def setup(self) -> dict[str, Any]:
        """What the city was generated with."""
        stored: dict[str, Any] = json.loads((self.home / "setup.json").read_text(encoding="utf-8"))
        return stored

    def days(self) -> list[date]:
        """Every business date, in order."""
        first, last = (date.fromisoformat(self.setup()[name]) for name in ("first", "last"))
        return [first + timedelta(days=number) for number in range((last - first).days + 1)]

    @contextmanager
    def serving(self) -> Iterator[dict[str, str]]:
        """Run the hotline; yields the environment under which the contracts reach every department."""
        endpoints = self.home / "endpoints.json"
        endpoints.unlink(missing_ok=True)
        with (self.home / "serve.log").open("wb") as log:
            process = subprocess.Popen(self._command("serve"), cwd=CITY, stdout=log, stderr=log)
        try:
            deadline = time.monotonic() + 60
            while not _complete(endpoints):
                assert process.poll() is None, (self.home / "serve.log").read_text()
                assert time.monotonic() < deadline, "the departments did not start in time"
                time.sleep(0.02)
            yield json.loads(endpoints.read_text(encoding="utf-8"))
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)

    def _call(self, *words: str) -> None:
        done = subprocess.run(self._command(*words), cwd=CITY, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def _command(self, *words: str) -> list[str]:
        return [sys.executable, "-m", "departments", words[0], "--home", str(self.home), *words[1:]]


def _complete(file: Path) -> bool:
    try:
        return bool(json.loads(file.read_text(encoding="utf-8")))
    except (FileNotFoundError, ValueError):
        return False


@dataclass(frozen=True)
class Done:
    """A command that ended: its exit status (negative: the signal that killed it), its output and its seconds."""

    code: int
    output: str
    seconds: float


@dataclass
class Civiclake:
    """The `civiclake` command, run by a warm process (see warm.py)."""

    folder: Path
    _warm: subprocess.Popen[str] | None = None
    _runs: int = field(default=0)

    def __call__(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Done:
        """Run a command line to its end."""
        return self.start(*arguments, env=env).wait()

    def start(self, *arguments: str | Path, env: Mapping[str, str] | None = None) -> Running:
        """Start a command line; one at a time."""
        if self._warm is None:
            self._warm = subprocess.Popen(
                [sys.executable, str(Path(__file__).with_name("warm.py"))],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
                cwd=ROOT,
            )
            assert _line(self._warm.stdout) == "ready"
        assert self._warm.stdin is not None
        self._runs += 1
        log = self.folder / f"civiclake-{self._runs}.log"
        order = {"arguments": [str(word) for word in arguments], "env": dict(env or {}), "log": str(log)}
        self._warm.stdin.write(json.dumps(order) + "\n")
        self._warm.stdin.flush()
        return Running(int(_line(self._warm.stdout)), self._warm, log, time.monotonic())

    def stop(self) -> None:
        """End the warm process."""
        if self._warm is not None:
            self._warm.communicate()


@dataclass(frozen=True)
class Running:
    """A command under way."""

    process: int
    _warm: subprocess.Popen[str]
    _log: Path
    _began: float

    def until(self, text: str) -> bool:
        """Wait until it has said `text`; False when it ended without."""
        while text not in self._said():
            try:
                os.kill(self.process, 0)
            except ProcessLookupError:
                return text in self._said()
            time.sleep(0.005)
        return True

    def wait(self) -> Done:
        """Its end."""
        code = int(_line(self._warm.stdout))
        return Done(code, self._said(), time.monotonic() - self._began)

    def kill(self) -> None:
        """Kill -9 for the process and all of its children, unless it has ended."""
        with suppress(ProcessLookupError):
            os.killpg(self.process, signal.SIGKILL)

    def _said(self) -> str:
        return self._log.read_text(encoding="utf-8", errors="replace") if self._log.exists() else ""


def _line(stream: IO[str] | None) -> str:
    assert stream is not None
    line = stream.readline()
    assert line, "the warm process ended"
    return line.strip()
