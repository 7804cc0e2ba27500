"""A library is not built again only when a build could change nothing: what the lake says of a change."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from catalog.workspace import Workspace
from orchestration.lake.connect import open_lake
from orchestration.lake.schema import ensure_ops
from orchestration.transform.standing import Build, current_snapshot, remember, standing

AT = datetime(2026, 7, 1)


class TestLake:
    """What the lake's own snapshots say of a change."""

    @pytest.fixture
    def lake(self, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        with open_lake(Workspace(tmp_path)) as con:
            ensure_ops(con)
            con.execute("CREATE TABLE lake.base.b (a INTEGER); CREATE TABLE lake.landed.l (a INTEGER)")
            for _ in range(3):
                con.execute("INSERT INTO lake.base.b SELECT * FROM range(100)")
            remember(con, Build("r", "basis", current_snapshot(con)), AT)
            yield con

    def test_a_build_stands_until_it_is_replaced(self, lake: duckdb.DuckDBPyConnection) -> None:
        assert standing(lake, "another basis") is None
        assert standing(lake, "basis") == Build("r", "basis", current_snapshot(lake) - 1)
        remember(lake, Build("s", "basis", current_snapshot(lake)), AT)
        found = standing(lake, "basis")
        assert found is not None
        assert found.run_id == "s"

    @pytest.mark.parametrize(
        "change",
        [
            "INSERT INTO lake.ops.vocabulary SELECT 'v', 'h', 1, now() FROM range(100)",
            "DELETE FROM lake.ops.vocabulary",
            "CALL ducklake_merge_adjacent_files('lake', 'b', schema => 'base')",
        ],
    )
    def test_results_and_housekeeping_are_no_change(self, lake: duckdb.DuckDBPyConnection, change: str) -> None:
        before = current_snapshot(lake)
        lake.execute("INSERT INTO lake.ops.vocabulary VALUES ('w', 'h', 1, now())")
        lake.execute(change)
        assert current_snapshot(lake) > before + 1
        assert standing(lake, "basis") is not None

    @pytest.mark.parametrize(
        "change",
        [
            "INSERT INTO lake.landed.l VALUES (1)",
            "INSERT INTO lake.landed.l SELECT * FROM range(1000)",
            "DELETE FROM lake.base.b WHERE a = 1",
            "UPDATE lake.base.b SET a = 5 WHERE a = 1",
            "ALTER TABLE lake.base.b ADD COLUMN c INTEGER",
            "DROP TABLE lake.base.b",
            "CREATE VIEW lake.staging.v AS SELECT 1 AS one",
            "CREATE OR REPLACE TABLE lake.vocab.code AS SELECT 1 AS one",
            "BEGIN; DELETE FROM lake.ops.vocabulary; INSERT INTO lake.landed.l VALUES (1); COMMIT",
        ],
    )
    def test_everything_else_is_a_change(self, lake: duckdb.DuckDBPyConnection, change: str) -> None:
        lake.execute(change)
        assert standing(lake, "basis") is None

    def test_a_lake_set_back_is_a_change(self, lake: duckdb.DuckDBPyConnection) -> None:
        remember(lake, Build("r", "basis", current_snapshot(lake) + 9), AT)
        assert standing(lake, "basis") is None, "the build's snapshot is not there yet"
        lake.execute("INSERT INTO lake.ops.vocabulary VALUES ('w', 'h', 1, now())")
        remember(lake, Build("r", "basis", 2), AT)
        lake.execute("CALL ducklake_expire_snapshots('lake', versions => [2])")
        assert standing(lake, "basis") is None, "the build's snapshot is not there any more"
