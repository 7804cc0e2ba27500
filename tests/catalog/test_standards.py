"""What the models of the library say of their datasets has a word in the standards."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

from ruamel.yaml import YAML

from catalog.compiled import DatasetMeta
from catalog.contract.options import Extent
from catalog.standards import load_standards

MODELS = Path(__file__).parents[2] / "dbt_project" / "models"


def datasets() -> list[DatasetMeta]:
    found: list[Any] = [
        model.get("config", {}).get("meta", {}).get("dataset")
        for path in sorted(MODELS.rglob("*.yml"))
        for model in YAML(typ="safe", pure=True).load(path).get("models", [])
    ]
    return [DatasetMeta.model_validate(meta) for meta in found if meta]


def test_every_frequency_and_theme_of_the_library_has_a_word() -> None:
    words = load_standards()
    assert {meta.update_frequency for meta in datasets()} <= set(words.frequencies)
    assert {theme for meta in datasets() for theme in meta.themes} <= set(words.themes)
    for table in (words.access_rights, words.sharing, words.opening):
        assert set(table) == set(get_args(Extent))


def test_every_dataset_of_the_library_has_a_resource_code_of_its_own() -> None:
    codes = [meta.resource_code for meta in datasets()]
    assert None not in codes
    assert len(codes) == len(set(codes)) >= 15
