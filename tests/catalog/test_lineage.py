"""Every column is followed back to the delivered columns it stands on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from catalog.city import City
from catalog.lineage import ColumnLineage, Traces, column_lineage
from catalog.manifest import DbtManifest
from catalog.sqllineage import SqlLineageError, Tracer

KNOWN = {
    "landed": {"a": {"id": "VARCHAR", "n": "BIGINT", "at": "TIMESTAMP"}, "b": {"id": "VARCHAR", "m": "BIGINT"}},
    "vocab": {"code": {"source": "VARCHAR", "code": "VARCHAR"}},
}


@pytest.fixture(scope="module")
def lineage(manifest: DbtManifest, city: City) -> ColumnLineage:
    return column_lineage(manifest, city)


def test_columns_reach_the_contract(lineage: ColumnLineage) -> None:
    assert lineage.unread == ()
    assert lineage.feed_columns("open.open_repair_cost", "cost_yuan") == ["lamps.repair.cost_yuan"]
    assert lineage.feed_columns("topic.topic_repair", "repair_no") == ["lamps.repair.repair_no"]
    assert lineage.feed_columns("topic.topic_repair", "_load_id") == ["lamps.repair._load_id"]
    assert lineage.feed_columns("open.open_repair_cost", "repairs") == []


def test_a_looked_up_value_names_the_column_it_is_found_by(lineage: ColumnLineage) -> None:
    relation = "open.open_repair_cost"
    assert lineage.feed_columns(relation, "org_name") == ["lamps.repair.org_code"]
    assert lineage.roots(relation, "org_name", lookups=False) == [("vocab.organisation", "name")]


def test_the_file_is_the_same_bytes_each_time(lineage: ColumnLineage, tmp_path: Path) -> None:
    lineage.save(tmp_path / "one.json")
    ColumnLineage.load(tmp_path / "one.json").save(tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert ColumnLineage.load(tmp_path / "one.json") == lineage


def test_a_model_the_latest_run_left_out_is_still_followed(
    manifest: DbtManifest, city: City, lineage: ColumnLineage
) -> None:
    target = next(iter(manifest.models.values())).file.parents[1] / "target"
    raw = json.loads((target / "manifest.json").read_bytes())
    for node in raw["nodes"].values():
        node.pop("compiled_code", None)
    assert column_lineage(DbtManifest.parse(raw, target), city) == lineage
    assert len(column_lineage(DbtManifest.parse(raw, target.parent), city).unread) == len(manifest.models)


def test_what_was_traced_is_traced_again_only_for_other_sql(
    manifest: DbtManifest, city: City, lineage: ColumnLineage
) -> None:
    kept = Traces()
    assert column_lineage(manifest, city, kept) == lineage
    before = dict(kept)
    assert len(before) == len(manifest.models)

    key, model = next(
        (key, model)
        for key, model in manifest.models.items()
        if lineage.roots(f"{model.layer}.{model.name}", "org_name")
    )
    nothing = ", ".join(f"null as {column}" for column in model.columns)
    other = replace(manifest, models={**manifest.models, key: replace(model, compiled_code=f"select {nothing}")})
    assert column_lineage(other, city, kept).roots(f"{model.layer}.{model.name}", "org_name") == []
    assert len(kept.keys() - before.keys()) == 1
    assert before.items() >= {key: kept[key] for key in kept.keys() & before.keys()}.items()


CASES = [
    ("select id as x from lake.landed.a", {"landed.a.id": "same"}),
    ('select "id" as X from "lake"."landed"."a"', {"landed.a.id": "same"}),
    ("select n + 1 as x from lake.landed.a", {"landed.a.n": "derived"}),
    ("select count(*) as x from lake.landed.a", {}),
    ("select x from (select *, n * 2 as x from lake.landed.a) as t", {"landed.a.n": "derived"}),
    ("with t as (select * from lake.landed.a), u as (select n as x from t) select * from u", {"landed.a.n": "same"}),
    ("select n as x from lake.landed.a union all select m from lake.landed.b",
     {"landed.a.n": "same", "landed.b.m": "same"}),
    ("select 1 as x union all (select n from lake.landed.a union select m + 1 from lake.landed.b)",
     {"landed.a.n": "same", "landed.b.m": "derived"}),
    ("select b.m as x from lake.landed.a join lake.landed.b on a.id = b.id",
     {"landed.b.m": "same", "landed.a.id": "lookup"}),
    ("select m as x from lake.landed.a join lake.landed.b using (id)",
     {"landed.b.m": "same", "landed.a.id": "lookup"}),
    ("select (select max(c.code) from lake.vocab.code as c where c.source = a.id) as x from lake.landed.a",
     {"vocab.code.code": "derived", "landed.a.id": "lookup"}),
    ("select exists (select 1 from lake.landed.b where b.id = a.id) as x from lake.landed.a",
     {"landed.a.id": "lookup", "landed.b.id": "lookup"}),
    ("select case when at > timestamp '2024-01-01' then n end as x from lake.landed.a",
     {"landed.a.at": "derived", "landed.a.n": "derived"}),
    ("select row_number() over (partition by id order by at) as x from lake.landed.a",
     {"landed.a.id": "derived", "landed.a.at": "derived"}),
    ("select t.part as x from lake.landed.a, unnest(string_split(a.id, ';')) as t(part)", {"landed.a.id": "derived"}),
    ("with recursive t as (select id as x from lake.landed.a union all select x || 'y' from t) select x from t",
     {"landed.a.id": "same"}),
]  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), CASES)
def test_a_query_is_read(sql: str, expected: dict[str, str]) -> None:
    found = Tracer(KNOWN).trace(sql, ["x"])["x"]
    assert {f"{relation}.{column}": how for (relation, column), how in found.items()} == expected


@pytest.mark.parametrize("sql", ["select from where", "select id from lake.landed.a", "drop table x"])
def test_what_cannot_be_read_is_said(sql: str) -> None:
    with pytest.raises(SqlLineageError):
        Tracer(KNOWN).trace(sql, ["x"])
