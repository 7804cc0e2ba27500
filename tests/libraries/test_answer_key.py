"""Every defect planted in the feeds of a small city is found, and nothing else is: precision and recall by rule."""

from __future__ import annotations

from collections.abc import Callable

from catalog.city import load_city
from orchestration.lake.connect import open_lake
from tests.city.conftest import Built
from tests.city.scoring import score, table_of
from tests.city.systems import CITY


def test_every_planted_defect_is_found_and_nothing_else(
    libraries: Built, record_property: Callable[[str, object], None]
) -> None:
    """So few of each are planted here that not one may be missed; at night the same is asked of a medium city."""
    with open_lake(libraries.workspace, read_only=True) as lake:
        scores = score(lake, load_city(CITY), libraries.workspace, libraries.systems.home / "answer_key.parquet")
    record_property("printed", table_of(scores))
    tables = {table.physical_name for _, table in load_city(CITY).tables()}
    assert len(tables - {found.table for found in scores if found.planted}) <= 3, "of few rows, few are spoilt"
    assert [found for found in scores if found.recall < 1 or found.precision < 1] == []
