"""Threads of the engine: one for small work, every core for large, or as many as was told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from catalog.workspace import Workspace
from orchestration.lake.connect import open_lake
from orchestration.lake.threads import SMALL_LAKE_BYTES, SMALL_LOAD_BYTES, THREADS, engine_threads

CORES = os.cpu_count() or 1


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    monkeypatch.delenv(THREADS, raising=False)
    return Workspace(tmp_path)


def test_small_work_gets_one_thread_and_large_work_every_core(workspace: Workspace) -> None:
    assert engine_threads(workspace) == 1
    assert engine_threads(workspace, SMALL_LOAD_BYTES) == CORES, "a large load into an empty lake"
    file = workspace.lake_data / "landed" / "t" / "large.parquet"
    file.parent.mkdir(parents=True)
    with file.open("wb") as sparse:
        sparse.truncate(SMALL_LAKE_BYTES)
    assert engine_threads(workspace) == CORES, "a large lake, whatever is loaded"


def test_what_the_environment_says_holds(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(THREADS, "3")
    with open_lake(workspace) as con:
        assert con.execute("SELECT current_setting('threads')").fetchone() == (3,)
