"""Makes a city: every change and every file of its systems, and the answer key."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from datetime import date

from departments import answers, entities, places, world
from departments.clock import advance
from departments.communities import drops as communities
from departments.components import drops as components
from departments.credit import drops as credit
from departments.defects import Defects
from departments.enforcement import drops as enforcement
from departments.facilities import drops as facilities
from departments.grid import drops as grid
from departments.home import Home, Setup
from departments.hotline import log as hotline
from departments.patrol import drops as patrol
from departments.permits import decisions as permits
from departments.population import drops as population
from departments.register import drops as register
from departments.sensors import drops as sensors

SYSTEMS = {
    "hotline": hotline,
    "grid": grid,
    "permits": permits,
    "credit": credit,
    "register": register,
    "population": population,
    "components": components,
    "sensors": sensors,
    "patrol": patrol,
    "enforcement": enforcement,
    "communities": communities,
    "places": facilities,
}


def generate(
    home: Home, setup: Setup, defects: Defects, *, systems: Collection[str], at: date, say: Callable[[str], None]
) -> None:
    """Writes the `systems` (names of SYSTEMS) of the city into an emptied `home`, as they stand at the end of `at`.

    What a system holds does not depend on which others are there.
    """
    for name in ("hotline", "outbox", "drop", "truth"):
        shutil.rmtree(home.root / name, ignore_errors=True)
    for name in ("clock.json", "answer_key.parquet", "endpoints.json", home.permits_log.name):
        (home.root / name).unlink(missing_ok=True)
    home.save_setup(setup)
    con = world.open_world(setup, home.root / "scratch")
    entities.create_entities(con, setup)
    places.create_places(con, setup)
    answers.create(con)
    for name, system in SYSTEMS.items():
        if name in systems:
            say(f"{name} …")
            system.generate(con, home, setup, defects)
    answers.write(con, home.answer_key)
    con.close()
    shutil.rmtree(home.root / "scratch", ignore_errors=True)
    advance(home, at)
