"""One city, built once per test run through the real chain: departments, landing, reading, models, release."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from filelock import FileLock

from catalog.release import ReleaseManifest, read_current, read_manifest
from catalog.workspace import Workspace
from orchestration.lake.connect import open_lake
from tests.city.systems import ROOT, SPINE, SPINE_DEPARTMENTS, Civiclake, Systems

# Eighteen days see a late grid file, one sent twice, both broken ones and three weekly credit lists.
SCALE = ("--scale", "small", "--days", "18", *SPINE_DEPARTMENTS)


@dataclass(frozen=True)
class Built:
    """A city that was run as the demonstration is: its history in one run, its last day in a second one."""

    home: Path

    @property
    def workspace(self) -> Workspace:
        """The platform's state."""
        return Workspace(self.home)

    @property
    def systems(self) -> Systems:
        """The departments' state."""
        return Systems(self.workspace.departments)

    @property
    def last(self) -> date:
        """The last business date, that of the second run."""
        return self.systems.days()[-1]

    def runs(self) -> list[tuple[date, date]]:
        """First and last business date of the two runs."""
        first, *_, before, last = self.systems.days()
        return [(first, before), (last, last)]

    def told(self, run: int) -> Path:
        """What run 1 or 2 printed."""
        return self.home.parent / f"run-{run}.log"

    @property
    def before(self) -> Path:
        """The workspace as it was before the second run; to be copied."""
        return self.home.parent / "before"

    def permits_before(self, run: int) -> Path:
        """The permits database as run 1 or 2 met it."""
        return self.home.parent / f"permits-{run}.sqlite"

    def release(self, number: int | None = None) -> ReleaseManifest:
        """The manifest of a release, by default of the served one."""
        found = number or read_current(self.workspace)
        assert found is not None
        return read_manifest(self.workspace, found)

    def rows(self, query: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Rows of one query of the lake."""
        with _lake(self.workspace).cursor() as con:
            return con.execute(query, values or []).fetchall()


@cache
def _lake(workspace: Workspace) -> duckdb.DuckDBPyConnection:
    """The lake, read only; opening it takes longer than most queries."""
    return open_lake(workspace, read_only=True)


@pytest.fixture(scope="session")
def civiclake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Civiclake]:
    """The `civiclake` command."""
    command = Civiclake(tmp_path_factory.mktemp("civiclake"))
    yield command
    command.stop()


@pytest.fixture(scope="session")
def city(tmp_path_factory: pytest.TempPathFactory, civiclake: Civiclake) -> Built:
    """The city all tests look at and none changes; shared by all test processes."""
    root = shared_root(tmp_path_factory)
    built, finished = Built(root / "city" / "yunzhou"), root / "city.built"
    with FileLock(root / "city.lock"):
        if not finished.exists():
            shutil.rmtree(built.home.parent, ignore_errors=True)
            build(built, civiclake)
            finished.touch()
    return built


def shared_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that all processes of this test run see."""
    root = tmp_path_factory.getbasetemp()
    return root.parent if os.environ.get("PYTEST_XDIST_WORKER") else root


def build(built: Built, civiclake: Civiclake) -> None:
    """Generate the departments, then run the history and the last day."""
    built.home.mkdir(parents=True)
    built.systems.generate(*SCALE)
    with built.systems.serving() as env:
        for number, (start, end) in enumerate(built.runs(), start=1):
            built.systems.advance(end)
            shutil.copy(built.systems.home / "permits.sqlite", built.permits_before(number))
            done = civiclake(
                "run", "--city", SPINE, "--home", built.home, "--from", str(start), "--to", str(end), env=env
            )
            assert done.code == 0, done.output
            built.told(number).write_text(done.output, encoding="utf-8")
            if number == 1:
                departments = shutil.ignore_patterns(built.workspace.departments.name)
                shutil.copytree(built.home, built.before, symlinks=True, ignore=departments)


@pytest.fixture(scope="session")
def served(city: Built, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of `civiclake serve` over a copy of the city's releases."""
    home = tmp_path_factory.mktemp("served")
    shutil.copytree(city.workspace.releases, home / "releases")
    code = "from orchestration.cli.main import main; main()"
    words = ["serve", "--no-steward", "--port", "18000", "--city", str(SPINE), "--home", str(home)]
    env = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen([sys.executable, "-c", code, *words], cwd=ROOT, stdout=subprocess.PIPE, env=env)
    try:
        assert process.stdout is not None
        told = iter(process.stdout.readline, b"")
        address = next(found for line in told if (found := re.search(r"Gateway\s+(http://\S+)", line.decode())))
        with httpx.Client(base_url=address.group(1), timeout=30, verify=False) as client:
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)
