"""Load by wrk: prepared calls from one to many connections, and what came of them."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.programs import library_path, wrk
from benchmarks.peers.questions import Call

_SCRIPT = """
local calls, at = {}, 0
init = function(args)
  for line in io.lines(%s) do
    calls[#calls + 1] = wrk.format(%s)
  end
end
request = function()
  at = at %% #calls + 1
  return calls[at]
end
done = function(summary, latency, requests)
  local e = summary.errors
  local broken = e.connect + e.read + e.write + e.timeout
  local form = 'FIGURES {"requests":%%d,"microseconds":%%d,"p50":%%d,"p99":%%d,"refused":%%d,"broken":%%d}'
  print(string.format(form, summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    e.status, broken))
end
"""


@dataclass(frozen=True)
class Load:
    """Requests a second, the middle and the 99th percentile of their milliseconds, answers that were errors."""

    rate: float
    p50: float
    p99: float
    failed: int


def load(programs: Path, address: str, calls: Sequence[Call], *, connections: int, seconds: int, folder: Path) -> Load:
    """Ask one call after the other, round and round, for so many seconds; they differ in path or body only."""
    first = calls[0]
    lines, script = folder / "calls.txt", folder / "load.lua"
    lines.write_text("".join(f"{call.body or call.path}\n" for call in calls), encoding="utf-8")
    headers = ", ".join(f"[{_text(name)}] = {_text(value)}" for name, value in first.headers.items())
    path, body = ("line", "nil") if first.body is None else (_text(first.path), "line")
    wanted = f"{_text(first.method)}, {path}, {{{headers}}}, {body}"
    script.write_text(_SCRIPT % (_text(str(lines)), wanted), encoding="utf-8")
    command = [wrk(programs), "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", script, address]
    env = {**os.environ, "LD_LIBRARY_PATH": library_path(programs)}
    asked = [str(part) for part in command]
    done = subprocess.run(asked, capture_output=True, text=True, timeout=seconds + 120, check=True, env=env)
    line = next(found for found in done.stdout.splitlines() if found.startswith("FIGURES "))
    told = json.loads(line.removeprefix("FIGURES "))
    return Load(
        told["requests"] / (told["microseconds"] / 1e6), told["p50"] / 1000, told["p99"] / 1000,
        told["refused"] + told["broken"],
    )  # fmt: skip


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
