"""What changed between two releases: datasets, columns, and rows by key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from catalog.compiled import CATALOG_FILE, CompiledCatalog
from catalog.release import ReleasedDataset
from orchestration.release.files import SERVING, listed, path_literal, quoted
from orchestration.release.store import ReleaseStore

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_SAMPLE = 5


@dataclass(frozen=True)
class RowChanges:
    """Counts of rows by key; `by_column` counts changed values; samples are up to five keys each."""

    added: int = 0
    removed: int = 0
    changed: int = 0
    by_column: Mapping[str, int] = field(default_factory=dict)
    sample: Mapping[str, Sequence[tuple[Any, ...]]] = field(default_factory=dict)


@dataclass(frozen=True)
class DatasetDiff:
    """`status` is `added`, `removed`, `changed` or `same`; `schema` are sentences such as `fine_yuan: type … → …`."""

    id: str
    status: str
    schema: tuple[str, ...]
    rows: RowChanges


@dataclass(frozen=True)
class ReleaseDiff:
    """All datasets of either release, by id."""

    old: int
    new: int
    datasets: tuple[DatasetDiff, ...]

    @property
    def same(self) -> bool:
        """Whether both releases hold the same rows under the same schema."""
        return all(dataset.status == "same" for dataset in self.datasets)


def diff(store: ReleaseStore, old: int, new: int) -> ReleaseDiff:
    """Compare two releases by their serving files; CatalogError when one does not exist."""
    before = {dataset.id: dataset for dataset in store.manifest(old).datasets}
    after = {dataset.id: dataset for dataset in store.manifest(new).datasets}
    import duckdb

    keys = {**_keys(store, old), **_keys(store, new)}
    with duckdb.connect() as con:
        con.execute(f"ATTACH {path_literal(store.path(old) / SERVING)} AS old (READ_ONLY)")
        if new != old:
            con.execute(f"ATTACH {path_literal(store.path(new) / SERVING)} AS new (READ_ONLY)")
        names = sorted({*before, *after})
        return ReleaseDiff(
            old, new, tuple(_compare(con, before.get(name), after.get(name), keys[name]) for name in names)
        )


def _keys(store: ReleaseStore, number: int) -> dict[str, tuple[str, ...]]:
    catalog = CompiledCatalog.load(store.path(number) / CATALOG_FILE)
    return {dataset.id: dataset.key for dataset in catalog.datasets}


def _compare(
    con: DuckDBPyConnection, old: ReleasedDataset | None, new: ReleasedDataset | None, key: tuple[str, ...]
) -> DatasetDiff:
    if old is None and new is not None:
        return DatasetDiff(new.id, "added", (), RowChanges(added=new.row_count))
    if new is None and old is not None:
        return DatasetDiff(old.id, "removed", (), RowChanges(removed=old.row_count))
    if old is None or new is None:
        raise ValueError("one of the releases must have the dataset")
    if old.content_hash == new.content_hash:
        return DatasetDiff(new.id, "same", (), RowChanges())
    was = {column.name: column.type for column in old.schema_}
    now = {column.name: column.type for column in new.schema_}
    return DatasetDiff(new.id, "changed", _schema_changes(was, now), _row_changes(con, new, was, key))


def _schema_changes(was: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    removed = [f"{name}: removed" for name in was if name not in now]
    added = [f"{name}: added ({kind})" for name, kind in now.items() if name not in was]
    typed = [f"{name}: type {was[name]} → {kind}" for name, kind in now.items() if was.get(name, kind) != kind]
    return (*removed, *added, *typed)


def _row_changes(
    con: DuckDBPyConnection, new: ReleasedDataset, was: Mapping[str, str], key: tuple[str, ...]
) -> RowChanges:
    """Full join by key; columns that only one side has say nothing about a row."""
    if not all(name in was for name in key):
        return RowChanges()
    compared = [column.name for column in new.schema_ if column.name in was and column.name not in key]
    differs = [f"(a.{quoted(name)} IS DISTINCT FROM b.{quoted(name)})" for name in compared]
    state = (
        f"CASE WHEN a.{quoted(key[0])} IS NULL THEN 'added' WHEN b.{quoted(key[0])} IS NULL THEN 'removed'"
        f" WHEN {' OR '.join(differs) or 'false'} THEN 'changed' END"
    )
    flags = "".join(f", {differs[i]}::INTEGER AS d{i}" for i in range(len(compared)))
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE delta AS SELECT {listed(key)}, {state} AS state{flags}"
        f" FROM old.open.{quoted(new.id)} a FULL JOIN new.open.{quoted(new.id)} b USING ({listed(key)})"
        f" WHERE {state} IS NOT NULL"
    )
    counts = dict(con.execute("SELECT state, count(*) FROM delta GROUP BY ALL").fetchall())
    return RowChanges(
        added=counts.get("added", 0),
        removed=counts.get("removed", 0),
        changed=counts.get("changed", 0),
        by_column=_column_counts(con, compared),
        sample={name: _sample(con, name, key) for name in sorted(counts)},
    )


def _column_counts(con: DuckDBPyConnection, compared: Sequence[str]) -> dict[str, int]:
    if not compared:
        return {}
    sums = ", ".join(f"sum(d{i}) FILTER (state = 'changed')" for i in range(len(compared)))
    row = con.execute(f"SELECT {sums} FROM delta").fetchone() or ()
    return {name: int(count) for name, count in zip(compared, row, strict=True) if count}


def _sample(con: DuckDBPyConnection, state: str, key: tuple[str, ...]) -> list[tuple[Any, ...]]:
    sql = f"SELECT {listed(key)} FROM delta WHERE state = ? ORDER BY ALL LIMIT {_SAMPLE}"
    return con.execute(sql, [state]).fetchall()
