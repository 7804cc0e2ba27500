"""Releases are found and read from their files alone."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.contract.options import Title
from catalog.errors import CatalogError
from catalog.release import (
    Distribution,
    QualitySummary,
    ReleasedColumn,
    ReleasedDataset,
    ReleasedFile,
    ReleaseManifest,
    list_releases,
    read_current,
    read_manifest,
    release_folder,
    write_manifest,
)
from catalog.workspace import Workspace


def make(number: int) -> ReleaseManifest:
    file = Distribution(name="x.csv", format="csv", media_type="text/csv", bytes=3, sha256="ab")
    columns = (ReleasedColumn(name="id", type="VARCHAR"),)
    dataset = ReleasedDataset(id="x", row_count=1, content_hash="cd", schema=columns, distributions=(file,))
    return ReleaseManifest(
        number=number,
        city="lakeside",
        title=Title(zh="湖畔", en="Lakeside"),
        published_at=datetime(2024, 5, 1, 8, tzinfo=UTC),
        content_hash="ef",
        lake_snapshot=7,
        datasets=(dataset,),
        quality=QualitySummary(score=1.0, checks_passed=1, checks_warned=0, checks_failed=0),
        files=(ReleasedFile(name="catalog.json", bytes=2, sha256="01"),),
    )


def test_before_the_first_release_there_is_none(tmp_path: Path) -> None:
    assert list_releases(Workspace(tmp_path)) == []
    assert read_current(Workspace(tmp_path)) is None


def test_releases_are_listed_and_read(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    for number in (2, 1, 10000):
        release_folder(workspace, number).mkdir(parents=True)
        write_manifest(make(number), release_folder(workspace, number))
    (workspace.releases / ".staging-0003").mkdir()
    workspace.current.write_text("0002\n", encoding="ascii")
    assert list_releases(workspace) == [1, 2, 10000]
    assert read_current(workspace) == 2
    assert read_manifest(workspace, 2) == make(2)
    assert read_manifest(workspace, 2).dataset("x").schema_[0].name == "id"
    assert '"schema": [' in (release_folder(workspace, 2) / "release.json").read_text("utf-8")
    with pytest.raises(CatalogError, match="0001, 0002, 10000"):
        read_manifest(workspace, 3)


def test_broken_files_are_named(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path)
    release_folder(workspace, 1).mkdir(parents=True)
    (release_folder(workspace, 1) / "release.json").write_text('{"number": 0}', encoding="utf-8")
    with pytest.raises(CatalogError, match=r"release\.json: number"):
        read_manifest(workspace, 1)
    for content in (b"latest", b"\xff\xfe0\x00"):
        workspace.current.write_bytes(content)
        with pytest.raises(CatalogError, match="not a release number"):
            read_current(workspace)
