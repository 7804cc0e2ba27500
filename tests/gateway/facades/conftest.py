"""One server process over the lamps, for every client of a facade."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.gateway.facades.lamps import publish_lamps, served


@pytest.fixture(scope="session")
def lamps_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server that shows the lamps to the public."""
    home = tmp_path_factory.mktemp("lamps")
    publish_lamps(home)
    with served(home, Path(home) / "server.log") as address:
        yield address


@pytest.fixture(scope="session")
def lamps(lamps_address: str) -> Iterator[httpx.Client]:
    """A plain client of it."""
    with httpx.Client(base_url=lamps_address, verify=False) as client:
        yield client
