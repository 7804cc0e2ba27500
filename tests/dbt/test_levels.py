"""The shipped models over the shipped cities: levels hold from every feed to every dataset, and a slip is found."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from catalog.city import City, load_city
from catalog.compiler import compile_catalog
from catalog.errors import CatalogError
from catalog.manifest import DbtManifest
from catalog.policy.compile import compile_policy
from catalog.workspace import Workspace
from orchestration.lake.connect import open_lake
from orchestration.transform.assemble import assemble, authored_file
from orchestration.transform.build import run_dbt
from orchestration.transform.interfaces import PROJECT_DIR
from tests.city.systems import SPINE

pytestmark = pytest.mark.slow(seconds=25)

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
OPEN = {"hotline_monthly", "grid_cases", "permits", "penalties", "legal_entities"}
OPEN_TOO = {  # of the feeds that only one city has
    "chicago": {"vital_sign_daily"},
    "yunzhou": {
        "city_codes",
        "component_statistics",
        "enforcement_items",
        "inspection_results",
        "parking_facilities",
        "markets",
        "vital_sign_daily",
    },
}
ITEM = """\
      - name: item_code
        physicalName: xk_sxdm
        logicalType: string
        physicalType: VARCHAR
        classification: L1
        customProperties:
          - {property: title, value: {zh: 许可事项代码, en: Permit item}}
"""
NOTE = """\
      - name: inspector_note
        logicalType: string
        physicalType: VARCHAR
        classification: L3
        customProperties:
          - {property: title, value: {zh: 检查员备注, en: Note of the inspector}}
"""
Compile = Callable[[City], DbtManifest]


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Compile:
    """Compiles the SQL of a city's models over an empty lake."""
    workspace = Workspace(tmp_path_factory.mktemp("levels"))

    def compile_(city: City) -> DbtManifest:
        assemble(city, workspace)
        with open_lake(workspace):
            pass
        assert run_dbt(workspace, "compile", as_of=date(2026, 6, 30)).ok
        return DbtManifest.load(workspace.dbt / "target" / "manifest.json", authored=authored_file(city))

    return compile_


@pytest.mark.parametrize("name", ["yunzhou", "chicago"])
def test_no_dataset_shows_more_than_its_levels_say(compiled: Compile, name: str) -> None:
    city = load_city(EXAMPLES / name)
    catalog = compile_catalog(city, compiled(city))
    for dataset in catalog.datasets:
        assert all(c.computed_level is not None and c.path[-1].level == c.level for c in dataset.columns)
        assert not {c.name for c in dataset.columns} & {"is_deleted", "_row_hash", "_batch_id"}
    assert {dataset.id for dataset in catalog.datasets if dataset.opening == "unconditional"} == OPEN | OPEN_TOO[name]
    policy = compile_policy(city, catalog.datasets)
    assert {dataset.id for dataset in policy.datasets} == {dataset.id for dataset in catalog.datasets}


def test_a_sensitive_column_added_upstream_fails_the_build(compiled: Compile, tmp_path: Path) -> None:
    folder = shutil.copytree(SPINE, tmp_path / "yunzhou")
    contract = folder / "feeds" / "permits.odcs.yaml"
    text = contract.read_text(encoding="utf-8")
    contract.write_text(text.replace(ITEM, ITEM + NOTE), encoding="utf-8")
    staging = folder / "staging" / "permits" / "stg_permits__permit.sql"
    sql = staging.read_text(encoding="utf-8")
    mixed = sql.replace("    t.item_code,\n", "    coalesce(t.item_code, t.inspector_note) as item_code,\n")
    assert (ITEM in text, mixed != sql) == (True, True)
    staging.write_text(mixed, encoding="utf-8")
    city = load_city(folder)
    with pytest.raises(CatalogError) as caught:
        compile_catalog(city, compiled(city))
    (problem,) = [problem for problem in caught.value.problems if problem.key == "open_permit.item_code"]
    assert problem.text.endswith(
        "permits.permit.inspector_note (L3) → staging.stg_permits__permit.item_code (L3)"
        " → topic.topic_permit.item_code (L3) → open.open_permit.item_code (L3)"
    )
    assert problem.file == PROJECT_DIR / "models" / "open" / "open_permit.yml"
    assert problem.line is not None
    (first,) = [problem for problem in caught.value.problems if problem.key == "stg_permits__permit.item_code"]
    assert first.file == staging, "the file the city wrote, not the copy"
    assert "in stg_permits__permit.yml: columns.item_code.deidentified" in first.mend
