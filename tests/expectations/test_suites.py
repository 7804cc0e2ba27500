"""Suites: hand-written rules are well formed and speak of models and columns that exist."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlglot
from ruamel.yaml import YAML

from expectations.suites import CrossRule, load_cross_rules

MODELS = Path(__file__).parents[2] / "dbt_project" / "models"


def authored_columns(model: str) -> set[str]:
    file = next(MODELS.rglob(f"{model}.yml"))
    (entry,) = [m for m in YAML(typ="safe", pure=True).load(file)["models"] if m["name"] == model]
    return {column["name"] for column in entry["columns"]}


@pytest.mark.parametrize("rule", load_cross_rules(), ids=lambda rule: f"{rule.model}:{rule.rule}")
def test_rule_names_columns_of_its_model(rule: CrossRule) -> None:
    tree = sqlglot.parse_one(f"select * from model where {rule.condition}", dialect="duckdb")
    names = {column.name for column in tree.find_all(sqlglot.exp.Column) if not column.table}
    assert names, "a rule looks at something"
    assert names <= authored_columns(rule.model)
