"""A copy on disk: one Parquet file, and beside it what it is a copy of; written anew and put in place at once."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
from pyarrow import compute, parquet

ROW_GROUP = 131_072
"""Rows that are held in memory at once."""

Lost = Callable[[tuple[Any, ...]], bool]


@dataclass(frozen=True)
class State:
    """What a copy holds: the release, the tag of what was seen of it, how it was seen, and the tombstones known.

    `sha256` is that of the Parquet file: a file that was altered, or put in place just before a crash, is no copy.
    """

    release: int
    etag: str
    access: str
    tombstones: tuple[str, ...]
    rows: int = 0
    sha256: str = ""


class Writer:
    """Writes tables of one schema to a new file, a row group at a time."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._file = parquet.ParquetWriter(path, schema, compression="zstd")
        self._schema, self._held, self._waiting = schema, list[pa.Table](), 0
        self.rows = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._flush()
        self._file.close()

    def write(self, table: pa.Table) -> None:
        """Append rows; the columns must be those of the schema."""
        self._held.append(table)
        self._waiting += table.num_rows
        self.rows += table.num_rows
        if self._waiting >= ROW_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            self._file.write_table(pa.concat_tables(self._held), row_group_size=ROW_GROUP)
        self._held, self._waiting = [], 0


class Local:
    """The copy of one dataset in a folder."""

    def __init__(self, folder: Path, dataset: str) -> None:
        self.path = folder / f"{dataset}.parquet"
        self._state = folder / f"{dataset}.sync.json"

    def state(self) -> State | None:
        """What the copy holds; None when there is none, or not the one that was made."""
        if not (self.path.is_file() and self._state.is_file()):
            return None
        try:
            told = json.loads(self._state.read_text(encoding="utf-8"))
            state = State(**told | {"tombstones": tuple(told["tombstones"])})
        except (ValueError, TypeError, KeyError):
            return None
        return state if state.sha256 == _digest(self.path) else None

    @contextmanager
    def fresh(self) -> Iterator[Path]:
        """A path for a new file; what is left there in the end is removed."""
        path = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        self.path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def put(self, path: Path, state: State, rows: int) -> None:
        """Make a new file the copy."""
        told = replace(state, rows=rows, sha256=_digest(path))
        note = path.with_name(f"{path.name}.json")
        note.write_text(json.dumps(asdict(told), indent=1), encoding="utf-8")
        path.replace(self.path)
        note.replace(self._state)

    def schema(self) -> pa.Schema:
        """Names and types of its columns."""
        return parquet.read_schema(self.path)

    def kept(self, key: list[str], gone: pa.Table, lost: Lost | None) -> Iterator[pa.Table]:
        """Its rows, some at a time, without those whose keys are gone, and without those that are lost."""
        with parquet.ParquetFile(self.path) as file:
            for batch in file.iter_batches(ROW_GROUP):
                table = pa.Table.from_batches([batch])
                if gone.num_rows:
                    table = _without(table, key, gone)
                if lost is not None:
                    columns = table.select(key).to_pydict().values()
                    table = table.filter(pa.array([not lost(row) for row in zip(*columns, strict=True)], pa.bool_()))
                yield table


def _without(table: pa.Table, key: list[str], gone: pa.Table) -> pa.Table:
    places = pa.array(range(table.num_rows), pa.int64())
    keys = table.select(key).append_column("#place", places)
    left = keys.join(gone, keys=key, join_type="left anti", use_threads=False)["#place"]
    return table.take(left.take(compute.sort_indices(left)))


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
