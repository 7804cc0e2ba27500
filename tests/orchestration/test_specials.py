"""One YAML file becomes a library: its SQL, its properties, and what is told when it cannot."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from catalog.errors import CatalogError
from orchestration.transform.interfaces import PROJECT_DIR
from orchestration.transform.specials import special_file, special_files

MODELS = PROJECT_DIR / "models"
BUILT = {"topic_grid_case", "theme_hotline_score_ticket"}
LIBRARY = {
    "id": "snow",
    "title": {"zh": "除雪专题库", "en": "Snow"},
    "purpose": "Cases of snow and ice.",
    "of": "topic_grid_case",
    "where": {"class_code": {"values": ["E0407", "it's"]}, "report_at": {"since": "2026-01-01", "until": "2026-04-01"}},
    "columns": ["class_code", "street_code", "report_at"],
    "resource_code": "201002/99",
    "sharing": "unconditional",
    "opening": "none",
}


def declare(root: Path, **changes: object) -> Path:
    """A city folder with the library, changed."""
    path = root / "libraries" / "snow.yml"
    path.parent.mkdir()
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump({**LIBRARY, **changes}, file)
    return path


def test_a_library_is_made_of_one_file(tmp_path: Path) -> None:
    path = declare(tmp_path)
    files = special_files(tmp_path, MODELS, BUILT)
    assert set(files) == {"models/theme/theme_snow.sql", "models/theme/theme_snow.yml"}
    sql = files["models/theme/theme_snow.sql"]
    assert "from {{ ref('topic_grid_case') }}" in sql
    conditions = sql.partition("where\n")[2].split("\n    and ")
    assert [line.strip() for line in conditions] == [
        "not is_deleted", "class_code in ('E0407', 'it''s')", "report_at >= '2026-01-01'", "report_at < '2026-04-01'"
    ]  # fmt: skip
    [model] = json.loads(files["models/theme/theme_snow.yml"])["models"]
    assert [column["name"] for column in model["columns"]] == ["case_no", "class_code", "report_at", "street_code"]
    assert model["config"]["meta"]["level"] == "L1"
    assert model["description"].startswith("One row per grid case")
    assert model["description"].endswith(". Cases of snow and ice.")
    dataset = model["config"]["meta"]["dataset"]
    assert (dataset["key"], dataset["scope"]["divisions"]) == (["case_no"], {"4": "street_code"})
    assert dataset["scope"]["time"] == "report_at"
    assert special_file(tmp_path, "theme_snow") == path
    assert special_file(tmp_path, "theme_hotline_score") is None


def test_a_library_of_what_is_not_delivered_is_left_out(tmp_path: Path) -> None:
    declare(tmp_path, of="topic_permit")
    assert special_files(tmp_path, MODELS, BUILT) == {}


@pytest.mark.parametrize(
    ("changes", "key", "words"),
    [
        ({"of": "topic_grid_cases"}, "of", "topic_grid_case"),
        ({"of": "theme_hotline_score_ticket", "where": {"month": {"since": 1}}, "columns": []}, "of", "no dataset"),
        ({"columns": ["class"]}, "columns", "class_code"),
        ({"where": {"class": {"values": [1]}}}, "where", "class_code"),
        ({"id": "hotline_score"}, "id", "already a model theme_hotline_score"),
        ({"where": {"class_code": {"values": ["a"], "since": "b"}}}, "where", "either"),
        ({"where": {}}, "where", "at least 1"),
    ],
)
def test_a_library_that_cannot_be_is_refused(tmp_path: Path, changes: dict[str, object], key: str, words: str) -> None:
    declare(tmp_path, **changes)
    with pytest.raises(CatalogError, match=words) as caught:
        special_files(tmp_path, MODELS, BUILT)
    [problem] = caught.value.problems
    assert (problem.file.name, problem.key.split(".")[0]) == ("snow.yml", key)
