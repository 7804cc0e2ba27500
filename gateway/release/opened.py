"""One opened release: its files checked against what they say of themselves, its datasets ready to be viewed."""

from __future__ import annotations

import csv
import logging
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from catalog.compiled import CATALOG_FILE, CompiledCatalog, CompiledDataset
from catalog.release import Distribution, ReleaseManifest, read_manifest, release_folder
from catalog.workspace import Workspace
from gateway.engine import Engine
from gateway.policy.actor import Actor
from gateway.policy.decide import decide
from gateway.policy.project import project
from gateway.view.view import View

log = logging.getLogger("gateway.release")

SERVING_FILE = "serving.duckdb"
SERVING_SCHEMA = "open"
FILES_FOLDER = "files"


class ReleaseUnusableError(Exception):
    """A release that contradicts itself; the text is for the log, never for a caller."""


@dataclass(frozen=True)
class StoredDataset:
    """A dataset as the release holds it: catalog entry, stored types, row count, files with their real columns.

    `sorted` tells whether its rows really are stored in the order of the key.
    """

    entry: CompiledDataset
    stored: dict[str, str]
    sorted: bool
    row_count: int
    files: dict[Distribution, tuple[str, ...]]


@dataclass(frozen=True)
class OpenRelease:
    """A release whose serving file is attached. Views are made once per actor and kept."""

    manifest: ReleaseManifest
    catalog: CompiledCatalog
    folder: Path
    datasets: dict[str, StoredDataset]
    _views: dict[tuple[str, Actor], View | None] = field(default_factory=dict, repr=False)

    @property
    def number(self) -> int:
        """Number of the release."""
        return self.manifest.number

    @property
    def database(self) -> str:
        """Name under which the serving file is attached."""
        return database_name(self.number)

    def view(self, dataset: str, actor: Actor) -> View | None:
        """The dataset as the actor may see it; None when there is none, or none for this actor."""
        stored = self.datasets.get(dataset)
        if stored is None:
            return None
        if (dataset, actor) not in self._views:
            self._views[dataset, actor] = project(
                stored.entry,
                decide(actor, "read", stored.entry),
                stored=stored.stored,
                stored_sorted=stored.sorted,
                table=(self.database, SERVING_SCHEMA, dataset),
                row_count=stored.row_count,
                files=stored.files,
                release=f"{self.number} {self.manifest.published_at.isoformat()}",
            )
        return self._views[dataset, actor]

    def views(self, actor: Actor) -> list[View]:
        """Every dataset the actor may see, in catalog order."""
        return [view for name in self.datasets if (view := self.view(name, actor)) is not None]

    def file(self, name: str) -> Path:
        """Path of a distribution by the name the manifest gives it."""
        return self.folder / FILES_FOLDER / name


def database_name(number: int) -> str:
    """Name a release is attached under: it carries the number, so that no two releases are ever confused."""
    return f"release_{number:04d}"


def open_release(workspace: Workspace, number: int, engine: Engine) -> OpenRelease:
    """Attach and check a release. Blocks. Raises CatalogError or ReleaseUnusableError, leaving nothing attached."""
    folder = release_folder(workspace, number).resolve()
    manifest = read_manifest(workspace, number)
    catalog = CompiledCatalog.load(folder / CATALOG_FILE)
    if manifest.number != number:
        raise ReleaseUnusableError(f"{folder} says that it is release {manifest.number}")
    serving = folder / SERVING_FILE
    if not serving.is_file():
        raise ReleaseUnusableError(f"{serving} is missing")
    engine.attach(database_name(number), serving)
    try:
        tables = engine.tables(database_name(number), SERVING_SCHEMA)
        datasets = {entry.id: _stored(entry, manifest, tables, folder, engine) for entry in catalog.datasets}
    except BaseException:
        engine.detach(database_name(number))
        raise
    return OpenRelease(manifest, catalog, folder, datasets)


def _stored(
    entry: CompiledDataset, manifest: ReleaseManifest, tables: dict[str, dict[str, str]], folder: Path, engine: Engine
) -> StoredDataset:
    stored = tables.get(entry.id)
    if stored is None:
        raise ReleaseUnusableError(f"{folder / SERVING_FILE} has no table {SERVING_SCHEMA}.{entry.id}")
    missing = [column.name for column in entry.columns if column.name not in stored]
    if missing:
        raise ReleaseUnusableError(f"{SERVING_SCHEMA}.{entry.id} lacks the catalog's columns {', '.join(missing)}")
    released = next((dataset for dataset in manifest.datasets if dataset.id == entry.id), None)
    if released is None:
        raise ReleaseUnusableError(f"{folder} has no manifest entry for dataset {entry.id}")
    files = {file: _columns_of(folder, file, engine) for file in released.distributions}
    table = (database_name(manifest.number), SERVING_SCHEMA, entry.id)
    in_order = engine.lies_in_order(table, entry.key)
    if not in_order:
        log.warning("%s.%s is not stored in the order of its key: pages are slower", SERVING_SCHEMA, entry.id)
    return StoredDataset(entry, stored, in_order, released.row_count, files)


def _columns_of(folder: Path, file: Distribution, engine: Engine) -> tuple[str, ...]:
    """The columns a file really holds, so that a file written under another policy is noticed."""
    path = folder / FILES_FOLDER / file.name
    if PurePosixPath(file.name).name != file.name or not path.is_file() or path.stat().st_size != file.bytes:
        raise ReleaseUnusableError(f"{path} is missing or has not the size the manifest says")
    if file.format == "parquet":
        return engine.parquet_columns(path)
    if file.format == "csv":
        with path.open(encoding="utf-8-sig", newline="") as text:
            return tuple(next(csv.reader(text), []))
    raise ReleaseUnusableError(f"{path} has the format {file.format}; this gateway can check parquet and csv only")
