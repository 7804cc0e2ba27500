"""A simulated city whose departments' deliveries have landed: the common ground of every benchmark."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

from catalog.city import City, load_city
from catalog.workspace import Workspace

ROOT = Path(__file__).resolve().parents[1]
SYSTEMS = ROOT / "examples" / "yunzhou"
FOUR_FEEDS = ROOT / "tests" / "city" / "spine"
# What the script by hand does not do, as far as a city can be without it.
WITHOUT = ("codes", "enforcement", "evaluation", "inspection", "ledgers", "places", "vital_signs")
SEED = 7
SERVER_SECONDS = 60


@dataclass(frozen=True)
class Landed:
    """A workspace that holds nothing but departments and their landed deliveries; days are business dates."""

    home: str
    scale: str
    first: str
    last: str
    generate_seconds: float
    land_seconds: float
    objects: int
    megabytes: float


def yunzhou() -> City:
    """The demonstration city with its first four feeds."""
    return load_city(FOUR_FEEDS).model_copy(update={"without": WITHOUT})


def landed_city(home: Path, scale: str, *, days: int | None = None, unlanded: int = 0) -> Landed:
    """The city in `home`, generated and landed day by day unless that was done before.

    Each day the departments live until its end and every feed is pulled, as in service: corrections, hard deletes
    and late files land as they came. `days` is another length than the scale's; the last `unlanded` of them are
    simulated and have not landed.
    """
    note = home / "landed.json"
    if note.exists():
        return Landed(**json.loads(note.read_text(encoding="utf-8")))
    workspace = Workspace(home)
    first, last, generate_seconds = _generate(workspace, scale, days)
    last -= timedelta(days=unlanded)
    began = time.monotonic()
    with departments_served(workspace):
        for number in range((last - first).days + 1):
            land_day(workspace, first + timedelta(days=number))
    land_seconds = time.monotonic() - began
    objects = [file for file in workspace.landing_objects.rglob("*") if file.is_file()]
    landed = Landed(
        home=str(home),
        scale=scale,
        first=str(first),
        last=str(last),
        generate_seconds=generate_seconds,
        land_seconds=land_seconds,
        objects=len(objects),
        megabytes=sum(file.stat().st_size for file in objects) / 1e6,
    )
    note.write_text(json.dumps(asdict(landed), indent=1), encoding="utf-8")
    return landed


def land_day(workspace: Workspace, day: date) -> None:
    """Let the departments live until the end of `day` and pull every feed for it; the hotline must be served."""
    from orchestration.landing.pull import pull

    advance(workspace, day)
    city = yunzhou()
    for feed in city.feeds:
        pull(city, feed, day, workspace)


def advance(workspace: Workspace, day: date) -> None:
    """Let the departments stand at the end of `day`."""
    _departments(workspace, "advance", "--to", day.isoformat())


@contextmanager
def departments_served(workspace: Workspace) -> Iterator[dict[str, str]]:
    """The departments' endpoints, reachable under the environment the contracts name, which is yielded."""
    endpoints = workspace.departments / "endpoints.json"
    endpoints.unlink(missing_ok=True)
    command = [sys.executable, "-m", "departments", "serve", "--home", str(workspace.departments)]
    quiet = [*command, "--throttle-every", "0", "--fail-every", "0"]
    with subprocess.Popen(quiet, cwd=SYSTEMS, stdout=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + SERVER_SECONDS
            while not endpoints.exists():
                if server.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError("the departments do not serve; run the command by hand: " + " ".join(command))
                time.sleep(0.05)
            told: dict[str, str] = json.loads(endpoints.read_text(encoding="utf-8"))
            os.environ.update(told)
            yield told
        finally:
            server.terminate()


def _generate(workspace: Workspace, scale: str, days: int | None) -> tuple[date, date, float]:
    """First day, last day, seconds it took."""
    began = time.monotonic()
    options = ["--departments", ",".join(yunzhou().feeds), *(["--days", str(days)] if days else [])]
    _departments(workspace, "generate", "--scale", scale, "--seed", str(SEED), *options)
    setup = json.loads((workspace.departments / "setup.json").read_text(encoding="utf-8"))
    return date.fromisoformat(setup["first"]), date.fromisoformat(setup["last"]), time.monotonic() - began


def _departments(workspace: Workspace, *words: str) -> None:
    command = [sys.executable, "-m", "departments", words[0], "--home", str(workspace.departments), *words[1:]]
    subprocess.run(command, cwd=SYSTEMS, check=True, stdout=subprocess.DEVNULL)
