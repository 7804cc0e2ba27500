"""The whole city, all its feeds, built once per test run; the libraries are held against what its systems know."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from filelock import FileLock

from tests.city.conftest import Built, civiclake, shared_root
from tests.city.systems import CITY, Civiclake

__all__ = ["civiclake"]
SCALE = ("--scale", "small", "--days", "18")


@pytest.fixture(scope="session")
def libraries(tmp_path_factory: pytest.TempPathFactory, civiclake: Civiclake) -> Built:
    """The city all tests here look at and none changes: its days in one run; shared by all test processes."""
    root = shared_root(tmp_path_factory)
    built, finished = Built(root / "libraries" / "yunzhou"), root / "libraries.built"
    with FileLock(root / "libraries.lock"):
        if not finished.exists():
            shutil.rmtree(built.home.parent, ignore_errors=True)
            built.home.mkdir(parents=True)
            built.systems.generate(*SCALE)
            days = built.systems.days()
            with built.systems.serving() as env:
                words = ("run", "--city", CITY, "--home", built.home, "--from", str(days[0]), "--to", str(days[-1]))
                done = civiclake(*words, env=env)
            assert done.code == 0, done.output
            built.told(1).write_text(done.output, encoding="utf-8")
            finished.touch()
    return built


@pytest.fixture(scope="session")
def released(libraries: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a copy of the whole city's release: whoever serves it may register callers there."""
    home = tmp_path_factory.mktemp("released")
    shutil.copytree(libraries.workspace.releases, home / "releases")
    shutil.copy(libraries.workspace.policy, home)
    return home
