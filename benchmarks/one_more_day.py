"""What one more business date costs on a short and on a long history of the same daily volume, in one run.

    .venv/bin/python -m benchmarks.one_more_day --scale medium --short 10 --long 90 --days 5

Each day is a process of its own, as a nightly run is: it pulls what the departments have, reads it, builds, checks
and publishes. The two cities take turns.
"""

from __future__ import annotations

import argparse
import os
import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from statistics import median

from benchmarks.city import advance, departments_served, landed_city
from benchmarks.full_build import HOME, START_UP
from benchmarks.measure import Measured, measured
from benchmarks.tables import seconds, table
from catalog.workspace import Workspace

STATE = ("landing", "lake", "dbt", "dagster", "releases")
SHOWN_SECONDS = 0.05


@dataclass
class History:
    """A city of which `days` were built, up to `last`; `runs` are its further days."""

    days: int
    workspace: Workspace
    last: date
    environment: dict[str, str] = field(default_factory=dict)
    runs: list[Measured] = field(default_factory=list)


def main() -> None:
    """Make both histories, add the days in turns, print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.one_more_day", description=__doc__)
    parser.add_argument("--scale", choices=("small", "medium", "city"), default="medium")
    parser.add_argument("--short", type=int, default=10, help="days of the short history")
    parser.add_argument("--long", type=int, default=90, help="days of the long history")
    parser.add_argument("--days", type=int, default=5, help="days to add to each")
    parser.add_argument("--home", type=Path, default=HOME, help="where the histories are kept between runs")
    chosen = parser.parse_args()
    histories = [
        _history(chosen.home.resolve() / f"{chosen.scale}-{days}-days", chosen.scale, days, chosen.days)
        for days in (chosen.short, chosen.long)
    ]
    with ExitStack() as served:
        for history in histories:
            advance(history.workspace, history.last)
            history.environment = served.enter_context(departments_served(history.workspace))
        for number in range(1, chosen.days + 1):
            for history in histories:
                _add_day(history, history.last + timedelta(days=number))
    print("\n" + report(*histories))


def report(short: History, long: History) -> str:
    """The table of a finished benchmark: totals, then every phase that takes a moment on either side."""
    rows = [
        _line("whole process", *([run.seconds for run in h.runs] for h in (short, long))),
        _line("processor seconds", *([run.cpu for run in h.runs] for h in (short, long))),
    ]
    names = dict.fromkeys(name for h in (short, long) for run in h.runs for name in run.told["phases"])
    phases = [(name, *([run.told["phases"].get(name, 0.0) for run in h.runs] for h in (short, long))) for name in names]
    kept = [phase for phase in phases if max(median(phase[1]), median(phase[2])) >= SHOWN_SECONDS]
    moving = [phase for phase in kept if not phase[0].startswith(START_UP)]
    rows.append(_line("start-up", *_summed(short, long, startup=True)))
    rows.append(_line("the day, start-up apart", *_summed(short, long, startup=False)))
    rows += [_line(*phase) for phase in sorted(moving, key=lambda phase: median(phase[1]) - median(phase[2]))]
    header = ("seconds, median", f"after {short.days} days", f"after {long.days} days", "ratio", "difference")
    rows_in = [f"peak memory, MB: {max(r.peak_mb for r in h.runs):.0f} after {h.days} days" for h in (short, long)]
    return table(header, rows) + "\n\n" + "; ".join(rows_in)


def _line(name: str, short: list[float], long: list[float]) -> tuple[str, ...]:
    a, b = median(short), median(long)
    return name, seconds(a), seconds(b), f"{b / a:.2f}" if a >= SHOWN_SECONDS else "", f"{b - a:+.2f}"


def _summed(short: History, long: History, *, startup: bool) -> list[list[float]]:
    return [
        [
            sum(took for name, took in run.told["phases"].items() if name.startswith(START_UP) == startup)
            + (run.interpreter if startup else 0.0)
            for run in history.runs
        ]
        for history in (short, long)
    ]


def _history(home: Path, scale: str, days: int, more: int) -> History:
    """The first `days` of a city landed and built in `home`: done once, put back on every later run."""
    kept = home / "kept"
    landed = landed_city(home, scale, days=days + more, unlanded=more)
    if not kept.exists():
        run = measured("benchmarks.worker", "platform", str(home), str(home), note=home / "build.json")
        print(f"{days} days built in {run.seconds:.0f} s", flush=True)
        _copy(home, home / "kept.new")
        (home / "kept.new").rename(kept)
    else:
        _copy(kept, home)
    return History(days, Workspace(home), date.fromisoformat(landed.last))


def _copy(source: Path, target: Path) -> None:
    for name in STATE:
        shutil.rmtree(target / name, ignore_errors=True)
        shutil.copytree(source / name, target / name, copy_function=_link)


def _link(source: str, target: str) -> None:
    """Landed objects and the lake's files never change, so another name will do; the rest is copied."""
    if "/objects/" in source or "/lake/data/" in source:
        os.link(source, target)
    else:
        shutil.copy2(source, target)


def _add_day(history: History, day: date) -> None:
    advance(history.workspace, day)
    note = history.workspace.home / "day.json"
    environment = history.environment
    run = measured("benchmarks.worker", "day", day.isoformat(), str(history.workspace.home), note=note, env=environment)
    history.runs.append(run)
    print(f"{day}, after {history.days} days: {run.seconds:.1f} s, release {run.told['outcome']}", flush=True)


if __name__ == "__main__":
    main()
