"""Write one dataset of a release: its serving table, its public files, its content hash."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.compiled import DELETED, CompiledDataset
from catalog.release import (
    COPY_OPTIONS,
    Distribution,
    ReleasedColumn,
    ReleasedDataset,
    ReleasedFile,
    ReleasedWithdrawals,
)
from catalog.withdrawal import WITHDRAWALS_FILE
from orchestration.release.errors import FailedCheck, PublishBlockedError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

SERVING = "serving.duckdb"
_CHUNK = 1 << 20
_MEDIA_TYPES = {"parquet": "application/vnd.apache.parquet", "csv": "text/csv; charset=utf-8"}


@contextlib.contextmanager
def serving_database(con: DuckDBPyConnection, folder: Path) -> Iterator[str]:
    """Attach a new serving.duckdb in `folder` under the yielded name; closed and complete afterwards."""
    con.execute(f"ATTACH {path_literal(folder / SERVING)} AS serving")
    try:
        con.execute("CREATE SCHEMA serving.open")
        yield "serving.open"
    finally:
        con.execute("DETACH serving")


def write_dataset(con: DuckDBPyConnection, dataset: CompiledDataset, schema: str, folder: Path) -> ReleasedDataset:
    """Copy `dataset` from the lake into `schema`, sorted by key, and write its public files below `folder`/files.

    Rows that a library model keeps although they were removed at their source are left out. PublishBlockedError when
    two rows share a key or a key is NULL: the paging and comparison of releases stand on it.
    """
    table = f"{schema}.{quoted(dataset.id)}"
    columns = [column.name for column in dataset.columns]
    source = f"lake.{quoted(dataset.layer)}.{quoted(dataset.model)}"
    kept = f" WHERE NOT {quoted(DELETED)}" if dataset.is_marked else ""
    con.execute(f"CREATE TABLE {table} AS SELECT {listed(columns)} FROM {source}{kept} ORDER BY {listed(dataset.key)}")
    rows = _require_key(con, dataset, table)
    types = [(str(name), str(kind)) for name, kind, *_ in con.execute(f"DESCRIBE {table}").fetchall()]
    return ReleasedDataset(
        id=dataset.id,
        row_count=rows,
        content_hash=content_hash(con, table, types, folder),
        schema=tuple(ReleasedColumn(name=name, type=kind) for name, kind in types),
        distributions=tuple(_write_public(con, dataset, table, folder)),
    )


def describe_file(folder: Path, name: str) -> ReleasedFile:
    """Size in bytes and sha256 of `folder`/`name`."""
    path = folder / name
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return ReleasedFile(name=name, bytes=path.stat().st_size, sha256=digest)


def public_columns(dataset: CompiledDataset) -> list[str]:
    """Columns that may stand in a file anyone may fetch: L1 of an unconditionally open dataset, else none."""
    if dataset.opening != "unconditional":
        return []
    return [column.name for column in dataset.columns if column.level == "L1"]


def quoted(name: str) -> str:
    """`name` as a quoted SQL identifier."""
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def listed(names: Sequence[str]) -> str:
    """Quoted identifiers, comma separated."""
    return ", ".join(quoted(name) for name in names)


def release_hash(datasets: Sequence[ReleasedDataset], withdrawals: ReleasedWithdrawals | None) -> str:
    """Content hash of a release: what its datasets and its list of withdrawn rows hold, without times and numbers."""
    pairs = sorted((dataset.id, dataset.content_hash) for dataset in datasets)
    if withdrawals is not None:
        pairs.append((WITHDRAWALS_FILE, withdrawals.content_hash))
    return hashlib.sha256(json.dumps(pairs).encode()).hexdigest()


def _require_key(con: DuckDBPyConnection, dataset: CompiledDataset, table: str) -> int:
    key = listed(dataset.key)
    missing = " OR ".join(f"{quoted(name)} IS NULL" for name in dataset.key)
    row = con.execute(
        f"SELECT count(*), count(*) FILTER ({missing}), (SELECT count(*) FROM (SELECT DISTINCT {key} FROM {table}))"
        f" FROM {table}"
    ).fetchone()
    rows, nulls, distinct = row or (0, 0, 0)
    if nulls or distinct < rows:
        finding = f"{rows - distinct} rows repeat a key and {nulls} have none (key {', '.join(dataset.key)})"
        raise PublishBlockedError([FailedCheck(f"dataset {dataset.id}", "key", finding, dataset.model)])
    return int(rows)


def _write_public(
    con: DuckDBPyConnection, dataset: CompiledDataset, table: str, folder: Path
) -> Iterator[Distribution]:
    columns = public_columns(dataset)
    if not columns:
        return
    for kind, options in COPY_OPTIONS.items():
        name = f"files/{dataset.id}.{kind}"
        con.execute(f"COPY (SELECT {listed(columns)} FROM {table}) TO {path_literal(folder / name)} ({options})")
        file = describe_file(folder, name)
        yield Distribution(
            name=f"{dataset.id}.{kind}",
            format=kind,
            media_type=_MEDIA_TYPES[kind],
            bytes=file.bytes,
            sha256=file.sha256,
        )


def content_hash(con: DuckDBPyConnection, table: str, types: Sequence[tuple[str, str]], folder: Path) -> str:
    """sha256 of schema and all rows as CSV in key order; the text stands in `folder` only while it is read."""
    digest = hashlib.sha256(json.dumps(types).encode())
    text = folder / "content.csv"
    try:
        con.execute(f"COPY (FROM {table}) TO {path_literal(text)} ({COPY_OPTIONS['csv']})")
        with text.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
    finally:
        text.unlink(missing_ok=True)
    return digest.hexdigest()


def path_literal(path: Path) -> str:
    """`path` as an SQL string."""
    escaped = str(path).replace("'", "''")
    return f"'{escaped}'"
