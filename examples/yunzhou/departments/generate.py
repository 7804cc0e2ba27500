"""Makes a city: every change and every file of its systems, and the answer key."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date

from departments import answers, entities, world
from departments.clock import advance
from departments.credit import drops as credit
from departments.defects import Defects
from departments.grid import drops as grid
from departments.home import Home, Setup
from departments.hotline import log as hotline
from departments.permits import decisions as permits


def generate(home: Home, setup: Setup, defects: Defects, *, at: date, say: Callable[[str], None]) -> None:
    """Writes the city into an emptied `home` and moves its clock to the end of `at`."""
    for name in ("hotline", "outbox", "drop"):
        shutil.rmtree(home.root / name, ignore_errors=True)
    for name in ("clock.json", "answer_key.parquet", "endpoints.json"):
        (home.root / name).unlink(missing_ok=True)
    home.save_setup(setup)
    con = world.open_world(setup, home.root / "scratch")
    entities.create_entities(con, setup)
    answers.create(con)
    for name, system in (("hotline", hotline), ("grid", grid), ("permits", permits), ("credit", credit)):
        say(f"{name} …")
        system.generate(con, home, setup, defects)
    answers.write(con, home.answer_key)
    con.close()
    shutil.rmtree(home.root / "scratch", ignore_errors=True)
    advance(home, at)
