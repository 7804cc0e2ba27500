"""Re-check a release: the manifest against its logged checksum, every byte, row count and content hash against it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from catalog.release import MANIFEST_FILE, ReleasedDataset, ReleasedFile, ReleaseManifest
from orchestration.release.files import SERVING, content_hash, describe_file, path_literal, quoted, release_hash
from orchestration.release.quality import QUALITY_FILE, QualityReport
from orchestration.release.store import ReleaseStore

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def verify(store: ReleaseStore, number: int) -> list[str]:
    """What is wrong with release `number`, one sentence each; an empty list is a sound release."""
    manifest = store.manifest(number)
    return [*_check_manifest(store, number, manifest), *verify_folder(store.path(number), manifest)]


def verify_folder(folder: Path, manifest: ReleaseManifest) -> list[str]:
    """What is wrong with the release in `folder`, which may not have its number yet."""
    findings = [*_check_bytes(folder, manifest), *_check_quality(folder, manifest)]
    if not any(finding.startswith(f"{SERVING}:") for finding in findings):
        findings += _check_rows(folder, manifest)
    if release_hash(manifest.datasets, manifest.withdrawals) != manifest.content_hash:
        findings.append(f"{MANIFEST_FILE}: the content hash does not follow from the hashes of the datasets")
    return findings


def _check_manifest(store: ReleaseStore, number: int, manifest: ReleaseManifest) -> Iterator[str]:
    """What the manifest cannot say of itself: whether it is the one that was sealed, in the folder of its number."""
    sealed, found = store.sealed(number), describe_file(store.path(number), MANIFEST_FILE).sha256
    if sealed is None:
        yield f"{MANIFEST_FILE}: releases/log.jsonl has no checksum of it; restore the log from a copy"
    elif sealed != found:
        yield f"{MANIFEST_FILE}: sha256 is {found[:12]}…, it was sealed with {sealed[:12]}…"
    if manifest.number != number:
        yield f"{MANIFEST_FILE}: it is of release {manifest.number:04d}, its folder is {number:04d}"


def _check_quality(folder: Path, manifest: ReleaseManifest) -> Iterator[str]:
    """Bytes are compared elsewhere: here only whether the manifest repeats what the report says."""
    path = folder / QUALITY_FILE
    if not path.exists():
        return
    try:
        report = QualityReport.model_validate_json(path.read_bytes())
    except ValidationError as error:
        yield f"{QUALITY_FILE}: not a quality report: {error.errors()[0]['msg']}"
        return
    if report.summary != manifest.quality:
        yield f"{MANIFEST_FILE}: its quality is not that of {QUALITY_FILE}"


def _expected_files(manifest: ReleaseManifest) -> Iterator[ReleasedFile]:
    yield from manifest.files
    for dataset in manifest.datasets:
        for item in dataset.distributions:
            yield ReleasedFile(name=f"files/{item.name}", bytes=item.bytes, sha256=item.sha256)


def _check_bytes(folder: Path, manifest: ReleaseManifest) -> Iterator[str]:
    expected = {file.name: file for file in _expected_files(manifest)}
    present = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()} - {MANIFEST_FILE}
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
