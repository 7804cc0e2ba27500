"""A migrated control store on SQLite and on real PostgreSQL; a test that asks for one runs on both."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from gateway.control.store import ControlStore, sqlite_url
from tests.orchestration.postgres_server import postgres


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server of the session; databases are made in it."""
    with postgres(tmp_path_factory.mktemp("pg")) as url:
        yield url.replace("postgresql://", "postgresql+psycopg://")


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


def fresh_database(server: str, name: str) -> str:
    """URL of a new, empty database on the server."""
    plain = "".join(sign if sign.isalnum() else "_" for sign in name.lower())[:60]
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{plain}"'))
        connection.execute(text(f'CREATE DATABASE "{plain}"'))
    engine.dispose()
    return make_url(server).set(database=plain).render_as_string(hide_password=False)
