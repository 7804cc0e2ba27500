"""Dagster's SQLite event log with connections that stay open, and the results of a step written together.

Dagster opens a new engine for every event and writes each in several transactions of its own. A run has over a
thousand, most of them told in one go: a step's results, and before a run what it intends. Kept engines and one
transaction for many events make an event cost half a millisecond instead of eleven.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import dagster
import sqlalchemy as sa
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS, DagsterEventType
from dagster._core.events.log import EventLogEntry
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus as Status
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable, SqlEventLogStorageTable
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME, SqliteEventLogStorage

_BUSY_SECONDS = 30
_TOGETHER = 500
# These may wait for others of their kind: told in long rows, and followed by the end of what told them.
_WAITING = frozenset(
    {
        DagsterEventType.STEP_OUTPUT,
        DagsterEventType.ASSET_MATERIALIZATION,
        DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
        *ASSET_CHECK_EVENTS,
    }
)
_CHECKS = AssetCheckExecutionsTable.c
_EVALUATED = (
    sa.update(AssetCheckExecutionsTable)
    .where(
        _CHECKS.asset_key == sa.bindparam("of_asset"),
        _CHECKS.check_name == sa.bindparam("of_check"),
        _CHECKS.run_id == sa.bindparam("of_run"),
        _CHECKS.partition.is_not_distinct_from(sa.bindparam("of_partition")),
    )
    .values(
        execution_status=sa.bindparam("status"),
        evaluation_event=sa.bindparam("event"),
        evaluation_event_timestamp=sa.bindparam("timestamp"),
        evaluation_event_storage_id=sa.bindparam("event_id"),
        materialization_event_storage_id=sa.bindparam("materialization_id"),
    )
)


class KeptSqliteEventLogStorage(SqliteEventLogStorage):
    """One pooled engine per database file. With WAL, `synchronous = NORMAL` survives a crash of the process.

    Events that wait are written with the first that may not, before anything is read, and when they are many. What a
    killed process had waiting is lost with it, and so is the end of its run: the lake has its own accounts.
    """

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        self._engines: dict[str, sa.Engine] = {}
        self._tables_seen: set[str] = set()
        self._waiting: list[EventLogEntry] = []
        self._waiting_lock = threading.Lock()
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> KeptSqliteEventLogStorage:
        """Made by Dagster from dagster.yaml."""
        return cls(inst_data=inst_data, **config_value)

    def store_event(self, event: EventLogEntry) -> None:
        """Write the event now, or with those to come."""
        if not (event.run_id and event.is_dagster_event and event.dagster_event_type in _WAITING):
            self._write_waiting()
            super().store_event(event)
            return
        with self._waiting_lock:
            self._waiting.append(event)
            many = len(self._waiting) >= _TOGETHER
        if many:
            self._write_waiting()

    def has_table(self, table_name: str) -> bool:
        """Whether the index has this table. Asked for every check of every run: a table once seen stays."""
        if table_name not in self._tables_seen and super().has_table(table_name):
            self._tables_seen.add(table_name)
        return table_name in self._tables_seen

    def dispose(self) -> None:
        """Write what waits and close what was kept open."""
        self._write_waiting()
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        super().dispose()

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sa.Connection]:
        self._write_waiting()
        with self._db_lock:
            engine = self._engine(shard)
            if shard not in self._initialized_dbs:
                self._prepare(shard, engine)
                self._initialized_dbs.add(shard)
            with engine.connect() as connection, connection.begin():
                yield connection

    def _engine(self, shard: str) -> sa.Engine:
        if shard not in self._engines:
            engine = sa.create_engine(self.conn_string_for_shard(shard), connect_args={"timeout": _BUSY_SECONDS})
            sa.event.listen(engine, "connect", _relax)
            self._engines[shard] = engine
        return self._engines[shard]

    def _prepare(self, shard: str, engine: sa.Engine) -> None:
        """Make the tables of a shard: those of a new run are copied from an empty one this Dagster made before."""
        file, empty = Path(self.path_for_shard(shard)), Path(self._base_dir) / f"empty-{dagster.__version__}.sqlite"
        if shard == INDEX_SHARD_NAME or file.exists():
            self._initdb(engine)
        elif empty.exists():
            fresh = file.with_suffix(".new")
            shutil.copyfile(empty, fresh)
            fresh.replace(file)
        else:
            self._initdb(engine)
            fresh = empty.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            with closing(engine.raw_connection()) as connection:
                connection.cursor().execute("VACUUM INTO ?", (str(fresh),))
            fresh.replace(empty)

    def _has_asset_key_col_on_connection(self, conn: sa.Connection, column_name: str) -> bool:
        """Whether the index knows this of an asset; asked for every event, and once known it stays."""
        seen = f"asset_keys.{column_name}"
        if seen not in self._tables_seen and super()._has_asset_key_col_on_connection(conn, column_name):
            self._tables_seen.add(seen)
        return seen in self._tables_seen

    def _write_waiting(self) -> None:
        with self._waiting_lock:
            events, self._waiting = self._waiting, []
        for run_id in dict.fromkeys(event.run_id for event in events):
            self._write(run_id, [event for event in events if event.run_id == run_id])

    def _write(self, run_id: str, events: Sequence[EventLogEntry]) -> None:
        """What Dagster writes for each of the events of a run, in two transactions: the run's shard and the index."""
        rows = [self._event_to_row(event) for event in events]
        with self.run_connection(run_id) as connection:
            connection.execute(sa.insert(SqlEventLogStorageTable), rows)
        mirrored = [pair for pair in zip(events, rows, strict=True) if pair[0].dagster_event_type in _MIRRORED]
        if not mirrored:
            return
        with self.index_connection() as connection:
            returning = sa.insert(SqlEventLogStorageTable).returning(
                SqlEventLogStorageTable.c.id, sort_by_parameter_order=True
            )
            numbers = connection.execute(returning, [row for _, row in mirrored]).scalars().all()
            told = [(event, row, number) for (event, row), number in zip(mirrored, numbers, strict=True)]
            for event, _, number in told:
                if event.dagster_event_type in ASSET_EVENTS:
                    self._store_asset_event_tags(connection, [event], [number])
                    self._store_asset_event(connection, event, number)
            planned = [row for entry in told for row in _planned(*entry)]
            if planned:
                connection.execute(sa.insert(AssetCheckExecutionsTable), planned)
            evaluated = [entry for entry in told if entry[0].dagster_event_type == _EVALUATION]
            unplanned = False
            if evaluated:
                found = connection.execute(_EVALUATED, [_evaluated(*entry) for entry in evaluated])
                unplanned = found.rowcount != len(evaluated)
        for event, _, number in evaluated if unplanned else ():
            self._update_asset_check_evaluation(event, number)  # Dagster's own way adds what was not planned


