"""Connections to a department's database: guarded address, read-only, one snapshot for everything read."""

from __future__ import annotations

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.pool import NullPool

from orchestration.connectors.base import PullTask
from orchestration.connectors.guard import Guard
from orchestration.connectors.patience import TransientError

KEY = "transport.url"
CONNECT_SECONDS = 10
LEADS_ELSEWHERE = frozenset({"hostaddr", "service", "servicefile", "unix_socket"})
DEFAULT_PORTS = {"postgresql": 5432, "mysql": 3306, "mariadb": 3306, "mssql": 1433, "oracle": 1521}


def make_engine(task: PullTask, url: sa.URL, *, allow_private: bool) -> sa.Engine:
    """An engine that connects to the checked address of the URL's host; AddressRefusedError if it may not."""
    backend = url.get_backend_name()
    if backend == "sqlite":
        return _sqlite_engine(task, url)
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    host = _host(task, url)
    arguments: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS} if backend == "postgresql" else {}
    if host is None or host.startswith("/"):
        if not allow_private:
            text, mend = (
                "the database is on this machine",
                "Set `allow_private: true` in the transport if that is right",
            )
            raise Guard("", allow_private=False, contract=task.contract_file, key=KEY).refused(text, mend)
        return sa.create_engine(url, poolclass=NullPool, connect_args=arguments)
    guard = Guard(host, allow_private=allow_private, contract=task.contract_file, key=KEY)

    engine = sa.create_engine(url, poolclass=NullPool, connect_args=arguments)

    @sa.event.listens_for(engine, "do_connect")
    def _pin(dialect: sa.Dialect, record: Any, args: list[Any], parameters: dict[str, Any]) -> None:
        """Resolve and check for every connection; libpq keeps verifying the host's name."""
        port = url.port or DEFAULT_PORTS.get(backend, 0)
        try:
            address = guard.addresses(host, port)[0]
        except socket.gaierror as error:
            raise TransientError(f"{host} cannot be resolved: {error.strerror}") from None
        parameters["hostaddr" if backend == "postgresql" else "host"] = address

    return engine


@contextmanager
def snapshot(task: PullTask, engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection in one read-only transaction that sees one state of the database."""
    with engine.connect() as plain:
        connection = plain
        if engine.dialect.name == "postgresql":
            connection = plain.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {int(task.remaining() * 1000)}")
        elif engine.dialect.name == "sqlite":
            connection.exec_driver_sql("BEGIN")
        elif "REPEATABLE READ" in _levels(plain):
            connection = plain.execution_options(isolation_level="REPEATABLE READ")
        try:
            yield connection
        finally:
            connection.rollback()


def safe_uri(url: sa.URL) -> str:
    """Where the database is, without user, password and options."""
    port = f":{url.port}" if url.port else ""
    return f"{url.get_backend_name()}://{url.host or ''}{port}/{url.database or ''}"


def _sqlite_engine(task: PullTask, url: sa.URL) -> sa.Engine:
    file = Path(url.database or "")
    if not file.is_file():
        raise task.error(KEY, f"there is no database file {file}", "Correct the path; four slashes make it absolute")

    def connect() -> sqlite3.Connection:
        uri = f"{file.resolve().as_uri()}?mode=ro"
        return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=CONNECT_SECONDS)

    return sa.create_engine("sqlite://", creator=connect, poolclass=NullPool)


def _host(task: PullTask, url: sa.URL) -> str | None:
    """The one host of a URL, a socket folder, or None for the driver's local default."""
    elsewhere = sorted(LEADS_ELSEWHERE & url.query.keys())
    named = [url.host] if url.host else []
    asked = url.query.get("host", ())
    named += [asked] if isinstance(asked, str) else list(asked)
    if elsewhere or len(named) > 1 or any("," in name for name in named):
        text = f"the URL names its server by {elsewhere[0]}" if elsewhere else "the URL names several hosts"
        raise task.error(KEY, text, "Name exactly one host")
    return named[0] if named else None


def _levels(connection: sa.Connection) -> list[str]:
    driver = connection.connection.dbapi_connection
    return [] if driver is None else list(connection.dialect.get_isolation_level_values(driver))
