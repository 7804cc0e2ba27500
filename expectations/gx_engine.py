"""Great Expectations on a DuckDB connection of ours: an execution engine that keeps that one connection.

As shipped, the engine closes its connection before it fetches, and DuckDB then has no rows to give.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb_engine
import sqlalchemy as sa
from great_expectations.core.batch import Batch
from great_expectations.execution_engine import SqlAlchemyExecutionEngine
from great_expectations.execution_engine.sqlalchemy_batch_data import SqlAlchemyBatchData
from great_expectations.validator.validator import Validator
from sqlalchemy.pool import StaticPool

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

    def release(self) -> None:
        """Give the SQLAlchemy connection back; the DuckDB connection stays open."""
        self._pinned.close()


@contextmanager
def validator(con: duckdb.DuckDBPyConnection, relation: str) -> Iterator[Validator]:
    """A validator over `relation`, a table or view visible to `con` under one plain name."""
    shared: Any = con
    engine = PinnedEngine(sa.create_engine("duckdb://", creator=lambda: _Shared(shared), poolclass=StaticPool))
    try:
        data = SqlAlchemyBatchData(execution_engine=engine, table_name=relation, create_temp_table=False)
        made = Validator(execution_engine=engine, batches=[Batch(data=data)])
        made.metrics_calculator.show_progress_bars = False
        yield made
    finally:
        engine.release()


class _Shared(duckdb_engine.ConnectionWrapper):
    """Our connection in the shape duckdb_engine wants; it is not theirs to close."""

    def close(self) -> None:
        """Leave the connection open: its owner closes it."""
