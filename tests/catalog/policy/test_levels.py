"""Levels flow from feed columns to datasets; only a step proved by a blocking check lowers them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from catalog.city import City, load_city
from catalog.compiler import compile_catalog
from catalog.errors import CatalogError
from catalog.levels import flow_levels
from catalog.lineage import column_lineage
from catalog.manifest import DbtManifest, DbtTest
from tests.catalog import contracts
from tests.catalog.test_city import make_city

PLACE = ("open.open_repair_cost", "repairs")
WAY = (
    "lamps.repair.org_code (L3) → staging.stg_lamps__repair.org_code (L3) → topic.topic_repair.org_code (L3)"
    " → open.open_repair_cost.org_code (L3)"
)


@pytest.fixture(scope="module")
def raised(tmp_path_factory: pytest.TempPathFactory) -> City:
    """The test city whose department calls `org_code` sensitive."""

    def raise_level(document: contracts.Document) -> None:
        (column,) = [c for c in document["schema"][0]["properties"] if c["name"] == "org_code"]
        column["classification"] = "L3"

    folder = make_city(tmp_path_factory.mktemp("raised"))
    contracts.write(folder / "feeds", raise_level)
    return load_city(folder)


def lowered(
    manifest: DbtManifest, *, severity: str = "error", arguments: Mapping[str, Any] | None = None, **step: Any
) -> DbtManifest:
    """The test project whose staging model lowers `org_code` by `step`, with the check `proof`."""
    model = manifest.model("stg_lamps__repair")
    column = model.columns["org_code"]
    declared = {"by": "coarsen", "check": "proof", "reason": "Only the bureau is left"} | step
    meta = {**column.meta, "deidentified": declared}
    changed = replace(model, columns={**model.columns, "org_code": replace(column, meta=meta)})
    covered = {"columns": ["org_code"]} if arguments is None else arguments
    test = DbtTest("test.proof", "proof_1", "proof", model.unique_id, None, covered, severity)
    models = {**manifest.models, model.unique_id: changed}
    return replace(manifest, models=models, tests={**manifest.tests, test.unique_id: test})


def test_a_column_above_its_level_fails_the_build_with_the_path(manifest: DbtManifest, raised: City) -> None:
    with pytest.raises(CatalogError) as caught:
        compile_catalog(raised, manifest)
    found = {problem.key: problem for problem in caught.value.problems}
    assert set(found) == {
        "stg_lamps__repair.org_code", "topic_repair.org_code", "open_repair_cost.org_code", "open_repair_cost.org_name",
    }  # fmt: skip
    problem = found["open_repair_cost.org_code"]
    assert problem.text == f"the column says L1, but it is made from data of L3: {WAY}"
    assert (problem.file.name, problem.line is not None) == ("models.yml", True)
    assert "config.meta.deidentified" in problem.mend


def test_a_look_up_carries_the_level_too(manifest: DbtManifest, raised: City) -> None:
    levels = flow_levels(manifest, raised, column_lineage(manifest, raised))
    assert levels["open.open_repair_cost", "org_name"].computed == "L3"
    assert levels["open.open_repair_cost", "org_name"].path[-1].how == "lookup"


def test_a_proved_step_lowers_it_for_all_that_follows(manifest: DbtManifest, raised: City) -> None:
    catalog = compile_catalog(raised, lowered(manifest))
    column = catalog.dataset("repair_cost").column("org_code")
    assert (column.level, column.computed_level) == ("L1", "L1")
    assert [(step.level, step.by) for step in column.path] == [
        ("L3", None), ("L1", "coarsen"), ("L1", None), ("L1", None),
    ]  # fmt: skip
    model = next(model for model in catalog.models if model.name == "stg_lamps__repair")
    (step,) = [c for c in model.columns if c.name == "org_code"]
    assert (step.level, step.computed_level, step.deidentified and step.deidentified.by) == ("L1", "L3", "coarsen")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"severity": "warn"}, "`proof` only warns"),
        ({"check": "nothing"}, "has no check `nothing`"),
        ({"arguments": {"columns": ["repair_no"]}}, "does not look at this column"),
        ({"by": "aggregate", "k": 3}, "Groups of 3 are smaller than the smallest allowed, 5"),
        ({"by": "aggregate", "k": 5, "arguments": {"k": 4}}, "does not ask for groups of 5"),
        ({"by": "mask", "mask": "join_key"}, "leaves is L3, the column says L1"),
        ({"by": "mask"}, "when, and only when"),
        ({"by": "magic"}, "deidentified"),
    ],
    ids=str,
)
def test_a_step_that_is_not_proved_is_refused(
    manifest: DbtManifest, city: City, change: dict[str, Any], words: str
) -> None:
    with pytest.raises(CatalogError) as caught:
        compile_catalog(city, lowered(manifest, **change))
    assert {problem.key for problem in caught.value.problems} == {"stg_lamps__repair.org_code"}
    assert words in str(caught.value)


@pytest.mark.parametrize("by", [{"by": "aggregate", "k": 5}, {"by": "filter"}])
def test_groups_and_filters_are_checked_by_row(manifest: DbtManifest, raised: City, by: dict[str, Any]) -> None:
    assert compile_catalog(raised, lowered(manifest, arguments={"k": 5}, **by)).datasets


def test_a_digest_of_the_row_is_as_sensitive_as_the_row(manifest: DbtManifest, raised: City) -> None:
    levels = flow_levels(manifest, raised, column_lineage(manifest, raised))
    assert levels["landed.lamps_repair", "_row_hash"].level == "L3"
    assert levels["landed.lamps_repair", "_load_id"].level == "L1"


def test_sql_that_hides_where_columns_go_fails_the_build(manifest: DbtManifest, city: City) -> None:
    model = manifest.model("topic_repair")
    hidden = replace(model, compiled_code="select * from query('select 1')")
    with pytest.raises(CatalogError, match="levels of its columns cannot be followed"):
        compile_catalog(city, replace(manifest, models={**manifest.models, model.unique_id: hidden}))


def test_a_count_is_made_from_nothing(manifest: DbtManifest, raised: City) -> None:
    found = flow_levels(manifest, raised, column_lineage(manifest, raised))[PLACE]
    assert (found.computed, len(found.path)) == ("L1", 1)


def test_the_catalog_of_a_release_carries_the_way(manifest: DbtManifest, city: City, tmp_path: Path) -> None:
    catalog = compile_catalog(city, manifest)
    catalog.save(tmp_path / "catalog.json")
    again = type(catalog).load(tmp_path / "catalog.json").dataset("repair_cost").column("cost_yuan")
    assert [str(step) for step in again.path] == [
        "lamps.repair.cost_yuan (L1)", "staging.stg_lamps__repair.cost_yuan (L2)",
        "topic.topic_repair.cost_yuan (L2)", "open.open_repair_cost.cost_yuan (L2)",
    ]  # fmt: skip
