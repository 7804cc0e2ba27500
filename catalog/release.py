"""What a release says about itself, and how to find the current one: pure reading of files."""

from __future__ import annotations

import re
from datetime import date, datetime
from pathlib import Path

from pydantic import Field, ValidationError

from catalog.canonical import write_json
from catalog.contract.options import Strict, Title
from catalog.errors import CatalogError
from catalog.workspace import Workspace

MANIFEST_FILE = "release.json"
FOLDER = re.compile(r"\d{4,}")
# A SQLite file of public rows, indexed by key and ways of access, each with its JSON object as bytes; and its table of
# columns: dataset, name, form, whether the column also stands apart from the object.
LOOK_UP_FILE = "lookup.sqlite"
LOOK_UP_FORMS = "forms"
LOOK_UP_ROW = "#row"
LOOK_UP_COMMON = "common"  # its table of signs that many texts have, and how many: dataset, name, signs, texts


# How DuckDB writes the public files: releases, and copies of their files without withdrawn rows, look alike.
COPY_OPTIONS = {"parquet": "FORMAT parquet, COMPRESSION zstd", "csv": "FORMAT csv, HEADER"}


class ReleasedColumn(Strict):
    """One column of a released dataset with its DuckDB type."""

    name: str
    type: str


class Distribution(Strict):
    """One downloadable file `files/<name>` of a dataset; `bytes` is its size."""

    name: str
    format: str
    media_type: str
    bytes: int
    sha256: str


class DatasetQuality(Strict):
    """Checks of one dataset's own rows: `score` and the shares by dimension lie in 0-1."""

    score: float
    by_dimension: dict[str, float]


class ReleasedDataset(Strict):
    """One dataset of a release; `content_hash` is the sha256 of its schema and its rows in key order.

    `quality` is None when none of its rows was checked.
    """

    id: str
    row_count: int
    content_hash: str
    schema_: tuple[ReleasedColumn, ...] = Field(alias="schema")
    distributions: tuple[Distribution, ...] = ()
    quality: DatasetQuality | None = None


class ReleasedFile(Strict):
    """One file of the release folder, by its path inside; `bytes` is its size."""

    name: str
    bytes: int
    sha256: str


class ReleasedWithdrawals(Strict):
    """The rows that were withdrawn, or will be by the clock, as of the day `as_of`; `content_hash` is of the list."""

    rows: int
    as_of: date
    content_hash: str


class QualitySummary(Strict):
    """Quality checks behind a release: `score` and the shares by dimension lie in 0-1."""

    score: float
    checks_passed: int
    checks_warned: int
    checks_failed: int
    by_dimension: dict[str, float] = Field(default_factory=dict)


class ReleaseManifest(Strict):
    """`release.json`. `content_hash` depends on what the datasets hold, not on when or how often it was built."""

    number: int = Field(ge=1)
    city: str
    title: Title
    published_at: datetime
    content_hash: str
    lake_snapshot: int
    previous: int | None = None
    datasets: tuple[ReleasedDataset, ...]
    quality: QualitySummary
    files: tuple[ReleasedFile, ...] = ()
    withdrawals: ReleasedWithdrawals | None = None

    def dataset(self, name: str) -> ReleasedDataset:
        """The dataset with id `name`; KeyError when the release has none."""
        for dataset in self.datasets:
            if dataset.id == name:
                return dataset
        raise KeyError(f"release {self.number} has no dataset {name}")


def search_table(dataset: str, column: str) -> str:
    """The index of a look-up file by which the texts of a column are searched."""
    return f"texts of {dataset}.{column}"


def look_up_table(dataset: str) -> str:
    """Name of the table of a dataset in the look-up file."""
    return f"rows of {dataset}"


def release_folder(workspace: Workspace, number: int) -> Path:
    """Folder of release `number`, whether or not it exists."""
    return workspace.releases / f"{number:04d}"


def list_releases(workspace: Workspace) -> list[int]:
    """Numbers of all complete releases, ascending; empty before the first."""
    if not workspace.releases.is_dir():
        return []
    names = (path.name for path in workspace.releases.iterdir() if path.is_dir())
    return sorted(int(name) for name in names if FOLDER.fullmatch(name))


def read_current(workspace: Workspace) -> int | None:
    """Number of the current release; None before the first. CatalogError when CURRENT is not a number."""
    try:
        text = workspace.current.read_text(encoding="utf-8", errors="replace").strip()
    except FileNotFoundError:
        return None
    if not FOLDER.fullmatch(text):
        mend = "Run `civiclake release rollback NUMBER` to serve one"
        raise CatalogError.one(workspace.current, f"`{text[:20]}` is not a release number", mend)
    return int(text)


def read_manifest(workspace: Workspace, number: int) -> ReleaseManifest:
    """Manifest of release `number`; CatalogError when there is none or it cannot be read."""
    path = release_folder(workspace, number) / MANIFEST_FILE
    try:
        return ReleaseManifest.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        known = ", ".join(f"{found:04d}" for found in list_releases(workspace)) or "none"
        raise CatalogError.one(path, "there is no such release", f"Releases are: {known}") from None
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"])
        raise CatalogError.one(path, str(first["msg"]), "Restore the file from a copy", key=key) from None


def write_manifest(manifest: ReleaseManifest, folder: Path) -> Path:
    """Writes `release.json` into `folder` and gives its path."""
    path = folder / MANIFEST_FILE
    write_json(manifest, path)
    return path
