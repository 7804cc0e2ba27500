"""Loading a city's vocabulary files into `lake.vocab`: declared types, replaced only when their content changed."""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.errors import CatalogError, Problem
from catalog.vocabulary import VocabularyTable, check_vocabulary, load_interface

if TYPE_CHECKING:
    import duckdb

COPY = "memory.vocab"


@dataclass(frozen=True)
class VocabularyLoad:
    """What loading did: tables replaced with their row counts, and tables whose content was as before."""

    replaced: Mapping[str, int]
    unchanged: tuple[str, ...]


def load_vocabulary(con: duckdb.DuckDBPyConnection, folder: Path) -> VocabularyLoad:
    """Bring `lake.vocab` to the CSV files of `folder` in one transaction; a table without a file is empty.

    CatalogError names file and line of a value that does not fit its type, and every wrong header. `ensure_ops`
    must have run. Changed tables are staged and checked before the lake is touched.
    """
    problems = check_vocabulary(folder)
    if problems:
        raise CatalogError(problems)
    interface = load_interface()
    known = dict(con.execute("SELECT table_name, content_hash FROM lake.ops.vocabulary").fetchall())
    hashes = {name: _content_hash(folder / f"{name}.csv", table) for name, table in interface.items()}
    changed = [name for name in interface if known.get(name) != hashes[name]]
    staged = {name: _stage(con, folder / f"{name}.csv", interface[name]) for name in changed}
    faults = [problem for name in changed for problem in _faults(con, folder / f"{name}.csv", interface[name])]
    if faults:
        raise CatalogError(faults)
    if changed:
        _replace(con, [interface[name] for name in changed], hashes, staged)
    return VocabularyLoad(staged, tuple(name for name in interface if name not in staged))


def copy_vocabulary(con: duckdb.DuckDBPyConnection, names: Iterable[str]) -> str:
    """Copy vocabularies into the connection's own memory and return their schema there.

    A look-up in the lake has a fixed price, however small the table; statements that look up often use the copy.
    """
    con.execute(f"CREATE SCHEMA IF NOT EXISTS {COPY}")
    for name in names:
        con.execute(f"CREATE OR REPLACE TABLE {COPY}.{name} AS SELECT * FROM lake.vocab.{name}")
    return COPY


def _content_hash(path: Path, table: VocabularyTable) -> str:
    digest = hashlib.sha256(repr(table.columns).encode())
    digest.update(path.read_bytes() if path.exists() else b"")
    return digest.hexdigest()


def _stage(con: duckdb.DuckDBPyConnection, path: Path, table: VocabularyTable) -> int:
    """Read the file as text into the temporary table `_vocab_<name>`; returns its number of rows."""
    import duckdb

    name = f"_vocab_{table.name}"
    if path.exists():
        types = dict.fromkeys(_header(path), "VARCHAR")
        try:
            con.execute(
                f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT row_number() OVER () AS _record, * FROM read_csv("
                "?, columns = ?, header = true, auto_detect = false, delim = ',', quote = '\"', escape = '\"')",
                [str(path), types],
            )
        except duckdb.InvalidInputException as error:
            raise _unreadable(path, str(error)) from None
    else:
        columns = ", ".join(f'"{column}" VARCHAR' for column, _ in table.columns)
        con.execute(f"CREATE OR REPLACE TEMP TABLE {name} (_record BIGINT, {columns})")
    row = con.execute(f"SELECT count(*) FROM {name}").fetchone()
    return int(row[0]) if row else 0


def _unreadable(path: Path, message: str) -> CatalogError:
    found = re.search(r"CSV Error on Line: (\d+)", message)
    detail = message.partition("\n\n")[0].replace("\n", " ")
    return CatalogError.one(
        path,
        f"the line cannot be read as CSV ({detail})",
        "Save the file as UTF-8 CSV with one field for each column and quotes around text with commas",
        line=int(found.group(1)) if found else None,
    )


def _header(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return next(csv.reader(file), [])


def _faults(con: duckdb.DuckDBPyConnection, path: Path, table: VocabularyTable) -> list[Problem]:
    """The first value of each column that cannot be read as its type."""
    problems = []
    for column, kind in table.columns:
        if kind == "VARCHAR":
            continue
        row = con.execute(
            f'SELECT _record, "{column}" FROM _vocab_{table.name} '
            f"WHERE {_text(column)} IS NOT NULL AND TRY_CAST({_text(column)} AS {kind}) IS NULL "
            "ORDER BY _record LIMIT 1"
        ).fetchone()
        if row is not None:
            text = f"record {row[0]}: `{row[1]}` is not a value of type {kind}"
            problems.append(Problem(path, int(row[0]) + 1, column, text, "Correct the value or leave it empty"))
    return problems


def _replace(
    con: duckdb.DuckDBPyConnection,
    tables: Sequence[VocabularyTable],
    hashes: Mapping[str, str],
    counts: Mapping[str, int],
) -> None:
    now = datetime.now(UTC).replace(tzinfo=None)
    con.execute("BEGIN")
    try:
        for table in tables:
            values = ", ".join(f'{_text(column)}::{kind} AS "{column}"' for column, kind in table.columns)
            con.execute(
                f"CREATE OR REPLACE TABLE lake.vocab.{table.name} AS "
                f"SELECT {values} FROM _vocab_{table.name} ORDER BY _record"
            )
            con.execute("DELETE FROM lake.ops.vocabulary WHERE table_name = ?", [table.name])
            con.execute(
                "INSERT INTO lake.ops.vocabulary VALUES (?, ?, ?, ?)",
                [table.name, hashes[table.name], counts[table.name], now],
            )
        con.execute("COMMIT")
    except BaseException:
        con.execute("ROLLBACK")
        raise
    for table in tables:
        con.execute(f"DROP TABLE temp._vocab_{table.name}")


def _text(column: str) -> str:
    return f"nullif(trim(\"{column}\"), '')"
