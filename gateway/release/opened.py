"""One opened release: its files checked against what they say of themselves, its datasets ready to be viewed."""

from __future__ import annotations

import csv
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from catalog.compiled import CATALOG_FILE, CompiledCatalog, CompiledDataset
from catalog.policy.model import Action
from catalog.release import DatasetQuality, Distribution, ReleaseManifest, read_manifest, release_folder
from catalog.workspace import Workspace
from gateway.engine import Engine
from gateway.policy.actor import Actor
from gateway.policy.decide import decide
from gateway.policy.decision import Decision
from gateway.policy.plans import Plans
from gateway.policy.project import describe_only, project
from gateway.policy.shelf import PolicyShelf
from gateway.view.view import View
from gateway.withdrawal.hidden import Hidden

log = logging.getLogger("gateway.release")

SERVING_FILE = "serving.duckdb"
SERVING_SCHEMA = "open"
FILES_FOLDER = "files"
_PLANS = 4096  # decisions and views of a release that are kept


class ReleaseUnusableError(Exception):
    """A release that contradicts itself; the text is for the log, never for a caller."""


@dataclass(frozen=True)
class StoredDataset:
    """A dataset as the release holds it: catalog entry, stored types, row count, files with their real columns.

    `sorted` tells whether its rows really are stored in the order of the key. `hidden` is what of it must not be
    shown, whoever asks: the `shown_` values are those that count.
    """

    entry: CompiledDataset
    stored: dict[str, str]
    sorted: bool
    row_count: int
    files: dict[Distribution, tuple[str, ...]]
    hidden: Hidden | None = None
    quality: DatasetQuality | None = None

    @property
    def shown_rows(self) -> int:
        """How many rows there are without the withdrawn ones."""
        return self.row_count - (self.hidden.withdrawn.rows if self.hidden else 0)

    @property
    def shown_files(self) -> dict[Distribution, tuple[str, ...]]:
        """The files by what may be sent under their names; one that is still being made has no bytes and no sha256."""
        if self.hidden is None:
            return self.files
        return {self.hidden.shown(file): columns for file, columns in self.files.items()}


@dataclass(frozen=True)
class OpenRelease:
    """A release whose serving file is attached, seen under the policy in force today.

    Decisions and views are kept by policy, actor, dataset, action, purpose and day.
    """

    manifest: ReleaseManifest
    catalog: CompiledCatalog
    folder: Path
    datasets: dict[str, StoredDataset]
    policies: PolicyShelf
    _plans: Plans[tuple[Decision, View | None]] = field(default_factory=lambda: Plans(_PLANS), repr=False)

    @property
    def number(self) -> int:
        """Number of the release."""
        return self.manifest.number

    @property
    def database(self) -> str:
        """Name under which the serving file is attached."""
        return database_name(self.number)

    def view(self, dataset: str, actor: Actor, purpose: str | None = None, action: Action = "read") -> View | None:
        """The dataset as the actor may see it today; None when there is none, or none for this actor.

        Under `aggregate` and `verify` it holds cells that may only be reckoned with, or compared: none may leave.
        """
        stored = self.datasets.get(dataset)
        return None if stored is None else self._planned(stored, actor, purpose, action)[1]

    def described(self, dataset: str, actor: Actor, purpose: str | None = None) -> View | None:
        """The dataset as the actor may see it, else what the actor may read about it without seeing a value."""
        return self.view(dataset, actor, purpose) or self.view(dataset, actor, purpose, "describe")

    def views(self, actor: Actor, purpose: str | None = None) -> list[View]:
        """Every dataset the actor may see or read about, in catalog order."""
        return [view for name in self.datasets if (view := self.described(name, actor, purpose)) is not None]

    def decision(self, dataset: str, actor: Actor, purpose: str | None = None, action: Action = "read") -> Decision:
        """The decision behind a view. KeyError when the release has no such dataset."""
        return self._planned(self.datasets[dataset], actor, purpose, action)[0]

    def _planned(
        self, stored: StoredDataset, actor: Actor, purpose: str | None, action: Action
    ) -> tuple[Decision, View | None]:
        policy = self.policies.current
        actor = actor.at(self.policies.now)
        today = self.policies.today(self.catalog.city.timezone)

        def plan() -> tuple[Decision, View | None]:
            decision = decide(policy, actor, action, stored.entry.id, purpose, today)
            if action == "sandbox":  # its answers leave: what may only be used there, and not read, is not in it
                decision = decision.meet(decide(policy, actor, "read", stored.entry.id, purpose, today))
            return decision, self._project(stored, decision, action)

        # The table too: the same rows withdrawn again, later, are in another one, and the first is dropped by then.
        hidden = stored.hidden and (stored.hidden.edition, stored.hidden.withdrawn.keys)
        key = (policy and policy.digest, actor.digest, stored.entry.id, action, purpose, today, hidden)
        return self._plans.get(key, plan)

    def _project(self, stored: StoredDataset, decision: Decision, action: Action) -> View | None:
        table = (self.database, SERVING_SCHEMA, stored.entry.id)
        release = f"{self.number} {self.manifest.published_at.isoformat()}"
        if action == "describe":
            return describe_only(stored.entry, decision, stored=stored.stored, table=table, release=release)
        view = project(
            stored.entry,
            decision.summed if action == "aggregate" else decision.compared if action == "verify" else decision,
            stored=stored.stored,
            stored_sorted=stored.sorted and stored.hidden is None,
            table=table,
            row_count=stored.shown_rows,
            files=stored.shown_files,
            release=release,
            keys=self.policies.keys,
            quality=stored.quality,
        )
        if view is not None and action == "aggregate":
            columns = tuple(replace(c, summed=c.name not in decision.columns) for c in view.columns)
            view = replace(view, columns=columns)
        return view if view is None or stored.hidden is None else stored.hidden.leave_out(view)

    def file(self, dataset: str, name: str, sha256: str) -> Path | None:
        """Path of the file of that name while these are the bytes that may be sent under it; None when they are others
        by now, as rows were withdrawn or shown again since the caller's view was made."""
        stored = self.datasets[dataset]
        shown = next((file for file in stored.shown_files if file.name == name), None)
        if shown is None or shown.sha256 != sha256:
            return None
        copy = stored.hidden.copies[name] if stored.hidden else None
        return copy.path if copy else self.folder / FILES_FOLDER / name

    def hide(self, hidden: Mapping[str, Hidden]) -> None:
        """From now on exactly this is left out, by dataset. On the event loop: every later answer obeys it."""
        for name, stored in self.datasets.items():
            self.datasets[name] = replace(stored, hidden=hidden.get(name))


def database_name(number: int) -> str:
    """Name a release is attached under: it carries the number, so that no two releases are ever confused."""
    return f"release_{number:04d}"


def open_release(workspace: Workspace, number: int, engine: Engine, policies: PolicyShelf) -> OpenRelease:
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
    return OpenRelease(manifest, catalog, folder, datasets, policies)


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
    return StoredDataset(entry, stored, in_order, released.row_count, files, quality=released.quality)


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
