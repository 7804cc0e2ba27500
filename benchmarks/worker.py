"""One build in a process of its own.

python -m benchmarks.worker platform|by_hand LANDED WORK NOTE     what landed in LANDED, built in WORK
python -m benchmarks.worker day DAY HOME NOTE                     one more business date, pulled and built in HOME
"""

from __future__ import annotations

import json
import sys
import time
from datetime import date
from pathlib import Path
from typing import Any

BEGAN = time.time()  # before what takes time to import: that is imported where it is used


def one_day(day: date, home: Path) -> dict[str, Any]:
    """What a run of one business date took; the departments must be served."""
    from benchmarks.platform_build import build

    took = time.time() - BEGAN
    return _with_imports(build(home, day, day, pulling=True), took)


def full(who: str, landed: Path, work: Path) -> dict[str, Any]:
    """What a build of everything landed below `landed` into `work` took."""
    period = json.loads((landed / "landed.json").read_text(encoding="utf-8"))
    first, last = date.fromisoformat(period["first"]), date.fromisoformat(period["last"])
    work.mkdir(parents=True, exist_ok=True)
    if who == "platform":
        from benchmarks.platform_build import build

        took = time.time() - BEGAN
        if not (work / "landing").exists():
            (work / "landing").symlink_to((landed / "landing").resolve())
        return _with_imports(build(work, first, last), took)
    from benchmarks.by_hand.run import build as by_hand

    took = time.time() - BEGAN
    return _with_imports(by_hand(landed / "landing", work, last), took)


def _with_imports(told: dict[str, Any], took: float) -> dict[str, Any]:
    told["phases"]["start-up: imports"] = took
    told["cpu"]["start-up: imports"] = took
    return told


if __name__ == "__main__":
    who, source, target, note = sys.argv[1:5]
    found = one_day(date.fromisoformat(source), Path(target)) if who == "day" else full(who, Path(source), Path(target))
    Path(note).write_text(json.dumps({"began": BEGAN, **found}), encoding="utf-8")
