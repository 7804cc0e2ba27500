"""A migrated control store on SQLite and on real PostgreSQL; a test that asks for one runs on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.control.store import ControlStore, sqlite_url
from tests.orchestration.postgres_server import fresh_database


@pytest.fixture(scope="session")
def postgres_url(postgres_server: str) -> str:
    """The server of the session; databases are made in it."""
    return postgres_server.replace("postgresql://", "postgresql+psycopg://")


@pytest.fixture(params=["sqlite", "postgresql"])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """URL of an empty database."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "it's 50%" / "control.sqlite")
    return fresh_database(request.getfixturevalue("postgres_url"), request.node.name)


@pytest.fixture
def store(store_url: str) -> Iterator[ControlStore]:
    """A store with all its tables."""
    opened = ControlStore(store_url)
    opened.migrate()
    yield opened
    opened.close()
