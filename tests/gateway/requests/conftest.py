"""Towns and their gateways over SQLite and PostgreSQL, and those over SQLite that a module shares."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.control.store import sqlite_url
from tests.gateway.control.conftest import postgres_url, store_url  # noqa: F401  -- fixtures
from tests.gateway.requests.counter import Counter, open_counter
from tests.gateway.requests.town import Town, open_town


@pytest.fixture
def town(store_url: str) -> Iterator[Town]:  # noqa: F811  -- the fixture
    """A town of its own for each test, on both databases."""
    opened = open_town(store_url)
    yield opened
    opened.store.close()


@pytest.fixture(scope="module")
def shared_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One town for all tests of a module; they roll back, or file cases of their own."""
    opened = open_town(sqlite_url(tmp_path_factory.mktemp("town") / "control.sqlite"))
    yield opened
    opened.store.close()


@pytest.fixture
def counter(store_url: str, tmp_path: Path) -> Iterator[Counter]:  # noqa: F811  -- the fixture
    """A gateway of its own for each test, on both databases."""
    home = tmp_path / "home"
    home.mkdir()
    with open_counter(home, store_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def shared_counter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counter]:
    """One gateway over SQLite for all tests of a module."""
    home = tmp_path_factory.mktemp("counter")
    with open_counter(home, sqlite_url(home / "control.sqlite")) as opened:
        yield opened
