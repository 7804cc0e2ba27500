"""The platform's full build beside a hand-written DuckDB script over the same landed objects, in one run.

.venv/bin/python -m benchmarks.full_build --scale medium
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
from pathlib import Path
from statistics import median

from benchmarks.by_hand.run import models as by_hand_models
from benchmarks.city import Landed, landed_city
from benchmarks.compare import Compared, compare
from benchmarks.measure import Measured, measured
from benchmarks.tables import seconds, table

HOME = Path(".civiclake") / "benchmarks"
START_UP = "start-up"
SHOWN_NODES = 12


def main() -> None:
    """Land a city once, build it both ways in turns, compare the answers, print the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.full_build", description=__doc__)
    parser.add_argument("--scale", choices=("small", "medium", "city"), default="medium")
    parser.add_argument("--rounds", type=int, default=3, help="builds of each kind, taken in turns")
    parser.add_argument("--home", type=Path, default=HOME, help="where the city is kept between runs")
    chosen = parser.parse_args()
    home = (chosen.home / chosen.scale).resolve()
    landed = landed_city(home, chosen.scale)
    print(_city(landed))
    empty = _empty_city(home, landed)
    runs: dict[str, list[Measured]] = {"platform": [], "by_hand": [], "empty": []}
    for number in range(chosen.rounds):
        for who, source in (("platform", home), ("by_hand", home), ("empty", empty)):
            work = home / "work" / who
            shutil.rmtree(work, ignore_errors=True)
            program = "by_hand" if who == "by_hand" else "platform"
            runs[who].append(measured("benchmarks.worker", program, str(source), str(work), note=home / f"{who}.json"))
            print(f"round {number + 1}, {who}: {runs[who][-1].seconds:.1f} s", flush=True)
    compared = compare(home / "work" / "platform", home / "work" / "by_hand")
    print("\n" + "\n\n".join(report(runs, compared)))
    (home / "full_build.json").write_text(
        json.dumps({who: [vars(run) for run in found] for who, found in runs.items()}), encoding="utf-8"
    )


def report(runs: dict[str, list[Measured]], compared: list[Compared]) -> list[str]:
    """The tables of a finished benchmark."""
    return [_answers(compared), _totals(runs), _platform_time(runs), _hand_time(runs), _node_time(runs)]


def _city(landed: Landed) -> str:
    load = os.getloadavg()[0]
    return (
        f"{landed.scale} city, {landed.first} to {landed.last}: {landed.objects} objects, {landed.megabytes:.0f} MB; "
        f"simulated in {landed.generate_seconds:.0f} s, landed in {landed.land_seconds:.0f} s (once, for both). "
        f"Load of the machine at the start: {load:.1f} on {os.cpu_count()} cores"
    )


def _empty_city(home: Path, landed: Landed) -> Path:
    """The same period of a city that delivered nothing: what a build costs before the first row."""
    empty = home / "empty"
    (empty / "landing").mkdir(parents=True, exist_ok=True)
    (empty / "landed.json").write_text(json.dumps(vars(landed)), encoding="utf-8")
    return empty


def _answers(compared: list[Compared]) -> str:
    rows = [
        (
            c.name,
            c.platform,
            c.by_hand,
            c.only_platform,
            c.only_by_hand,
            {True: "yes", False: "no", None: ""}[c.same_file],
        )
        for c in compared
    ]
    header = ("answers", "platform", "by hand", "only platform", "only by hand", "CSV equal")
    samples = [f"{c.name}: {line}" for c in compared for line in c.sample]
    return "\n".join([table(header, rows), *samples])


