"""Every planted defect of a medium city is found, and nothing else is: the table of precision and recall."""

from __future__ import annotations

import sys
from datetime import date, timedelta
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
from tests.city.systems import CITY, Systems
from tests.examples.yunzhou_score import score, table_of

FEEDS = ("hotline", "grid", "permits", "credit")
LAST = date(2026, 6, 30)
DAYS = 15  # of a medium city: 80,000 rows, each rule some dozen times


@pytest.mark.slow
def test_every_planted_defect_is_found_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workspace, city = Workspace(tmp_path), load_city(CITY)
    systems = Systems(workspace.departments)
    systems.generate("--scale", "medium", "--days", str(DAYS), "--until", str(LAST))
    with systems.serving() as environment, writer_lock(workspace):
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        for number in range(DAYS):
            day = LAST - timedelta(days=DAYS - 1 - number)
            systems.advance(day)
            for feed in FEEDS:
                pull(city, feed, day, workspace)
        with open_lake(workspace) as lake:
            ensure_ops(lake)
            load_vocabulary(lake, city.vocabulary_dir)
            for feed in FEEDS:
                load_feed(lake, city, feed, workspace, LAST)
            scores = score(lake, city, systems.home / "answer_key.parquet")
    with capsys.disabled():
        sys.stdout.write(f"\n{table_of(scores)}\n")
    assert len({(found.table, found.rule) for found in scores if found.planted > 1}) > 60
    assert [found for found in scores if found.recall < 1 or found.precision < 1] == []
