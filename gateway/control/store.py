"""The control store opened: one SQLAlchemy engine, SQLite by default, PostgreSQL by URL, one writer at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from gateway.control.tables.revision import Revision
from gateway.store_connections import close_connections

READING = {"civiclake_reading": True}
"""Options of a connection that only reads: it then waits for no writer."""
_BUSY_MILLISECONDS = 10_000
_REVISION = f"SELECT {Revision.number.key} FROM {Revision.__tablename__}"


class ControlStore:
    """Opened by URL, e.g. `sqlite:////srv/city/control.sqlite` or `postgresql+psycopg://…`. Connects on first use.

    Writing transactions come one after another on either database, so what a transaction has read still holds when
    it writes. Each of them raises the revision, by which readers know that what they remember is out of date.
    """

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self._writing = sessionmaker(self._engine, expire_on_commit=False)
        self._reading = sessionmaker(self._engine.execution_options(**READING), expire_on_commit=False)

    @property
    def engine(self) -> Engine:
        """The engine, for migrations."""
        return self._engine

    @contextmanager
    def begin(self) -> Iterator[Session]:
        """One writing transaction: committed at the end, rolled back when anything is raised.

        Its first statement raises the revision and thereby waits for any other writer to end.
        """
        with self._writing.begin() as session:
            session.execute(update(Revision).values(number=Revision.number + 1))
            yield session

    @contextmanager
    def read(self) -> Iterator[Session]:
        """One transaction that only reads; it waits for nobody."""
        with self._reading.begin() as session:
            yield session

    @contextmanager
    def note(self) -> Iterator[Session]:
        """One writing transaction for marks that change nobody's rights (last use of a key): same revision after."""
        with self._writing.begin() as session:
            yield session

    def revision(self) -> int:
        """How many writing transactions there have been; any right may have changed when it has grown.

        Asked at every request, so straight through the driver: a fifteenth of the time. Raises DBAPIError.
        """
        connection = self._engine.raw_connection()
        try:
            cursor = connection.cursor()
            cursor.execute(_REVISION)
            row = cursor.fetchone()
            cursor.close()
        except self._engine.dialect.loaded_dbapi.Error as error:
            raise DBAPIError(_REVISION, None, error) from error
        finally:
            connection.close()
        return int(row[0]) if row is not None else 0

    def migrate(self) -> None:
        """Bring the tables to the newest form; does nothing when they have it, and is safe to run twice at a time."""
        from gateway.control.migrate import upgrade

        database = self._engine.url.database
        if self._engine.dialect.name == "sqlite" and database and database != ":memory:":
            Path(database).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            Path(database).touch(mode=0o600)
        upgrade(self._engine)

    def close(self) -> None:
        """Close all connections."""
        close_connections(self._engine)


def sqlite_url(file: Path) -> str:
    """URL of a SQLite file; any sign may stand in its path."""
    return make_url("sqlite://").set(database=str(file)).render_as_string()


def _engine(url: str) -> Engine:
    engine = create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _settings)
        event.listen(engine, "begin", _begin)
    return engine


def _settings(connection: Any, _record: Any) -> None:
    # The driver's own transactions start late and leave table changes out; `_begin` starts them instead.
    connection.isolation_level = None
    pragmas = (f"busy_timeout={_BUSY_MILLISECONDS}", "journal_mode=WAL", "foreign_keys=ON", "synchronous=FULL")
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get("civiclake_reading")
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")
