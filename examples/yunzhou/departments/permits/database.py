"""The permits database: SQLite by default, PostgreSQL by URL; changes of the log are applied day by day."""

# ruff: noqa: E501  -- SQL with Chinese text, in which a character counts as two columns

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

TABLE = "xk_info"
COLUMNS = (
    "xk_wsh", "xk_xkjgdm", "xk_xkjg", "xk_xdr_mc", "xk_xdr_lb", "xk_xdr_shxym", "xk_xdr_zjlx", "xk_xdr_zjhm", "xk_frdb",
    "xk_xkws", "xk_xklb", "xk_xkzs", "xk_xkbh", "xk_nr", "xk_jdrq", "xk_yxqz", "xk_yxqzi", "xk_zt", "xk_lydw", "xk_sxdm",
    "xk_jd", "xk_wd", "xk_xzqh", "bz", "gssj", "gxsj",
)  # fmt: skip
SQLITE_TYPES = {"xk_jd": "real", "xk_wd": "real"}
POSTGRESQL_TYPES = {"xk_jd": "double precision", "xk_wd": "double precision", "gxsj": "timestamp"}
BATCH = 5_000
PREFIX = "postgresql"


class PermitsDatabase:
    """The table of permits behind a DB-API connection; `mark` is the connection's parameter mark."""

    def __init__(self, connection: Any, mark: str, types: Mapping[str, str]) -> None:
        self._connection, self._mark, self._types = connection, mark, types

    def reset(self) -> None:
        """Creates the table anew, empty."""
        columns = ", ".join(f"{name} {self._types.get(name, 'text')}" for name in COLUMNS)
        cursor = self._connection.cursor()
        cursor.execute(f"drop table if exists {TABLE}")
        cursor.execute(f"create table {TABLE} ({columns})")
        cursor.execute(f"create index {TABLE}_changed on {TABLE} (gxsj)")
        cursor.execute(f"create index {TABLE}_key on {TABLE} (xk_wsh, xk_xkjgdm)")
        self._connection.commit()

    def apply(self, log: Path, after: date | None, until: date) -> None:
        """Applies the changes of the days after `after` up to `until`."""
        with closing(sqlite3.connect(f"file:{log}?mode=ro", uri=True)) as changes:
            first = changes.execute("select min(day) from change").fetchone()[0]
            day = after + timedelta(days=1) if after else date.fromisoformat(first or str(until))
            while day <= until:
                self._apply_day(changes, day)
                day += timedelta(days=1)
        self._connection.commit()

    def _apply_day(self, changes: sqlite3.Connection, day: date) -> None:
        """Removes the rows that were deleted or changed, then adds the new state of those changed or new."""
        cursor = self._connection.cursor()
        gone = f"delete from {TABLE} where xk_wsh = {self._mark} and xk_xkjgdm = {self._mark}"
        for keys in _batches(changes, "select xk_wsh, xk_xkjgdm from change where day = ? and op <> 'insert'", day):
            cursor.executemany(gone, keys)
        marks = ", ".join([self._mark] * len(COLUMNS))
        added = f"select {', '.join(COLUMNS)} from change where day = ? and op <> 'delete' order by seq"
        for rows in _batches(changes, added, day):
            cursor.executemany(f"insert into {TABLE} ({', '.join(COLUMNS)}) values ({marks})", rows)


def _batches(changes: sqlite3.Connection, query: str, day: date) -> Iterator[list[Any]]:
    cursor = changes.execute(query, [str(day)])
    while rows := cursor.fetchmany(BATCH):
        yield rows


@contextmanager
def connect(url: str) -> Iterator[PermitsDatabase]:
    """The database of a URL: `sqlite:///path`, or `postgresql[+psycopg]://…`."""
    if url.startswith("sqlite:///"):
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as connection:
            yield PermitsDatabase(connection, "?", SQLITE_TYPES)
    elif url.startswith(PREFIX):
        import psycopg

        with psycopg.connect(PREFIX + url.removeprefix(PREFIX).removeprefix("+psycopg")) as connection:
            yield PermitsDatabase(connection, "%s", POSTGRESQL_TYPES)
    else:
        raise SystemExit(f"{url}: neither sqlite:///… nor postgresql://…")


def create_log(path: Path) -> sqlite3.Connection:
    """An empty log of changes: day, seq, op (insert, update, delete) and the columns of the table."""
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    columns = ", ".join(f"{name} {SQLITE_TYPES.get(name, 'text')}" for name in COLUMNS)
    connection.execute(f"create table change (day text, seq integer, op text, {columns})")
    return connection
