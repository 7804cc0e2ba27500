"""Great Expectations on a DuckDB connection of ours: an execution engine that keeps that one connection.

As shipped, the engine closes its connection before it fetches, and DuckDB then has no rows to give; and it learns the
columns of a table through PostgreSQL's catalog, which DuckDB imitates at the price of a hundred small checks.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import duckdb_engine
import sqlalchemy as sa
from great_expectations.core.batch import Batch
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
from great_expectations.validator.validator import Validator
from sqlalchemy.pool import StaticPool

from expectations.sql import identifier, literal

if TYPE_CHECKING:
    import duckdb


class PinnedEngine(SqlAlchemyExecutionEngine):  # type: ignore[misc]  # the library ships no types
    """Runs every metric on one SQLAlchemy connection, held until `release`."""

    def __init__(self, engine: sa.Engine) -> None:
        super().__init__(engine=engine)
        self._pinned = engine.connect()

    @contextmanager
    def get_connection(self) -> Iterator[sa.Connection]:
        """The pinned connection; leaving the block does not close it."""
        yield self._pinned

    def get_inspector(self) -> Described:
        """What the columns of a table are, asked of DuckDB in its own words."""
        return Described(self.engine.dialect, self._pinned)

    def release(self) -> None:
        """Give the SQLAlchemy connection back; the DuckDB connection stays open."""
        self._pinned.close()


@dataclass(frozen=True)
class Described:
    """The part of SQLAlchemy's inspector that the library asks for."""

    dialect: sa.Dialect
    connection: sa.Connection

    def get_columns(self, table_name: str, schema: str | None = None) -> list[dict[str, Any]]:
        """Name, type and nullability of every column, in order; an error of DuckDB when there is no such table."""
        named = identifier(table_name) if schema is None else f"{identifier(schema)}.{identifier(table_name)}"
        known = self.dialect.ischema_names  # type: ignore[attr-defined]  # PostgreSQL's, which DuckDB's is made from
        rows = self.connection.exec_driver_sql(f"DESCRIBE {named}").fetchall()
        return [
            {
                "name": str(name),
                "type": known.get(str(kind).partition("(")[0].lower(), sa.types.NullType)(),
                "nullable": nullable == "YES",
                "default": default,
            }
            for name, kind, nullable, _, default, _ in rows
        ]

    def get_pk_constraint(self, table_name: str, schema: str | None = None) -> dict[str, Any]:
        """No key: what is checked is a copy, which declares none."""
        return {"constrained_columns": [], "name": None}


@contextmanager
def validator(con: duckdb.DuckDBPyConnection, relation: str) -> Iterator[Validator]:
    """A validator over `relation`, a temporary table of `con`, inside `looking_in_temp`."""
    shared: Any = con
    engine = PinnedEngine(sa.create_engine("duckdb://", creator=lambda: _Shared(shared), poolclass=StaticPool))
    try:
        data = SqlAlchemyBatchData(execution_engine=engine, table_name=relation, create_temp_table=False)
        made = Validator(execution_engine=engine, batches=[Batch(data=data)])
        made.metrics_calculator.show_progress_bars = False
        yield made
    finally:
        engine.release()


@contextmanager
def looking_in_temp(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Look plain names up among temporary tables alone: with a lake in use, every look-up first asks the lake."""
    row = con.execute("SELECT current_setting('search_path')").fetchone()
    before = str(row[0]) if row else ""
    con.execute("SET search_path = 'temp'")
    try:
        yield
    finally:
        con.execute(f"SET search_path = {literal(before)}")


class _Shared(duckdb_engine.ConnectionWrapper):
    """Our connection in the shape duckdb_engine wants; it is not theirs to close."""

    def close(self) -> None:
        """Leave the connection open: its owner closes it."""
