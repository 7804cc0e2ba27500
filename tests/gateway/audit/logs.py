"""Logs for tests: rows of accesses, a log written through the real writer, and its verification."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, create_engine, text

from gateway.audit.anchor import read_anchor
from gateway.audit.chain import Fields
from gateway.audit.keys import load_or_make
from gateway.audit.record import AccessRecord
from gateway.audit.store import AuditStore
from gateway.audit.verify import Report, verify
from gateway.audit.writer import ANCHOR_FILE, KEY_FILE, AuditLog
from gateway.policy.actor import PUBLIC, Actor

BEGAN = datetime(2026, 3, 2, 8, tzinfo=UTC)


def row(number: int, actor: Actor = PUBLIC, **changes: object) -> Fields:
    """The fields of one access."""
    record = AccessRecord(f"request-{number}", actor=actor, dataset="tickets", release=1, columns=("a", "b"), rows=5)
    for name, value in changes.items():
        setattr(record, name, value)
    return record.row(BEGAN + timedelta(seconds=number), "/v1/datasets/{dataset}/rows", 200, 100, complete=True)


@contextmanager
def running(url: str, keys: Path, capacity: int = 10_000) -> Iterator[AuditLog]:
    """A log that writes, stopped at the end."""
    log = AuditLog(AuditStore(url), keys, capacity=capacity, clock=lambda: BEGAN)
    log.start(10)
    try:
        yield log
    finally:
        log.stop(10)


def write(url: str, keys: Path, batches: tuple[int, ...], first: int = 1) -> None:
    """Write batches of so many rows."""
    with running(url, keys) as log:
        for size in batches:
            for number in range(first, first + size):
                log.put(row(number), kept=False)
            assert log.flush(10)
            first += size


def verified(url: str, keys: Path) -> Report:
    """The verification with the key and the anchor of the folder."""
    key = load_or_make(keys / KEY_FILE)
    store = AuditStore(url)
    try:
        return verify(store, {key.id: key}, read_anchor(keys / ANCHOR_FILE))
    finally:
        store.close()


@contextmanager
def intruder(url: str) -> Iterator[Connection]:
    """A connection of somebody who may do everything in the database, its triggers included."""
    engine = create_engine(url)
    with engine.begin() as connection:
        for table in ("audit_access", "audit_checkpoint"):
            if engine.dialect.name == "sqlite":
                for change in ("update", "delete"):
                    connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_no_{change}"))
            else:
                connection.execute(text(f"DROP TRIGGER IF EXISTS {table}_append_only ON {table}"))
        yield connection
    engine.dispose()