_EVALUATION = DagsterEventType.ASSET_CHECK_EVALUATION
_MIRRORED = ASSET_EVENTS | ASSET_CHECK_EVENTS


def _planned(event: EventLogEntry, row: Mapping[str, Any], number: int) -> Iterator[dict[str, Any]]:
    """Rows of `asset_check_executions` for a check that a run intends; none for any other event."""
    if event.dagster_event_type != DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED:
        return
    planned = event.get_dagster_event().asset_check_planned_data
    subset = planned.partitions_subset
    partitions: list[str | None] = list(subset.get_partition_keys()) if subset else [None]
    for partition in partitions:
        yield {
            "asset_key": planned.asset_key.to_string(),
            "check_name": planned.check_name,
            "partition": partition,
            "run_id": event.run_id,
            "execution_status": Status.PLANNED.value,
            "evaluation_event": row["event"],
            "evaluation_event_timestamp": row["timestamp"],
            "evaluation_event_storage_id": number,
        }


def _evaluated(event: EventLogEntry, row: Mapping[str, Any], number: int) -> dict[str, Any]:
    """What `_EVALUATED` is told of the result of a check."""
    evaluation: Any = event.get_dagster_event().event_specific_data
    target = evaluation.target_materialization_data
    return {
        "of_asset": evaluation.asset_key.to_string(),
        "of_check": evaluation.check_name,
        "of_run": event.run_id,
        "of_partition": evaluation.partition,
        "status": (Status.SUCCEEDED if evaluation.passed else Status.FAILED).value,
        "event": row["event"],
        "timestamp": row["timestamp"],
        "event_id": number,
        "materialization_id": target.storage_id if target else None,
    }


def _relax(connection: Any, _: Any) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
