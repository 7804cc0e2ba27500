"""Models speak a dialect every engine of the project understands; what differs goes through a dispatch macro."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

PROJECT = Path(__file__).resolve().parents[2] / "dbt_project"
MODELS = sorted((PROJECT / "models").rglob("*.sql"))
# Words before a bracket that DuckDB and Spark read alike: functions, types and syntax.
PORTABLE_WORDS = (
    "abs and as asin asinh atan2 atanh avg by case cast ceil coalesce concat concat_ws cos cosh count decimal exists "
    "exp extract floor from greatest in into join lag lead least length like ln lpad max min not nullif on or over "
    "partition pi power radians replace round row_number select sign sin sinh sqrt substr sum then translate union "
    "upper using values when where with"
)
PORTABLE = frozenset(PORTABLE_WORDS.split())


@pytest.mark.parametrize("model", MODELS, ids=lambda path: path.stem)
def test_model_uses_portable_functions_only(model: Path) -> None:
    assert foreign_words(model.read_text(encoding="utf-8")) == set()


def test_macros_that_are_not_dispatched_use_portable_functions_only() -> None:
    for file in sorted((PROJECT / "macros").glob("*.sql")):
        text = re.sub(r"(?s){% macro (duckdb|default)__.*?endmacro", "", file.read_text(encoding="utf-8"))
        assert foreign_words(text) == set(), file.name


@pytest.mark.parametrize("file", sorted(PROJECT.rglob("*.yml")), ids=lambda path: path.stem)
def test_keys_of_properties_are_text(file: Path) -> None:
    """A key that is a number makes dbt fail as it starts the node, in a thread that tells nobody: it waits for ever."""
    assert keys_that_are_no_text(YAML(typ="safe", pure=True).load(file)) == []


def keys_that_are_no_text(value: Any) -> list[Any]:
    """All of them, however deep."""
    if isinstance(value, list):
        return [key for entry in value for key in keys_that_are_no_text(entry)]
    if not isinstance(value, dict):
        return []
    here = [key for key in value if not isinstance(key, str)]
    return here + [key for entry in value.values() for key in keys_that_are_no_text(entry)]


def foreign_words(text: str) -> set[str]:
    """Words that look like function calls outside of Jinja and comments, other than the portable ones."""
    sql = re.sub(r"(?s){#.*?#}|{%.*?%}|{{.*?}}|'[^']*'|--[^\n]*", " ", text)
    called = {word.lower() for word in re.findall(r"\b([A-Za-z_][A-Za-z_0-9]*)[ ]*\(", sql)}
    tables = {word.lower() for word in re.findall(r"\b(\w+) as \(", sql)}
    return called - tables - PORTABLE
