"""Make a release from the lake: build it aside, verify it, give it its number, switch to it, or leave all as it was."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel

from catalog.canonical import write_json
from catalog.compiled import CATALOG_FILE, CompiledCatalog
from catalog.release import LOOK_UP_FILE, ReleasedDataset, ReleaseManifest, write_manifest
from catalog.withdrawal import WITHDRAWALS_FILE
from catalog.workspace import Workspace
from orchestration.release.errors import DamagedReleaseError
from orchestration.release.files import SERVING, describe_file, release_hash, serving_database, write_dataset
from orchestration.release.gate import require_passed
from orchestration.release.lookup import write_look_ups
from orchestration.release.quality import QUALITY_FILE, QualityReport, dataset_quality, quality_report
from orchestration.release.store import ReleaseStore
from orchestration.release.verify import verify_folder
from orchestration.release.withdrawals import write_withdrawals

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

LINEAGE_FILE = "lineage.json"
_FILES = (CATALOG_FILE, LINEAGE_FILE, QUALITY_FILE, SERVING, LOOK_UP_FILE, WITHDRAWALS_FILE)


@dataclass(frozen=True)
class Publication:
    """What publishing came to. `manifest` is of the release that holds the content.

    `published`: a new release is served. `resumed`: one that a crash had left sealed but not served is served now.
    `unchanged`: the served release holds this very content. `withdrawn`: a release with this content was rolled
    back from; it is not served again unless asked for.
    """

    outcome: Literal["published", "resumed", "unchanged", "withdrawn"]
    manifest: ReleaseManifest


def publish(
    workspace: Workspace,
    con: DuckDBPyConnection,
    catalog: CompiledCatalog,
    lineage: BaseModel,
    *,
    run_id: str,
    as_of: date,
    at: datetime,
    force: bool = False,
) -> Publication:
    """Publish what the `open` schema of the lake holds, as of the day `as_of`; the caller holds the writer lock.

    PublishBlockedError (a blocking check of `run_id` failed, or a key is not one) and DamagedReleaseError (what was
    written does not read back) leave the served release in place. `force` makes a release even of unchanged content.
    """
    require_passed(con, run_id)
    store = ReleaseStore(workspace)
    number = max(store.numbers(), default=0) + 1
    with store.staging(number) as folder:
        (folder / "files").mkdir()
        with serving_database(con, folder) as schema:
            with _one_snapshot(con) as snapshot:
                datasets = tuple(write_dataset(con, dataset, schema, folder) for dataset in catalog.datasets)
                withdrawals = write_withdrawals(con, catalog, folder, as_of)
            content_hash = release_hash(datasets, withdrawals)
            twin = None if force else _twin(store, content_hash)
            if twin is not None:
                return _settle(store, twin, at)
            write_look_ups(con, catalog.datasets, schema, folder)
        catalog.save(folder / CATALOG_FILE)
        write_json(lineage, folder / LINEAGE_FILE)
        quality = quality_report(con, run_id)
        write_json(quality, folder / QUALITY_FILE)
        manifest = ReleaseManifest(
            number=number,
            city=catalog.city.id,
            title=catalog.city.title,
            published_at=at,
            content_hash=content_hash,
            lake_snapshot=snapshot,
            previous=store.current(),
            datasets=_with_quality(datasets, catalog, quality),
            quality=quality.summary,
            files=tuple(describe_file(folder, name) for name in _FILES if (folder / name).exists()),
            withdrawals=withdrawals,
        )
        write_manifest(manifest, folder)
        _require_sound(folder, manifest)
        store.seal(folder, number)
    store.switch(number, "publish", at)
    return Publication("published", manifest)


def _with_quality(
    datasets: tuple[ReleasedDataset, ...], catalog: CompiledCatalog, report: QualityReport
) -> tuple[ReleasedDataset, ...]:
    """The datasets, each with what the checks found of its own rows."""
    return tuple(
        released.model_copy(update={"quality": dataset_quality(report, dataset.model)})
        for released, dataset in zip(datasets, catalog.datasets, strict=True)
    )


@contextlib.contextmanager
def _one_snapshot(con: DuckDBPyConnection) -> Iterator[int]:
    """A transaction in which the lake stands still; yields the id of its snapshot."""
    con.execute("BEGIN")
    try:
        row = con.execute("SELECT id FROM ducklake_current_snapshot('lake')").fetchone()
        yield int(row[0]) if row else 0
    except BaseException:
        con.execute("ROLLBACK")
        raise
    con.execute("COMMIT")


def _twin(store: ReleaseStore, content_hash: str) -> int | None:
    """The newest release from the served one on that holds this content."""
    current = store.current()
    newer = [number for number in reversed(store.numbers()) if number >= (current or 0)]
    return next((number for number in newer if store.manifest(number).content_hash == content_hash), None)


def _settle(store: ReleaseStore, number: int, at: datetime) -> Publication:
    manifest = store.manifest(number)
    if number == store.current():
        return Publication("unchanged", manifest)
    if store.was_served(number):
        return Publication("withdrawn", manifest)
    _require_sound(store.path(number), manifest)
    store.switch(number, "publish", at)
    return Publication("resumed", manifest)


def _require_sound(folder: Path, manifest: ReleaseManifest) -> None:
    findings = verify_folder(folder, manifest)
    if findings:
        raise DamagedReleaseError(manifest.number, findings)
