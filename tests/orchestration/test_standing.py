"""What of a library is not built again: what the lake says of a change, and how far the change reaches."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, ClassVar

import duckdb
import pytest

from catalog.workspace import Workspace
from orchestration.lake.connect import open_lake
from orchestration.lake.schema import ensure_ops
from orchestration.transform.news import reached_by
from orchestration.transform.standing import Basis, Build, changed_since, current_snapshot, last_build, remember

AT = datetime(2026, 7, 1)
BASIS = Basis("ground", "2026-06-30", "asked")


class TestLake:
    """What the lake's own snapshots say of a change."""

    @pytest.fixture
    def lake(self, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        with open_lake(Workspace(tmp_path)) as con:
            ensure_ops(con)
            con.execute("CREATE TABLE lake.base.b (a INTEGER); CREATE TABLE lake.landed.l (a INTEGER)")
            for _ in range(3):
                con.execute("INSERT INTO lake.base.b SELECT * FROM range(100)")
            remember(con, Build("r", BASIS, current_snapshot(con)), AT)
            yield con

    def test_the_last_build_replaces_the_one_before(self, lake: duckdb.DuckDBPyConnection) -> None:
        assert last_build(lake) == Build("r", BASIS, current_snapshot(lake) - 1)
        remember(lake, Build("s", BASIS, current_snapshot(lake)), AT)
        found = last_build(lake)
        assert found is not None
        assert found.run_id == "s"

    @pytest.mark.parametrize(
        ("change", "changed"),
        [
            ("INSERT INTO lake.ops.vocabulary SELECT 'v', 'h', 1, now() FROM range(100)", set()),
            ("DELETE FROM lake.ops.vocabulary", set()),
            ("CALL ducklake_merge_adjacent_files('lake', 'b', schema => 'base')", set()),
            ("INSERT INTO lake.landed.l VALUES (1)", {"landed.l"}),
            ("INSERT INTO lake.landed.l SELECT * FROM range(1000)", {"landed.l"}),
            ("DELETE FROM lake.base.b WHERE a = 1", {"base.b"}),
            ("UPDATE lake.base.b SET a = 5 WHERE a = 1", {"base.b"}),
            ("BEGIN; DELETE FROM lake.ops.vocabulary; INSERT INTO lake.landed.l VALUES (1); COMMIT", {"landed.l"}),
            ("INSERT INTO lake.landed.l VALUES (1); DELETE FROM lake.base.b", {"landed.l", "base.b"}),
            ("ALTER TABLE lake.base.b ADD COLUMN c INTEGER", None),
            ("DROP TABLE lake.base.b", None),
            ("CREATE VIEW lake.staging.v AS SELECT 1 AS one", None),
            ("CREATE OR REPLACE TABLE lake.vocab.code AS SELECT 1 AS one", None),
        ],
    )
    def test_rows_and_shapes_change_results_and_housekeeping_do_not(
        self, lake: duckdb.DuckDBPyConnection, change: str, changed: set[str] | None
    ) -> None:
        """None: more than rows, so all must be built."""
        lake.execute("INSERT INTO lake.ops.vocabulary VALUES ('w', 'h', 1, now())")
        build = last_build(lake)
        assert build is not None
        before = current_snapshot(lake)
        lake.execute(change)
        assert current_snapshot(lake) > before
        assert changed_since(lake, build.snapshot) == changed

    def test_a_lake_set_back_is_a_change(self, lake: duckdb.DuckDBPyConnection) -> None:
        assert changed_since(lake, current_snapshot(lake) + 9) is None, "the build's snapshot is not there yet"
        lake.execute("INSERT INTO lake.ops.vocabulary VALUES ('w', 'h', 1, now())")
        lake.execute("CALL ducklake_expire_snapshots('lake', versions => [2])")
        assert changed_since(lake, 2) is None, "the build's snapshot is not there any more"


def node(schema: str, name: str, *above: str, kind: str = "model", macros: tuple[str, ...] = (), **config: str) -> Any:
    """A node of a manifest."""
    return {
        "resource_type": kind,
        "schema": schema,
        "name": name,
        "depends_on": {"nodes": list(above), "macros": list(macros)},
        "config": {"materialized": "table", **config},
    }


class TestReach:
    """Two landed tables, of which one has a view, a topic of it, a theme that asks for the day, and tests."""

    RAW: ClassVar[dict[str, Any]] = {
        "sources": {
            "lamps": {"schema": "landed", "identifier": "lamp"},
            "poles": {"schema": "landed", "identifier": "pole"},
            "codes": {"schema": "vocab", "identifier": "code"},
        },
        "macros": {
            "macro.civiclake.as_of": {"depends_on": {"macros": []}},
            "due": {"depends_on": {"macros": ["macro.civiclake.as_of"]}},
        },
        "nodes": {
            "code": node("base", "code", "codes"),
            "stg_lamp": node("staging", "stg_lamp", "lamps", materialized="view"),
            "lamp": node("topic", "lamp", "stg_lamp", "code"),
            "pole": node("topic", "pole", "poles"),
            "dark": node("theme", "dark", "lamp", macros=("due",)),
            "months": node("theme", "months", "pole", incremental_strategy="restate"),
            "open_pole": node("open", "open_pole", "pole"),
            "lamp_known": node("tests", "lamp_known", "lamp", "pole", kind="test"),
            "code_unique": node("tests", "code_unique", "code", kind="test"),
            "pole_due": node("tests", "pole_due", "pole", kind="test", macros=("due",)),
        },
    }

    @pytest.mark.parametrize(
        ("changed", "day_passed", "reached"),
        [
            (set(), False, set()),
            ({"landed.lamp"}, False, {"lamp", "dark", "lamp_known"}),
            ({"landed.pole"}, False, {"pole", "months", "open_pole", "lamp_known", "pole_due"}),
            (set(), True, {"dark", "months", "pole_due"}),
            ({"topic.pole"}, False, {"pole", "months", "open_pole", "lamp_known", "pole_due"}),
            ({"base.code"}, False, {"code", "lamp", "dark", "lamp_known", "code_unique"}),
        ],
        ids=["nothing", "lamps", "poles", "a day", "a model half built", "a base table half built"],
    )
    def test_news_reaches_what_is_made_of_it(self, changed: set[str], day_passed: bool, reached: set[str]) -> None:
        assert reached_by(self.RAW, changed, day_passed=day_passed) == reached

    def test_what_is_neither_rows_nor_vocabulary_is_always_news(self) -> None:
        raw = self.RAW | {"sources": self.RAW["sources"] | {"poles": {"schema": "ops", "identifier": "batch"}}}
        reached = {"pole", "months", "open_pole", "lamp_known", "pole_due"}
        assert reached_by(raw, frozenset(), day_passed=False) == reached
