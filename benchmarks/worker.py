"""One build in a process of its own: `python -m benchmarks.worker platform|by_hand LANDED WORK NOTE`."""

from __future__ import annotations

import time

BEGAN = time.time()

import json  # noqa: E402
import sys  # noqa: E402
from datetime import date  # noqa: E402
from pathlib import Path  # noqa: E402


def main(who: str, landed: Path, work: Path, note: Path) -> None:
    """Build what landed below `landed` into `work` and write what it took to `note`."""
    period = json.loads((landed / "landed.json").read_text(encoding="utf-8"))
    first, last = date.fromisoformat(period["first"]), date.fromisoformat(period["last"])
    work.mkdir(parents=True, exist_ok=True)
    if who == "platform":
        from benchmarks.platform_build import build  # noqa: PLC0415

        if not (work / "landing").exists():
            (work / "landing").symlink_to((landed / "landing").resolve())
        told = build(work, first, last)
    else:
        began = time.perf_counter()
        from benchmarks.by_hand.run import build as by_hand  # noqa: PLC0415

        imports = time.perf_counter() - began
        told = by_hand(landed / "landing", work, last)
        told["phases"]["start-up: imports"] = told["cpu"]["start-up: imports"] = imports
    note.write_text(json.dumps({"began": BEGAN, **told}), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], *(Path(argument) for argument in sys.argv[2:5]))
