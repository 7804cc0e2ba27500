"""Every defect planted in a month of a medium city is found, and nothing else is: precision and recall by rule."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.city import load_city
from catalog.workspace import Workspace
from orchestration.lake.connect import open_lake
from orchestration.lake.lock import writer_lock
from orchestration.lake.schema import ensure_ops
from orchestration.lake.vocabulary import load_vocabulary
from orchestration.landing.pull import pull
from orchestration.reading.load import load_feed
from tests.city.scoring import score, table_of
from tests.city.systems import CITY, SPINE, SPINE_DEPARTMENTS, Systems

LEAST = 0.99
DAYS = "30"  # each rule of each table is planted, most of them a dozen times and more


@pytest.mark.slow(seconds=45)
@pytest.mark.parametrize(
    ("folder", "departments"),
    [(SPINE, SPINE_DEPARTMENTS), pytest.param(CITY, (), marks=pytest.mark.nightly)],
    ids=["four feeds", "all feeds"],
)
def test_every_planted_defect_is_found_and_nothing_else(
    folder: Path,
    departments: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    record_property: Callable[[str, object], None],
) -> None:
    systems, workspace, city = Systems(tmp_path / "departments"), Workspace(tmp_path / "home"), load_city(folder)
    systems.generate("--scale", "medium", "--days", DAYS, *departments)
    with systems.serving() as environment:
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        for feed in city.feeds:
            for day in systems.days():
                pull(city, feed, day, workspace)
    with writer_lock(workspace), open_lake(workspace) as lake:
        ensure_ops(lake)
        load_vocabulary(lake, city.vocabulary_dir)
        loads = [load_feed(lake, city, feed, workspace, systems.days()[-1]) for feed in city.feeds]
        scores = score(lake, city, workspace, systems.home / "answer_key.parquet")
    record_property("printed", table_of(scores))
    assert sum(account.rows_in for load in loads for account in load.accounts) > 140_000
    planted = {(found.table, found.rule) for found in scores if found.planted}
    assert len(planted) > 100
    assert [found for found in scores if found.recall < LEAST or found.precision < LEAST] == []
