"""The landed tables of the lake: made from their contracts, and widened when a contract grows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from catalog.contract.model import FeedContract, Table
from catalog.landed import LOADED_COLUMNS
from expectations.sql import identifier

if TYPE_CHECKING:
    import duckdb

WIDER = {
    "TINYINT": ("SMALLINT", "INTEGER", "BIGINT"),
    "SMALLINT": ("INTEGER", "BIGINT"),
    "INTEGER": ("BIGINT",),
    "FLOAT": ("DOUBLE",),
}
ALIASES = {"INT": "INTEGER", "TEXT": "VARCHAR", "STRING": "VARCHAR", "REAL": "FLOAT", "NUMERIC": "DECIMAL"}


class LandedTypeError(RuntimeError):
    """A contract asks for another column type than the lake holds, and it is no wider one."""


def landed_name(table: Table) -> str:
    """Qualified name of the landed table."""
    return f"lake.landed.{identifier(table.physical_name)}"


def ensure_landed(con: duckdb.DuckDBPyConnection, *contracts: FeedContract) -> None:
    """Create the landed tables of feeds, add columns new in a contract, widen types; nothing is ever dropped.

    LandedTypeError when a type changed to one that cannot hold what is there. Not within a transaction: tables are
    made in one of their own, because the lake reads its whole catalogue anew after each that makes any.
    """
    everything = _present(con)
    missing = [table for contract in contracts for table in contract.tables if table.physical_name not in everything]
    if missing:
        _create(con, missing)
    for contract in contracts:
        for table in contract.tables:
            _extend(con, contract, table, everything.get(table.physical_name, {}))


def _extend(con: duckdb.DuckDBPyConnection, contract: FeedContract, table: Table, present: Mapping[str, str]) -> None:
    """Bring a table that was there, with columns of the types `present`, to its contract."""
    for column in table.properties if present else ():
        kind = _canonical(column.physical_type)
        held = present.get(column.name)
        if held is None:
            con.execute(f"ALTER TABLE {landed_name(table)} ADD COLUMN {identifier(column.name)} {kind}")
        elif held != kind:
            _widen(con, contract, table, column.name, held=held, wanted=kind)


def _present(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, str]]:
    """Types by column, by landed table."""
    rows = con.execute(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE database_name = 'lake' AND schema_name = 'landed'"
    ).fetchall()
    tables: dict[str, dict[str, str]] = {}
    for table, name, kind in rows:
        tables.setdefault(str(table), {})[str(name)] = _canonical(str(kind))
    return tables


def _create(con: duckdb.DuckDBPyConnection, tables: Iterable[Table]) -> None:
    con.execute("BEGIN")
    try:
        for table in tables:
            columns = [f"{identifier(c.name)} {_canonical(c.physical_type)}" for c in table.properties]
            columns += [f"{c.name} {c.type}" for c in LOADED_COLUMNS]
            con.execute(f"CREATE TABLE {landed_name(table)} ({', '.join(columns)})")
            # A look back over the lateness window then opens the files of a few months, whatever the history.
            parts = "year(_business_date), month(_business_date)"
            con.execute(f"ALTER TABLE {landed_name(table)} SET PARTITIONED BY ({parts})")
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise


def _widen(
    con: duckdb.DuckDBPyConnection, contract: FeedContract, table: Table, column: str, *, held: str, wanted: str
) -> None:
    if not _is_wider(held, wanted):
        raise LandedTypeError(
            f"contract {contract.id}: table {table.name}: column {column} is {held} in the lake and {wanted} in the "
            f"contract, which cannot hold every value. Keep {held}, or deliver the new type under another column name"
        )
    con.execute(f"ALTER TABLE {landed_name(table)} ALTER COLUMN {identifier(column)} SET DATA TYPE {wanted}")


def _is_wider(held: str, wanted: str) -> bool:
    if wanted in WIDER.get(held, ()):
        return True
    old, new = _decimal(held), _decimal(wanted)
    return old is not None and new is not None and new[1] >= old[1] and new[0] - new[1] >= old[0] - old[1]


def _decimal(kind: str) -> tuple[int, int] | None:
    if not kind.startswith("DECIMAL("):
        return None
    precision, scale = kind.removeprefix("DECIMAL(").removesuffix(")").split(",")
    return int(precision), int(scale)


def _canonical(kind: str) -> str:
    """A type as DuckDB reports it."""
    compact = kind.upper().replace(" ", "") if "(" in kind else kind.upper().strip()
    head, bracket, rest = compact.partition("(")
    head = ALIASES.get(head, head)
    if head == "DECIMAL" and not bracket:
        return "DECIMAL(18,3)"
    return f"{head}({rest}" if bracket and head == "DECIMAL" else head
