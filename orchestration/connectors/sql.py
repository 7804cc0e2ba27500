"""SQL connector: the rows of a day, and all keys where deletes are learned from them, as NDJSON objects.

All tables of a feed are read in one read-only transaction, so they show the same moment; their receipts are
recorded together. A pull cut short records nothing and reads anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, tzinfo
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    NoSuchModuleError,
    NoSuchTableError,
    OperationalError,
)

from catalog.contract.model import Table
from catalog.contract.options import SqlSource, SqlTransport
from orchestration.connectors.base import PullTask
from orchestration.connectors.database import make_engine, safe_uri, snapshot
from orchestration.connectors.env import hide
from orchestration.connectors.errors import SourceError
from orchestration.connectors.ndjson import NdjsonEncoder
from orchestration.connectors.patience import TransientError, patiently
from orchestration.landing.records import Receipt
from orchestration.landing.store import ObjectTooLargeError, StoredObject

LOGIN_REFUSED = "28"  # class of SQLSTATE codes: another try will not help


def pull_sql(task: PullTask, transport: SqlTransport) -> None:
    """Land the day's rows of every table, and the keys of tables with `deletes: key_snapshot`."""
    if task.ledger.has_receipts(task.pull):
        return  # a crash came between recording and closing
    text = task.setting(transport.url, "transport.url")
    try:
        url = sa.make_url(text)
        engine = make_engine(task, url, allow_private=transport.allow_private)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        reason = hide(str(error), text)
        mend = "Give an SQLAlchemy URL such as postgresql://user@host/database, and install its driver"
        raise task.error("transport.url", f"not a usable database URL: {reason}", mend) from None
    try:
        receipts = patiently(task, lambda: _read(task, engine, url), key="transport.url")
    finally:
        engine.dispose()
    task.ledger.record(task.pull, receipts)
    for receipt in receipts:
        task.landed(receipt)


def _read(task: PullTask, engine: sa.Engine, url: sa.URL) -> list[Receipt]:
    """Objects of all tables from one snapshot; TransientError when the database may answer another time."""
    try:
        with snapshot(task, engine) as connection, NdjsonEncoder() as encoder:
            found: list[Receipt] = []
            for table in task.contract.tables:
                for variant, entry in enumerate(table.options.variants):
                    if isinstance(entry.source, SqlSource):  # the first is the living one, others read older objects
                        reader = _TableReader(
                            task,
                            connection,
                            encoder,
                            table=table,
                            variant=variant,
                            source=entry.source,
                            database=safe_uri(url),
                        )
                        found += reader.land()
                        break
            return found
    except DBAPIError as error:
        reason = hide(" ".join(str(error.orig).split()), url.password, url.render_as_string(hide_password=False))
        if not isinstance(error, OperationalError | InterfaceError):
            mend = "See that the file or server is the right one and its user may read the tables"
            raise task.error("transport.url", f"the database refuses to be read: {reason}", mend) from None
        if str(getattr(error.orig, "sqlstate", None) or "").startswith(LOGIN_REFUSED):
            mend = "Renew user and password in the environment"
            raise task.error("transport.url", f"the database refuses the login: {reason}", mend) from None
        raise TransientError(f"the database failed: {reason}") from None


class _TableReader:
    """Reads one table of one pull inside the snapshot."""

    def __init__(
        self,
        task: PullTask,
        connection: sa.Connection,
        encoder: NdjsonEncoder,
        *,
        table: Table,
        variant: int,
        source: SqlSource,
        database: str,
    ) -> None:
        self._task = task
        self._connection = connection
        self._encoder = encoder
        self._table = table
        self._variant = variant
        self._source = source
        self._uri = f"{database}#{source.table}"
        schema, _, name = source.table.rpartition(".")
        self._types = self._reflect(name, schema or None)
        self._relation = sa.table(name, *map(sa.column, self._types), schema=schema or None)

    def land(self) -> list[Receipt]:
        """Receipts of the stored objects: the rows, then the keys if the contract wants them."""
        base = f"{self._table.name}/{self._task.business_date:%Y%m%d}"
        columns = self._relation.c
        updated, keys = self._column(self._source.updated_at, "updated_at"), self._keys()
        since, before = (self._bound(moment) for moment in self._task.window())
        rows = sa.select(*columns).where(updated >= since, updated < before).order_by(updated, *keys)
        stored, count = self._store(rows)
        self._task.records += count
        receipts = [self._task.receipt(self._table, stored, f"{base}.ndjson", self._uri, variant=self._variant)]
        if self._table.options.deletes == "key_snapshot":
            if not keys:
                raise self._error("deletes", "key_snapshot needs a primary key", "Mark the key columns primaryKey")
            stored, _ = self._store(sa.select(*keys).order_by(*keys))
            name = f"{base}.keys.ndjson"
            receipt = self._task.receipt(self._table, stored, name, self._uri, variant=self._variant, role="keys")
            receipts.append(receipt)
        return receipts

    def _store(self, query: sa.Select[Any]) -> tuple[StoredObject, int]:
        """Store what a query gives; the object and its number of rows."""
        limit, batch = self._task.limits.max_object_bytes, self._source.batch_rows
        try:
            with (
                self._stream(query, batch) as result,
                self._task.ledger.store.writer(limit) as writer,
            ):
                count = 0
                for rows in result.partitions(batch):
                    writer.write(self._encoder.encode(tuple(result.keys()), rows))
                    count += len(rows)
                    self._task.remaining()
                return writer.store(), count
        except ObjectTooLargeError as error:
            raise self._error("source", f"a day has {error}", "Raise limits.max_object_bytes") from None

    @contextmanager
    def _stream(self, query: sa.Select[Any], batch: int) -> Iterator[sa.CursorResult[Any]]:
        options = {"stream_results": True, "max_row_buffer": batch}
        with self._connection.execute(query, execution_options=options) as result:
            yield result

    def _reflect(self, name: str, schema: str | None) -> dict[str, Any]:
        """Column names in the table's order with their types."""
        try:
            found = sa.inspect(self._connection).get_columns(name, schema=schema)
        except NoSuchTableError:
            text = f"the database has no table {self._source.table}"
            raise self._error("source.table", text, "Correct the name") from None
        return {column["name"]: column["type"] for column in found}

    def _column(self, name: str, key: str) -> sa.ColumnElement[Any]:
        if name not in self._types:
            text = f"table {self._source.table} has no column {name}"
            raise self._error(f"source.{key}", text, f"It has {', '.join(self._types)}")
        return self._relation.c[name]

    def _keys(self) -> list[sa.ColumnElement[Any]]:
        properties = {column.name: column.physical_name or column.name for column in self._table.properties}
        return [self._column(properties[name], "table") for name in self._table.key]

    def _bound(self, moment: datetime) -> datetime | date | str:
        """The window's edge as the database compares it with `updated_at`."""
        kind = self._types[self._source.updated_at]
        if self._connection.dialect.name == "sqlite" or isinstance(kind, sa.String):
            return moment.date().isoformat()  # a prefix of every ISO spelling, with T or blank
        if isinstance(kind, sa.DateTime):
            zone: tzinfo | None = self._task.zone if kind.timezone else None
            return moment.replace(tzinfo=zone)
        if isinstance(kind, sa.Date):
            return moment.date()
        text = f"column {self._source.updated_at} is {kind}, neither a date, a time nor ISO text"
        raise self._error("source.updated_at", text, "Name a column that says when a row changed")

    def _error(self, key: str, text: str, mend: str) -> SourceError:
        return self._task.error(f"schema[{self._table.name}].{key}", text, mend)