def _totals(runs: dict[str, list[Measured]]) -> str:
    platform, by_hand, empty = (runs[who] for who in ("platform", "by_hand", "empty"))
    rows = []
    for name, of in (
        ("whole process", lambda run: run.seconds),
        ("start-up", start_up),
        ("build, start-up apart", lambda run: run.seconds - start_up(run)),
        ("processor seconds, start-up included", lambda run: run.cpu),
    ):
        values = [median(of(run) for run in found) for found in (platform, by_hand, empty)]
        ratio = "" if name == "start-up" else f"{values[0] / values[1]:.2f}"
        rows.append((name, seconds(values[0]), seconds(values[1]), ratio, seconds(values[2])))
    spread = [
        f"{min(r.seconds for r in found):.1f}–{max(r.seconds for r in found):.1f}"
        for found in (platform, by_hand, empty)
    ]
    rows.append(("whole process, least and most", spread[0], spread[1], "", spread[2]))
    peaks = [max(run.peak_mb for run in found) for found in (platform, by_hand, empty)]
    rows.append(("peak memory, MB", *(f"{p:.0f}" for p in peaks[:2]), f"{peaks[0] / peaks[1]:.2f}", f"{peaks[2]:.0f}"))
    fixed = median(run.seconds for run in platform) - median(run.seconds for run in empty)
    hand = median(run.seconds - start_up(run) for run in by_hand)
    rows.append(("what the data adds", seconds(fixed), seconds(hand), f"{fixed / hand:.2f}", ""))
    beside = median(sum(_beside(run).values()) for run in platform)
    built = median(run.seconds - start_up(run) for run in platform) - beside
    rows.append(
        (
            "build, start-up and what only the platform builds apart",
            seconds(built),
            seconds(hand),
            f"{built / hand:.2f}",
            "",
        )
    )
    header = ("seconds, median", "platform", "by hand", "ratio", "platform, nothing delivered")
    return table(header, rows)


def _beside(run: Measured) -> dict[str, float]:
    """Seconds of the models the script has no part in; staging views are part of reading."""
    theirs = by_hand_models()
    return {
        name: took
        for name, took in run.told["nodes"].items()
        if name.startswith("model.") and (model := name.split(".")[-1]) not in theirs and not model.startswith("stg_")
    }


def start_up(run: Measured) -> float:
    """Seconds before the first row: interpreter, imports, and the phases that say so of themselves."""
    return run.interpreter + sum(took for name, took in run.told["phases"].items() if name.startswith(START_UP))


def _phases(found: list[Measured], clock: str = "phases") -> dict[str, float]:
    """Median seconds by phase; `clock` is phases (wall) or cpu."""
    names = dict.fromkeys(name for run in found for name in run.told[clock])
    phases = {name: median(run.told[clock].get(name, 0.0) for run in found) for name in names}
    phases[f"{START_UP}: interpreter"] = median(run.interpreter for run in found) if clock == "phases" else 0.0
    whole = median(run.seconds if clock == "phases" else run.cpu for run in found)
    phases["not told apart"] = whole - sum(phases.values())
    return phases


def _platform_time(runs: dict[str, list[Measured]]) -> str:
    phases, empty = _phases(runs["platform"]), _phases(runs["empty"])
    cpu, whole = _phases(runs["platform"], "cpu"), sum(phases.values())
    rows = [
        (name, seconds(took), f"{took / whole:.0%}", seconds(cpu.get(name, 0.0)), seconds(empty.get(name, 0.0)))
        for name, took in sorted(phases.items(), key=lambda item: -item[1])
    ]
    return table(("the platform's time", "seconds", "share", "processor", "nothing delivered"), rows)


def _hand_time(runs: dict[str, list[Measured]]) -> str:
    phases, cpu = _phases(runs["by_hand"]), _phases(runs["by_hand"], "cpu")
    whole = sum(phases.values())
    rows = [(name, seconds(took), f"{took / whole:.0%}", seconds(cpu.get(name, 0.0))) for name, took in phases.items()]
    return table(("the script's time", "seconds", "share", "processor"), rows)


def _node_time(runs: dict[str, list[Measured]]) -> str:
    nodes = [run.told["nodes"] for run in runs["platform"]]
    took = {name: median(found.get(name, 0.0) for found in nodes) for name in nodes[0]}
    layers: dict[str, list[float]] = {}
    for name, value in took.items():
        kind, _, node = name.split(".")[:3]
        layers.setdefault("tests" if kind == "test" else node.split("_")[0], []).append(value)
    rows = [(f"{layer}: {len(values)} nodes", seconds(sum(values))) for layer, values in layers.items()]
    slowest = sorted(((n, v) for n, v in took.items() if n.startswith("model.")), key=lambda item: -item[1])
    rows += [(name.split(".")[-1], seconds(value)) for name, value in slowest[:SHOWN_NODES]]
    beside = _beside(runs["platform"][0])
    rows.append((f"what only the platform builds: {len(beside)} models", seconds(sum(took[name] for name in beside))))
    return table(("dbt, by layer and slowest models", "seconds"), rows)


if __name__ == "__main__":
    main()
