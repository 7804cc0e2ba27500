"""A command as a process of its own: its wall time, processor time and the peak memory of its whole tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SAMPLE_SECONDS = 0.05
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Measured:
    """One run. `seconds` of wall clock, `cpu` of both cores together, `peak_mb` resident at once in all processes.

    `told` is what the process wrote about itself, with `began`, the moment its own code took over.
    """

    seconds: float
    cpu: float
    peak_mb: float
    told: dict[str, Any]
    interpreter: float


def measured(module: str, *arguments: str, note: Path, env: dict[str, str] | None = None) -> Measured:
    """Run `python -m module arguments… note`; RuntimeError with the end of its output when it fails."""
    note.unlink(missing_ok=True)
    log = note.with_suffix(".log")
    with log.open("wb") as sink:
        began, clock = time.monotonic(), time.time()
        process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments, str(note)],
            stdout=sink,
            stderr=subprocess.STDOUT,
            env={**os.environ, **(env or {})},
        )
        peak = 0
        while True:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            if pid:
                break
            peak = max(peak, _resident(process.pid))
            time.sleep(SAMPLE_SECONDS)
        seconds = time.monotonic() - began
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        tail = log.read_text(encoding="utf-8", errors="replace")[-3000:]
        raise RuntimeError(f"python -m {module} {' '.join(arguments)} ended with {process.returncode}:\n{tail}")
    told = json.loads(note.read_text(encoding="utf-8"))
    return Measured(seconds, usage.ru_utime + usage.ru_stime, peak / 1e6, told, told["began"] - clock)


def _resident(root: int) -> int:
    """Resident bytes of a process and all its descendants."""
    parents: dict[int, list[int]] = {}
    pages: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            stat = (entry / "stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
            pages[int(entry.name)] = int((entry / "statm").read_text(encoding="ascii").split()[1])
        except (OSError, IndexError):  # it ended meanwhile
            continue
        parents.setdefault(int(stat[1]), []).append(int(entry.name))
    total, todo = 0, [root]
    while todo:
        pid = todo.pop()
        total += pages.get(pid, 0) * PAGE
        todo += parents.get(pid, [])
    return total
