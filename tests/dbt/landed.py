"""A tiny lake for the models: landed rows written by hand, without connectors or readers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from catalog.city import City, load_city
from catalog.landed import LOADED_COLUMNS
from catalog.workspace import Workspace
from orchestration.lake.connect import open_lake
from orchestration.lake.schema import ensure_ops
from orchestration.lake.vocabulary import load_vocabulary
from orchestration.reading.landed import ensure_landed
from orchestration.transform.assemble import assemble
from orchestration.transform.build import DbtRun, run_dbt
from tests.city.systems import SPINE

Row = Mapping[str, Any]


@dataclass
class Lake:
    """A lake of a city with its vocabularies, empty landed tables and the assembled project.

    Of the demonstration city with four feeds when no city is named.
    """

    home: Path
    city: City = field(default_factory=lambda: load_city(SPINE))

    def __post_init__(self) -> None:
        self.workspace = Workspace(self.home)
        with open_lake(self.workspace) as con:
            ensure_ops(con)
            load_vocabulary(con, self.city.vocabulary_dir)
            for contract in self.city.feeds.values():
                ensure_landed(con, contract)
        assemble(self.city, self.workspace)

    def land(self, load_id: int, rows: Mapping[str, Iterable[Row]]) -> None:
        """Append rows to landed tables as one load; each row may say its own `_business_date`, `_op`, `_line` …"""
        types = {
            table.physical_name: {c.name: c.physical_type for c in table.properties} for _, table in self.city.tables()
        }
        with open_lake(self.workspace) as con:
            con.execute("BEGIN")
            for table, entries in rows.items():
                _insert(con, table, types[table], load_id, list(entries))
            con.execute("COMMIT")

    def decide(self, parameter: str, value: float) -> None:
        """Give a parameter of the city's vocabulary another value, as if it had always had it."""
        with open_lake(self.workspace) as con:
            con.execute("UPDATE lake.vocab.parameter SET value = ? WHERE name = ?", [str(value), parameter])

    def forget(self) -> None:
        """Empty the landed tables."""
        with open_lake(self.workspace) as con:
            for _, table in self.city.tables():
                con.execute(f"DELETE FROM lake.landed.{table.physical_name}")

    def run(self, as_of: date, *, command: str = "run", **options: Any) -> DbtRun:
        """Run dbt; fails the test with what dbt said when a node did not end well."""
        outcome = run_dbt(self.workspace, command, as_of=as_of, **options)
        assert outcome.ok, [f"{node.name}: {node.message}" for node in outcome.failed]
        return outcome

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Answer of a query on the lake."""
        with open_lake(self.workspace, read_only=True) as con:
            return con.execute(sql).fetchall()

    def one(self, sql: str) -> dict[str, Any]:
        """The only row of a query, by column."""
        with open_lake(self.workspace, read_only=True) as con:
            answer = con.execute(sql)
            names = [column[0] for column in answer.description or ()]
            (row,) = answer.fetchall()
        return dict(zip(names, row, strict=True))

    def library(self) -> dict[str, list[tuple[Any, ...]]]:
        """All rows of every table made of delivered rows, without the bookkeeping of loads."""
        with open_lake(self.workspace, read_only=True) as con:
            names = con.execute(
                "SELECT schema_name, table_name FROM duckdb_tables() t WHERE database_name = 'lake' "
                "AND (schema_name IN ('topic', 'theme', 'open', 'withdrawal') OR schema_name = 'base' "
                "AND EXISTS (FROM duckdb_columns() c WHERE c.table_oid = t.table_oid AND column_name = '_load_id')) "
                "ORDER BY ALL"
            ).fetchall()
            return {
                f"{schema}.{table}": con.execute(
                    f"SELECT COLUMNS(c -> c[1] <> '_' OR c IN ('_row_hash', '_line')) FROM lake.{schema}.{table} "
                    "ORDER BY ALL"
                ).fetchall()
                for schema, table in names
            }


def _insert(
    con: duckdb.DuckDBPyConnection, table: str, types: Mapping[str, str], load_id: int, rows: list[Row]
) -> None:
    all_types = {**types, **{column.name: column.type for column in LOADED_COLUMNS}}
    values, parameters = [], []
    for number, row in enumerate(rows, start=1):
        unknown = row.keys() - all_types.keys()
        assert not unknown, f"{table} has no {unknown}"
        filled = {**_loaded(table, load_id, number, row), **row}
        values.append("(" + ", ".join(f"cast(? as {kind})" for kind in all_types.values()) + ")")
        parameters += [filled.get(name) for name in all_types]
    if rows:
        names = ", ".join(f'"{name}"' for name in all_types)
        con.execute(f'INSERT INTO lake.landed."{table}" ({names}) VALUES {", ".join(values)}', parameters)


def _loaded(table: str, load_id: int, number: int, row: Row) -> dict[str, Any]:
    day = row.get("_business_date", date(2026, 1, 1) + timedelta(days=load_id))
    return {
        "_feed": table.partition("_")[0],
        "_batch_id": f"batch-{load_id:04d}",
        "_business_date": day,
        "_object_id": f"object-{load_id:04d}",
        "_file_name": f"{table}.csv",
        "_line": number,
        "_row_hash": f"{abs(hash(tuple(sorted((k, str(v)) for k, v in row.items())))):032x}"[:32],
        "_op": "upsert",
        "_flags": [],
        "_load_id": load_id,
        "_landed_at": datetime(2026, 1, 1) + timedelta(hours=load_id),
        "_contract_version": "1.0.0",
    }
