"""Write the look-up file of a release: public rows in SQLite, indexed by key and by the declared ways of access."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from catalog.compiled import CompiledDataset, searched_columns
from catalog.release import LOOK_UP_COMMON, LOOK_UP_FILE, LOOK_UP_FORMS, LOOK_UP_ROW, look_up_table
from orchestration.release.files import listed, public_columns, quoted
from orchestration.release.search import write_search

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_BATCH = 20_000
_INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER")
_FORMS = {
    "VARCHAR": "text",
    "BOOLEAN": "boolean",
    "DOUBLE": "real",
    "FLOAT": "real",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
    **dict.fromkeys(_INTEGERS, "integer"),
}
_WRITTEN = {
    "boolean": "{0}::TINYINT",
    "real": "{0}::DOUBLE",
    "decimal": "{0}::VARCHAR",
    "date": "strftime({0}, '%Y-%m-%d')",
    # As ISO 8601 is written: fractions only where there are some. So the text of a time orders as the time does.
    "timestamp": "CASE WHEN microsecond({0}) % 1000000 = 0 THEN strftime({0}, '%Y-%m-%dT%H:%M:%S') "
    "ELSE strftime({0}, '%Y-%m-%dT%H:%M:%S.%f') END",
}


_IN_JSON: Mapping[str, Callable[[Any], Any]] = {"boolean": bool, "decimal": orjson.Fragment}
"""Forms whose values are not yet what JSON is written from."""


def write_look_ups(con: DuckDBPyConnection, datasets: Sequence[CompiledDataset], schema: str, folder: Path) -> None:
    """Write the file, with every dataset whose key is public; `schema` holds their tables. No file without any.

    Columns that SQLite cannot hold exactly are left out: lists and structures, numbers beyond 64 bits, dates and times
    of other years than 1000 to 9999.
    """
    chosen = [dataset for dataset in datasets if dataset.key and set(dataset.key) <= set(public_columns(dataset))]
    if not chosen:
        return
    with closing(sqlite3.connect(folder / LOOK_UP_FILE)) as file:
        file.execute("PRAGMA journal_mode = off")
        file.execute("PRAGMA synchronous = off")
        file.execute(f"CREATE TABLE {LOOK_UP_FORMS} (dataset, name, form, apart, PRIMARY KEY (dataset, name))")
        file.execute(f"CREATE TABLE {LOOK_UP_COMMON} (dataset, name, signs, texts)")
        for dataset in chosen:
            _write(con, dataset, f"{schema}.{quoted(dataset.id)}", file)
        file.execute("ANALYZE")
        file.commit()


def _write(con: DuckDBPyConnection, dataset: CompiledDataset, table: str, file: sqlite3.Connection) -> None:
    forms = dict(_forms(con, dataset, table))
    if not set(dataset.key) <= set(forms):
        return
    name, apart = quoted(look_up_table(dataset.id)), _apart(dataset, forms)
    # Columns have no type here: SQLite would bring some values to it, and a number is to stay what it was.
    file.execute(f"CREATE TABLE {name} ({listed([*apart, LOOK_UP_ROW])})")
    entries = [(dataset.id, column, form, column in apart) for column, form in forms.items()]
    file.executemany(f"INSERT INTO {LOOK_UP_FORMS} VALUES (?, ?, ?, ?)", entries)
    written = ", ".join(_WRITTEN.get(form, "{0}").format(quoted(column)) for column, form in forms.items())
    rows = con.execute(f"SELECT {written} FROM {table} ORDER BY {listed(dataset.key)}")
    places, names = ", ".join("?" * (len(apart) + 1)), list(forms)
    stands = [names.index(column) for column in apart]
    read = [(place, _IN_JSON[form]) for place, form in enumerate(forms.values()) if form in _IN_JSON]
    while batch := rows.fetchmany(_BATCH):
        objects = (_object(names, row, read) for row in batch)
        values = ((*(row[place] for place in stands), made) for row, made in zip(batch, objects, strict=True))
        file.executemany(f"INSERT INTO {name} VALUES ({places})", values)
    file.execute(f"CREATE UNIQUE INDEX {quoted(f'{dataset.id} key')} ON {name} ({listed(dataset.key)})")
    for column in searched_columns(dataset.access):
        if forms.get(column) == "text":
            write_search(con, file, dataset, column, table)
    for place, way in enumerate(dataset.access):
        columns = [column.removeprefix("-") for column in way]
        if set(columns) <= set(forms):
            terms = [f"{quoted(c)} DESC" if t.startswith("-") else quoted(c) for t, c in zip(way, columns, strict=True)]
            rest = [quoted(column) for column in dataset.key if column not in columns]
            file.execute(f"CREATE INDEX {quoted(f'{dataset.id} {place}')} ON {name} ({', '.join([*terms, *rest])})")


def _apart(dataset: CompiledDataset, forms: Mapping[str, str]) -> list[str]:
    """The columns that are compared or ordered by, and those whose numbers JSON would not give back exactly."""
    ways = [column.removeprefix("-") for way in dataset.access for column in way]
    decimals = [column for column, form in forms.items() if form == "decimal"]
    return [column for column in dict.fromkeys([*dataset.key, *ways, *decimals]) if column in forms]


def _object(names: Sequence[str], row: tuple[Any, ...], read: Sequence[tuple[int, Callable[[Any], Any]]]) -> bytes:
    """A row as the JSON object that pages of rows have."""
    cells = list(row)
    for place, how in read:
        if cells[place] is not None:
            cells[place] = how(cells[place])
    return orjson.dumps(dict(zip(names, cells, strict=True)))


def _forms(con: DuckDBPyConnection, dataset: CompiledDataset, table: str) -> Iterator[tuple[str, str]]:
    """The public columns that SQLite can hold exactly, each with the form its values have there."""
    public = public_columns(dataset)
    for column, kind, *_ in con.execute(f"DESCRIBE {table}").fetchall():
        form = "decimal" if kind.startswith("DECIMAL") else _FORMS.get(kind)
        if column in public and form is not None and (form not in ("date", "timestamp") or _usual(con, table, column)):
            yield column, form


def _usual(con: DuckDBPyConnection, table: str, column: str) -> bool:
    """Whether all years have four digits and no moment is infinite."""
    name = quoted(column)
    known = f"{name} >= DATE '1000-01-01' AND {name} < DATE '9999-12-31'"
    found = con.execute(f"SELECT coalesce(bool_and({known}), true) FROM {table}").fetchone()
    return bool(found and found[0])
