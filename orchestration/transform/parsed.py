"""Parsed dbt projects, kept by what they were parsed from: in the workspace, and for the user's other workspaces.

Parsing takes seconds and depends on nothing but the files of the project and the version of dbt. Every run needs it,
every start of the gateway, and every new workspace of a city.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.workspace import Workspace
from orchestration.transform.assemble import project_digest

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

CACHE = "CIVICLAKE_CACHE"
KEPT = 16  # parsed projects in the user's cache, 4 MB each
_MANIFEST = "manifest.json"
_WHOLE = "parsed.msgpack"
_MARK = "parsed.sha256"
_OF_DBT = "partial_parse.msgpack"  # where dbt leaves all it knows of the project


def manifest_file(workspace: Workspace) -> Path:
    """The manifest of the assembled project as it was last parsed."""
    return _target(workspace) / _MANIFEST


def manifest_json(file: Path) -> dict[str, Any]:
    """What a manifest file says, read once as long as it stands; whoever asks must not change it."""
    state = file.stat()
    return _read(file, state.st_mtime_ns, state.st_size, state.st_ino)


@lru_cache(maxsize=2)
def _read(file: Path, *_: int) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.read_bytes())
    return content


def take_parsed(workspace: Workspace) -> bool:
    """Whether the project, as it stands, is parsed here; if the user's cache holds it so, it is from now on."""
    target, digest = _target(workspace), project_digest(workspace.dbt)
    if _marked(target) == digest:
        return True
    try:
        held = {name: (_cache() / digest / name).read_bytes() for name in (_MANIFEST, _WHOLE)}
    except OSError:  # it is not there, or another process clears it away: the project is parsed here
        return False
    target.mkdir(parents=True, exist_ok=True)
    (target / _MARK).unlink(missing_ok=True)  # so that a copy cut short is not taken for whole
    for name, content in held.items():
        (target / name).write_bytes(content)
    _mark(target, digest)
    return True


def keep_parsed(workspace: Workspace) -> None:
    """Note that dbt has just parsed the project as it stands, and keep the result for other workspaces too."""
    target, digest = _target(workspace), project_digest(workspace.dbt)
    shutil.copyfile(target / _OF_DBT, target / _WHOLE)
    _mark(target, digest)
    with contextlib.suppress(OSError):  # a cache that cannot be written saves nothing, and nothing else is lost
        _into_cache(target, digest)


def parsed_project(workspace: Workspace) -> Manifest:
    """What dbt knows of the project that was parsed here, in dbt's own form, for one invocation to write in."""
    from dbt.contracts.graph.manifest import Manifest
    from dbt.parser.manifest import extended_mashumuro_decoder

    manifest = Manifest.from_msgpack((_target(workspace) / _WHOLE).read_bytes(), decoder=extended_mashumuro_decoder)
    manifest.build_flat_graph()
    return manifest


def _target(workspace: Workspace) -> Path:
    return workspace.dbt / "target"


def _marked(target: Path) -> str:
    try:
        return (target / _MARK).read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _mark(target: Path, digest: str) -> None:
    fresh = target / f"{_MARK}.new"
    fresh.write_text(digest, encoding="ascii")
    fresh.replace(target / _MARK)


def _cache() -> Path:
    from platformdirs import user_cache_path

    return Path(os.environ.get(CACHE) or user_cache_path("civiclake")) / "models"


def _into_cache(target: Path, digest: str) -> None:
    cache = _cache()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache, prefix=".new-") as folder:
        fresh = Path(folder) / digest
        fresh.mkdir()
        for name in (_MANIFEST, _WHOLE):
            shutil.copyfile(target / name, fresh / name)
        shutil.rmtree(cache / digest, ignore_errors=True)  # half of one, if any
        fresh.rename(cache / digest)
    held = sorted(cache.glob("[0-9a-f]*"), key=lambda entry: entry.stat().st_mtime, reverse=True)
    for old in held[KEPT:]:
        shutil.rmtree(old, ignore_errors=True)
