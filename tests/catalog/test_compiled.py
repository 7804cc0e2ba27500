"""The compiled catalog says what contracts and models say, and is the same bytes each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.city import City
from catalog.compiled import CompiledCatalog
from catalog.compiler import compile_catalog
from catalog.errors import CatalogError
from catalog.manifest import DbtManifest


def test_a_dataset_is_described_from_model_city_and_contract(manifest: DbtManifest, city: City) -> None:
    catalog = compile_catalog(city, manifest)
    dataset = catalog.dataset("repair_cost")
    assert (dataset.model, dataset.grain) == ("open_repair_cost", "One row per open_repair_cost")
    assert (dataset.licence, dataset.publisher) == (city.licence, city.publisher)
    assert (dataset.key, dataset.order) == (("org_code",), ("org_code",))
    assert dataset.upstream == ("base_organisation", "stg_lamps__repair", "topic_repair")
    assert dataset.feeds == ("lamps",)
    assert [(c.name, c.type, c.level, c.nullable) for c in dataset.columns][:2] == [
        ("org_code", "VARCHAR", "L1", False),
        ("repairs", "BIGINT", "L1", True),
    ]
    staging = next(model for model in catalog.models if model.layer == "staging")
    assert staging.reads == ("landed.lamps_repair", "vocab.code_crosswalk")
    assert [(feed.id, feed.frequency, feed.tables[0].relation) for feed in catalog.feeds] == [
        ("lamps", "1d", "landed.lamps_repair")
    ]


def test_saved_and_loaded_it_is_the_same(manifest: DbtManifest, city: City, tmp_path: Path) -> None:
    catalog = compile_catalog(city, manifest)
    catalog.save(tmp_path / "one.json")
    compile_catalog(city, manifest).save(tmp_path / "two.json")
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert CompiledCatalog.load(tmp_path / "one.json") == catalog


@pytest.mark.parametrize("text", ["{}", "[", '{"datasets": []}'])
def test_a_file_that_is_no_catalog_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "catalog.json").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match="Publish the release again"):
        CompiledCatalog.load(tmp_path / "catalog.json")


@pytest.mark.parametrize("text", ["{}", "[", '{"nodes": 1}'])
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_text(text, encoding="utf-8")
    with pytest.raises(CatalogError, match="dbt compile"):
        DbtManifest.load(tmp_path / "manifest.json")
