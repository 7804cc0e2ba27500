"""Towns over SQLite and PostgreSQL, and one over SQLite that a module shares."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from gateway.control.store import sqlite_url
from tests.gateway.control.conftest import postgres_url, store_url  # noqa: F401  -- fixtures
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
