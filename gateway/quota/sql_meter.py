"""Meters shared by processes: an SQLite file for the workers of one machine, PostgreSQL for several machines."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.problems import Busy
from gateway.quota.meter import IMPOSSIBLE, Full, Price, Quota, Reading, reading, refusal
from gateway.store_connections import close_connections

_WAIT = 0.25  # seconds a worker waits for another one's step; a step takes some 20 microseconds
_FORGET_EVERY = 10_000  # steps after which callers whose buckets are full again are dropped

_TABLE = (
    "CREATE TABLE IF NOT EXISTS quota_meter "
    "(caller VARCHAR(100) PRIMARY KEY, requests DOUBLE PRECISION NOT NULL, cost DOUBLE PRECISION NOT NULL)"
)
_FORGET = "DELETE FROM quota_meter WHERE requests < :now AND cost < :now"
_READ = "SELECT requests, cost FROM quota_meter WHERE caller = :caller"


def _take(larger: str) -> str:
    """One statement that takes from both buckets or from none; it returns a row only if it took."""

    def after(bucket: str) -> str:
        held = f"quota_meter.{bucket}"
        return f"CASE WHEN {held} - :now > :impossible THEN :now ELSE {larger}({held}, :now) END + :{bucket}"

    return (
        "INSERT INTO quota_meter (caller, requests, cost) VALUES (:caller, :now + :requests, :now + :cost) "
        f"ON CONFLICT (caller) DO UPDATE SET requests = {after('requests')}, cost = {after('cost')} "
        f"WHERE {after('requests')} <= :latest AND {after('cost')} <= :latest RETURNING requests, cost"
    )


class _Parameters:
    """The bound values of one step."""

    def __init__(self, caller: str, price: Price, quota: Quota, now: float) -> None:
        requests, cost = price.waits(quota)
        latest = now + quota.window + 1e-4
        self.values: Mapping[str, str | float] = {
            "caller": caller, "now": now, "requests": requests, "cost": cost, "latest": latest,
            "impossible": IMPOSSIBLE * quota.window,
        }  # fmt: skip


class SqliteMeter:
    """The meter of one machine, opened at its first step. A step is shorter than handing it to a thread would be, so
    it runs on the event loop. The file outlives its processes, but need not a crash of the machine: it is never
    waited for."""

    def __init__(self, file: Path) -> None:
        self._file, self._opened, self._closed = file, list[sqlite3.Connection](), False
        self._statement, self._steps = _take("max"), 0

    async def take(self, caller: str, price: Price, quota: Quota, now: float) -> Reading:
        """Raises Busy when the file cannot be written: without its count nothing is served."""
        values = _Parameters(caller, price, quota, now).values
        try:
            connection = self._opened[0] if self._opened else self._open()
            self._steps += 1
            if self._steps % _FORGET_EVERY == 0:
                connection.execute(_FORGET, values)
            taken: Full | None = connection.execute(self._statement, values).fetchone()
            if taken is not None:
                return reading(taken, quota, now)
            return refusal(connection.execute(_READ, values).fetchone(), price, quota, now)
        except sqlite3.Error as error:
            raise Busy("What callers use cannot be counted now.", headers={"Retry-After": "5"}) from error

    def close(self) -> None:
        """Close the file, for good."""
        self._closed = True
        for connection in self._opened:
            connection.close()

    def _open(self) -> sqlite3.Connection:
        if self._closed:
            raise sqlite3.ProgrammingError(f"{self._file} was closed")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self._file, timeout=_WAIT, isolation_level=None, check_same_thread=False)
        self._opened.append(connection)
        for pragma in ("journal_mode=WAL", "synchronous=OFF"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute(_TABLE)
        return connection


class PostgresMeter:
    """The meter of workers on several machines, by SQLAlchemy URL. A step is one round trip, in a thread."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, pool_pre_ping=True)
        self._statement, self._read, self._forget = text(_take("greatest")), text(_READ), text(_FORGET)
        self._making, self._made, self._steps = threading.Lock(), False, 0

    async def take(self, caller: str, price: Price, quota: Quota, now: float) -> Reading:
        """Raises Busy when the database does not answer: without its count nothing is served."""
        self._steps += 1
        try:
            return await asyncio.to_thread(self._take, caller, price, quota, now)
        except SQLAlchemyError as error:
            raise Busy("What callers use cannot be counted now.", headers={"Retry-After": "5"}) from error

    def close(self) -> None:
        """Close all connections."""
        close_connections(self._engine)

    def _take(self, caller: str, price: Price, quota: Quota, now: float) -> Reading:
        values = dict(_Parameters(caller, price, quota, now).values)
        self._make()
        with self._engine.begin() as connection:
            if self._steps % _FORGET_EVERY == 0:
                connection.execute(self._forget, {"now": now})
            taken = connection.execute(self._statement, values).fetchone()
            if taken is not None:
                return reading((taken[0], taken[1]), quota, now)
            before = connection.execute(self._read, {"caller": caller}).fetchone()
            return refusal((before[0], before[1]) if before else (now, now), price, quota, now)

    def _make(self) -> None:
        """Make the table, by one thread of one process at a time."""
        with self._making:
            if not self._made:
                with self._engine.begin() as connection:
                    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('civiclake quota'))"))
                    connection.execute(text(_TABLE))
                self._made = True
