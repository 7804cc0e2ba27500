"""One simulated city for all tests of its departments."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.examples.yunzhou_systems import generate


@pytest.fixture(scope="session")
def simulated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small city at the end of its last day; tests that move its clock take a copy."""
    return generate(tmp_path_factory.mktemp("yunzhou") / "city")


@pytest.fixture
def movable(simulated: Path, tmp_path: Path) -> Path:
    """A copy of the city whose clock a test may move."""
    home = shutil.copytree(simulated, tmp_path / "city")
    setup = json.loads((home / "setup.json").read_text())
    setup["permits_url"] = f"sqlite:///{home}/permits.sqlite"
    (home / "setup.json").write_text(json.dumps(setup))
    return home
