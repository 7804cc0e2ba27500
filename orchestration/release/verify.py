"""Re-check a release against its manifest: every byte, every row count, every content hash."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.release import ReleasedDataset, ReleasedFile, ReleaseManifest
from orchestration.release.files import SERVING, content_hash, describe_file, path_literal, quoted, release_hash
from orchestration.release.store import ReleaseStore

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def verify(store: ReleaseStore, number: int) -> list[str]:
    """What is wrong with release `number`, one sentence each; an empty list is a sound release."""
    return verify_folder(store.path(number), store.manifest(number))


def verify_folder(folder: Path, manifest: ReleaseManifest) -> list[str]:
    """What is wrong with the release in `folder`, which may not have its number yet."""
    findings = list(_check_bytes(folder, manifest))
    if not any(finding.startswith(f"{SERVING}:") for finding in findings):
        findings += _check_rows(folder, manifest)
    if release_hash(manifest.datasets, manifest.withdrawals) != manifest.content_hash:
        findings.append("release.json: the content hash does not follow from the hashes of the datasets")
    return findings


def _expected_files(manifest: ReleaseManifest) -> Iterator[ReleasedFile]:
    yield from manifest.files
    for dataset in manifest.datasets:
        for item in dataset.distributions:
            yield ReleasedFile(name=f"files/{item.name}", bytes=item.bytes, sha256=item.sha256)


def _check_bytes(folder: Path, manifest: ReleaseManifest) -> Iterator[str]:
    expected = {file.name: file for file in _expected_files(manifest)}
    present = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} - {"release.json"}
    yield from (f"{name}: the manifest does not know this file" for name in sorted(present - set(expected)))
    for name, file in expected.items():
        if name not in present:
            yield f"{name}: missing"
            continue
        found = describe_file(folder, name)
        if found.bytes != file.bytes:
            yield f"{name}: {found.bytes} bytes, the manifest says {file.bytes}"
        elif found.sha256 != file.sha256:
            yield f"{name}: sha256 is {found.sha256[:12]}…, the manifest says {file.sha256[:12]}…"


def _check_rows(folder: Path, manifest: ReleaseManifest) -> Iterator[str]:
    import duckdb

    with duckdb.connect() as con, tempfile.TemporaryDirectory() as scratch:
        con.execute(f"ATTACH {path_literal(folder / SERVING)} AS serving (READ_ONLY)")
        tables = con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'serving'").fetchall()
        names = {name for (name,) in tables}
        known = {dataset.id for dataset in manifest.datasets}
        yield from (f"{SERVING}: the manifest does not know table open.{name}" for name in sorted(names - known))
        for dataset in manifest.datasets:
            if dataset.id not in names:
                yield f"{SERVING}: table open.{dataset.id} is missing"
                continue
            yield from _check_table(con, dataset, Path(scratch))
            yield from _check_public_counts(con, folder, dataset)


def _check_table(con: DuckDBPyConnection, dataset: ReleasedDataset, scratch: Path) -> Iterator[str]:
    table = f"serving.open.{quoted(dataset.id)}"
    rows = _count(con, table)
    if rows != dataset.row_count:
        yield f"{SERVING}: open.{dataset.id} has {rows} rows, the manifest says {dataset.row_count}"
    found = [(str(name), str(kind)) for name, kind, *_ in con.execute(f"DESCRIBE {table}").fetchall()]
    if found != [(column.name, column.type) for column in dataset.schema_]:
        yield f"{SERVING}: the columns of open.{dataset.id} are not those of the manifest"
    if content_hash(con, table, found, scratch) != dataset.content_hash:
        yield f"{SERVING}: the rows of open.{dataset.id} do not give the content hash of the manifest"


def _check_public_counts(con: DuckDBPyConnection, folder: Path, dataset: ReleasedDataset) -> Iterator[str]:
    for item in dataset.distributions:
        path = folder / "files" / item.name
        if not path.exists():
            continue
        reader = "read_parquet(?)" if item.format == "parquet" else "read_csv(?, header = true, all_varchar = true)"
        row = con.execute(f"SELECT count(*) FROM {reader}", [str(path)]).fetchone()
        rows = row[0] if row else 0
        if rows != dataset.row_count:
            yield f"files/{item.name}: {rows} rows, the manifest says {dataset.row_count}"


def _count(con: DuckDBPyConnection, relation: str) -> int:
    row = con.execute(f"SELECT count(*) FROM {relation}").fetchone()
    return int(row[0]) if row else 0
