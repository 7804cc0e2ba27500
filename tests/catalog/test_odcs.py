"""The contracts of the example cities are ODCS as its own schema sees it, and ours without loss."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import open_data_contract_standard
import pytest
from ruamel.yaml import YAML

from catalog.city import CONTRACT_SUFFIX, check_city, load_city
from catalog.contract.diff import diff_contracts
from catalog.contract.load import load_contract
from catalog.contract.model import FeedContract
from catalog.exporters.dbt_sources import dbt_sources

EXAMPLES = Path(__file__).parents[2] / "examples"
CONTRACTS = sorted(EXAMPLES.glob(f"*/feeds/*{CONTRACT_SUFFIX}"))
CITIES = sorted(EXAMPLES.glob("*/city.yml"))


def as_json(path: Path) -> Any:
    """The document with dates as text, as JSON has them."""
    return json.loads(json.dumps(YAML(typ="safe").load(path), default=str))


@pytest.fixture(scope="module")
def official() -> jsonschema.Validator:
    package = Path(open_data_contract_standard.__file__).parent
    schema = json.loads((package / "schema.json").read_text(encoding="utf-8"))
    return jsonschema.validators.validator_for(schema)(schema)


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_contract_is_valid_odcs(path: Path, official: jsonschema.Validator) -> None:
    errors = [f"{error.json_path}: {error.message[:200]}" for error in official.iter_errors(as_json(path))]
    assert errors == []


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_datacontract_lint_accepts_a_contract(path: Path) -> None:
    from datacontract.data_contract import DataContract

    run = DataContract(data_contract_file=str(path)).lint()
    assert [(check.name, check.reason) for check in run.checks if check.result != "passed"] == []
    assert [check.name for check in run.checks] == ["Data contract is valid against ODCS v3.1.0"]


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: f"{path.parts[-3]}-{path.stem}")
def test_a_contract_survives_the_round_trip(path: Path) -> None:
    contract = load_contract(path)
    written = contract.model_dump(by_alias=True, mode="json", exclude_unset=True)
    assert written == as_json(path)
    assert diff_contracts(contract, FeedContract.model_validate(written)) == []


@pytest.mark.parametrize("path", CITIES, ids=lambda path: path.parent.name)
def test_a_city_is_whole(path: Path) -> None:
    city = load_city(path)
    assert [str(problem) for problem in check_city(city)] == []
    sources = json.loads(dbt_sources(city))["sources"]
    landed = {table["name"]: table for table in sources[0]["tables"]}
    assert landed.keys() == {table.physical_name for _, table in city.tables()}
    for _, table in city.tables():
        names = [column["name"] for column in landed[table.physical_name]["columns"]]
        assert names[: len(table.properties)] == [column.name for column in table.properties]
        assert names[len(table.properties)] == "_feed"
