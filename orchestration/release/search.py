"""Write the index by which the texts of a column are searched for parts, three signs at a time."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

from catalog.compiled import CompiledDataset
from catalog.release import LOOK_UP_COMMON, search_table
from orchestration.release.files import listed, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_BATCH = 20_000
_FEW = 1000  # signs that more texts have are counted


def write_search(
    con: DuckDBPyConnection, file: sqlite3.Connection, dataset: CompiledDataset, column: str, table: str
) -> None:
    """Index the texts of a column under the row numbers of the look-up table, which are in the order of the key.

    Neither texts nor the places of signs in them are held, only which rows have them. Not of a column with a text that
    has the sign of number 0: SQLite's JSON ends there.
    """
    text = quoted(column)
    ended = con.execute(f"SELECT coalesce(bool_or(contains({text}, chr(0))), false) FROM {table}").fetchone()
    if ended is None or ended[0]:
        return
    index, terms = quoted(search_table(dataset.id, column)), quoted(f"terms of {dataset.id}.{column}")
    options = "content='', tokenize='trigram case_sensitive 1', detail=none"
    file.execute(f"CREATE VIRTUAL TABLE {index} USING fts5(text, {options})")
    order = listed(dataset.key)
    rows = con.execute(
        f"SELECT number, {text} FROM (SELECT {text}, row_number() OVER (ORDER BY {order}) AS number FROM {table}) "
        f"WHERE {text} IS NOT NULL ORDER BY number"
    )
    while batch := rows.fetchmany(_BATCH):
        file.executemany(f"INSERT INTO {index} (rowid, text) VALUES (?, ?)", batch)
    file.execute(f"INSERT INTO {index} ({index}) VALUES ('optimize')")
    file.execute(f"CREATE VIRTUAL TABLE temp.{terms} USING fts5vocab('main', {index}, 'row')")
    file.execute(f"INSERT INTO {LOOK_UP_COMMON} VALUES (?, ?, '', 0)", (dataset.id, column))  # there may be no others
    common = f"SELECT ?, ?, term, doc FROM temp.{terms} WHERE doc > ?"
    file.execute(f"INSERT INTO {LOOK_UP_COMMON} {common}", (dataset.id, column, _FEW))
    file.execute(f"DROP TABLE temp.{terms}")
