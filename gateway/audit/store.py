"""The store of the audit log: SQLite in WAL mode or PostgreSQL; rows are only ever added, in one chain."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, RowMapping, Select, create_engine, event, insert, make_url, select, text

from gateway.audit.chain import GENESIS, Checkpoint, Fields, link
from gateway.audit.keys import SigningKey
from gateway.audit.migrate import CHAIN
from gateway.audit.tables import access, checkpoint
from gateway.store_connections import close_connections
from gateway.store_forms import begun

Clock = Callable[[], datetime]

_READ_AHEAD = 1000


class LogAlteredError(Exception):
    """The log is not as it was sealed; nothing is added to it. The text says what is wrong."""


def utc_now() -> datetime:
    """The time."""
    return datetime.now(UTC)


def plain(row: RowMapping) -> dict[str, Any]:
    """A row under names that are nothing but text, as JSON wants them."""
    return {str(name): value for name, value in row.items()}


class Snapshot:
    """The log as one transaction sees it; memory stays flat however long it is."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self) -> Iterator[dict[str, Any]]:
        """Every row, in order of its place."""
        for row in self._stream(select(access).order_by(access.c.seq)):
            yield plain(row)

    def checkpoints(self) -> Iterator[Checkpoint]:
        """Every checkpoint, in order of its number."""
        for row in self._stream(select(checkpoint).order_by(checkpoint.c.number)):
            yield Checkpoint(**row)

    def _stream(self, statement: Select[Any]) -> Iterator[RowMapping]:
        found = self._connection.execute(statement, execution_options={"yield_per": _READ_AHEAD})
        yield from found.mappings()


class AuditStore:
    """The log behind a URL. Connects on first use; every method blocks.

    All processes write one chain: a batch holds the write lock of the database for the milliseconds it takes.
    """

    def __init__(self, url: str | URL) -> None:
        self._engine = _engine(url)
        self._newest: Checkpoint | None = None

    def prepare(self) -> None:
        """Bring the tables to the newest form, and make the folder of an SQLite file if it is not there.

        Raises NewerFormError when the log was made by a newer program.
        """
        file = self._engine.url.database if self._engine.dialect.name == "sqlite" else None
        if file:
            Path(file).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            Path(file).touch(mode=0o600)  # SQLite gives its other files the mode of this one
        CHAIN.upgrade(begun(self._engine), self._writing)

    def expect(self, anchor: Checkpoint) -> None:
        """Insist that the log holds the checkpoint that the anchor knows. Raises LogAlteredError."""
        found = self.query(select(checkpoint).where(checkpoint.c.number == anchor.number))
        if not found or Checkpoint(**found[0]) != anchor:
            raise LogAlteredError(
                f"the log lacks checkpoint {anchor.number}, which the anchor knows: it was cut off, or"
                " control/ and seals/ are of different times; put both back from one copy"
            )
        self._newest = anchor

    def close(self) -> None:
        """Close all connections."""
        close_connections(self._engine)

    def append(self, rows: Sequence[Fields], key: SigningKey, at: datetime) -> tuple[Checkpoint, str]:
        """Add rows and a checkpoint over them in one transaction. The checkpoint, and the signature before it.

        Raises LogAlteredError when the end of the log is not the one last sealed.
        """
        with self._writing() as connection:
            sealed, before, (seq, latest) = self._end(connection, key)
            linked = []
            for fields in rows:
                seq, previous, latest = seq + 1, latest, link(latest, fields)
                linked.append({**fields, "seq": seq, "prev_hash": previous, "hash": latest})
            connection.execute(insert(access), linked)
            stamp = at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            newest = Checkpoint(sealed + 1, seq, latest, stamp, key.id, "")
            newest = replace(newest, signature=key.sign(newest.message(before)).hex())
            connection.execute(insert(checkpoint), vars(newest))
        self._newest = newest
        return newest, before

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The log as it is at one moment, however much is added meanwhile."""
        engine = self._engine
        if engine.dialect.name == "postgresql":
            engine = engine.execution_options(isolation_level="REPEATABLE READ")
        with engine.begin() as connection:
            yield Snapshot(connection)

    def query(self, statement: Select[Any]) -> Sequence[RowMapping]:
        """The rows of a SELECT over the tables."""
        with self._engine.begin() as connection:
            return connection.execute(statement).mappings().all()

    def _end(self, connection: Connection, key: SigningKey) -> tuple[int, str, tuple[int, str]]:
        """Number and signature of the last checkpoint, place and hash of the last row: they must agree."""
        sealed = connection.execute(select(checkpoint).order_by(checkpoint.c.number.desc()).limit(2)).mappings().all()
        columns = select(access.c.seq, access.c.hash)
        row = connection.execute(columns.order_by(access.c.seq.desc()).limit(1)).first()
        place = (row.seq, row.hash) if row else (0, GENESIS)
        if not sealed:
            if row or self._newest:
                raise LogAlteredError("the log has rows and no checkpoint, or lost them all")
            return 0, "", place
        last = Checkpoint(**sealed[0])
        before = sealed[1]["signature"] if len(sealed) > 1 else ""
        if last.key_id == key.id and not key.verifies(_bytes(last.signature), last.message(before)):
            raise LogAlteredError(f"checkpoint {last.number} does not carry a signature of key {key.id}")
        if place != (last.seq, last.hash):
            raise LogAlteredError(f"the log ends at row {place[0]}, the last checkpoint at row {last.seq}")
        if self._newest and last.number < self._newest.number:
            raise LogAlteredError(f"checkpoint {self._newest.number} has gone; the log ends at {last.number}")
        return last.number, last.signature, place

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            if self._engine.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('civiclake audit log'))"))
            yield connection


def _bytes(signature: str) -> bytes:
    try:
        return bytes.fromhex(signature)
    except ValueError:
        return b""


def _engine(url: str | URL) -> Engine:
    engine = create_engine(url, pool_pre_ping=make_url(url).get_backend_name() != "sqlite")
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _settings(connection: Any, _record: Any) -> None:
            connection.isolation_level = None  # the driver would begin too late: the write lock is taken first
            for pragma in ("busy_timeout=10000", "journal_mode=WAL", "synchronous=FULL"):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def _begin(connection: Connection) -> None:
            writes = connection.get_execution_options().get("writes")
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine
