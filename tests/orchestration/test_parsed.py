"""A project is parsed once: runs after the first, and other workspaces of the same models, take what is known."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from catalog.city import City, load_city
from catalog.workspace import Workspace
from orchestration.cli.init import write_city
from orchestration.transform import build
from orchestration.transform.assemble import assemble
from orchestration.transform.parsed import CACHE, keep_parsed, take_parsed


@dataclass(frozen=True)
class Known:
    """A cache in which one workspace has left what it parsed, and the manifest it has."""

    cache: Path
    city: City
    manifest: bytes


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    root = tmp_path_factory.mktemp("parsed")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE, str(root / "cache"))
        write_city(root / "town", "town", "Asia/Shanghai")
        city = load_city(root / "town")
        return Known(root / "cache", city, parse(city, Workspace(root / "first")))


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with nothing in it."""
    monkeypatch.setenv(CACHE, str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def parses(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The projects that dbt had to parse, in order."""
    seen: list[Path] = []

    def note(workspace: Workspace) -> None:
        seen.append(workspace.home)
        keep_parsed(workspace)

    monkeypatch.setattr("orchestration.transform.build.keep_parsed", note)
    return seen


def test_what_was_parsed_once_is_known_everywhere(
    tmp_path: Path, cache: Path, known: Known, parses: list[Path]
) -> None:
    city, second, third = known.city, Workspace(tmp_path / "second"), Workspace(tmp_path / "third")
    shutil.copytree(known.cache, cache)
    assert [parse(city, second) for _ in range(2)] == [known.manifest] * 2
    assert str(known.cache.parent).encode() not in known.manifest, "nothing in it belongs to one workspace"
    compiled = build.run_dbt(second, "compile", as_of=date(2026, 6, 30), select=["base_calendar"])
    assert {node.status for node in compiled.nodes} == {"success"}
    assert parses == []

    changed = second.dbt / "models" / "base" / "base_calendar.sql"
    changed.write_text(changed.read_text(encoding="utf-8") + "\n-- other words\n", encoding="utf-8")
    build.parse_project(second, city)
    assert parses == [second.home]

    for held in cache.rglob("manifest.json"):  # a copy cut short, a cache half cleared
        held.unlink()
    assert json.loads(parse(city, third))["nodes"].keys() == json.loads(known.manifest)["nodes"].keys()
    assert parses == [second.home, third.home]


def test_a_cache_that_cannot_be_written_is_done_without(
    tmp_path: Path, cache: Path, known: Known, parses: list[Path]
) -> None:
    cache.write_text("a file stands where the folder should be", encoding="utf-8")
    workspace = Workspace(tmp_path / "home")
    parse(known.city, workspace)
    assert take_parsed(workspace)
    assert parses == [workspace.home]


def test_a_copy_cut_short_is_made_again(
    tmp_path: Path, cache: Path, known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    city, torn = known.city, Workspace(tmp_path / "torn")
    shutil.copytree(known.cache, cache)
    assemble(city, torn)
    written: list[Path] = []
    write = Path.write_bytes

    def cut(file: Path, content: bytes) -> int:
        if written:
            raise OSError("no space left")
        written.append(file)
        return write(file, content[:1000])

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_bytes", cut)
        with pytest.raises(OSError, match="no space"):
            take_parsed(torn)
    assert parse(city, torn) == known.manifest


def parse(city: City, workspace: Workspace) -> bytes:
    """The manifest of the city's project in the workspace."""
    assemble(city, workspace)
    return build.parse_project(workspace, city).read_bytes()
