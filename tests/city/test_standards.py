"""The catalogue of a real city, read by the tools of each standard from the server that serves it."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from ruamel.yaml import YAML

from tests.gateway.standards.validators import FILES, NOT_KEPT, faults, graph_of, shapes

pytestmark = pytest.mark.slow(seconds=25)

DATASETS = ("grid_cases", "hotline_monthly", "legal_entities", "penalties", "permits")


@pytest.mark.parametrize("name", FILES)
def test_no_official_shape_is_violated(served: httpx.Client, name: str) -> None:
    found = faults(graph_of(served.get("/v1/catalog.ttl")), shapes(name))
    assert {fault for fault in found if fault[0] != NOT_KEPT.get(name)} == set()


@pytest.mark.parametrize("dataset", DATASETS)
def test_frictionless_accepts_the_files(served: httpx.Client, dataset: str) -> None:
    from frictionless import Package

    root = f"{str(served.base_url).rstrip('/')}/v1/datasets/{dataset}"
    package = Package(f"{root}/datapackage.json")
    assert package.validate().flatten(["type", "rowNumber", "fieldName", "message"]) == []
    assert len(package.resources[0].read_rows()) == served.get(f"/v1/datasets/{dataset}").json()["row_count"]


@pytest.mark.parametrize("dataset", DATASETS)
def test_croissant_loads_the_rows(
    served: httpx.Client, dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlcroissant
    from mlcroissant._src.operation_graph.operations import download

    monkeypatch.setattr(download.constants, "DOWNLOAD_PATH", type(download.constants.DOWNLOAD_PATH)(tmp_path))
    loaded = mlcroissant.Dataset(jsonld=served.get(f"/v1/datasets/{dataset}/croissant.json").json())
    assert (loaded.metadata.ctx.issues.errors, loaded.metadata.ctx.issues.warnings) == (set(), set())
    assert sum(1 for _ in loaded.records(dataset)) == served.get(f"/v1/datasets/{dataset}").json()["row_count"]


@pytest.mark.parametrize("dataset", DATASETS)
def test_the_contract_is_odcs(served: httpx.Client, dataset: str, tmp_path: Path) -> None:
    from datacontract.data_contract import DataContract

    text = served.get(f"/v1/datasets/{dataset}/contract.yaml").text
    (tmp_path / "contract.yaml").write_text(text, encoding="utf-8")
    run = DataContract(data_contract_file=str(tmp_path / "contract.yaml")).lint()
    assert [(check.name, check.reason) for check in run.checks if check.result != "passed"] == []
    (table,) = YAML(typ="safe").load(text)["schema"]
    columns = [column["name"] for column in served.get(f"/v1/datasets/{dataset}").json()["columns"]]
    assert [column["name"] for column in table["properties"]] == columns


@pytest.mark.parametrize("dataset", DATASETS)
def test_a_resource_has_its_code_and_its_quality(served: httpx.Client, dataset: str) -> None:
    told = served.get(f"/v1/datasets/{dataset}/core-metadata.json").json()
    assert told["信息资源代码"]
    assert 0.5 < told["质量评分"] <= 1
    assert all(item["信息项名称"] for item in told["信息项"])


def test_no_document_tells_of_what_is_not_open(served: httpx.Client) -> None:
    shared = ["hotline_tickets", "credit_risk", "penalty_records", "caller_", "person_key"]
    addresses = ["/v1/catalog.ttl", "/v1/catalog.jsonld", "/v1/catalog.rdf", "/sitemap.xml", "/robots.txt", "/"]
    documents = ("datapackage.json", "croissant.json", "contract.yaml", "schema-org.jsonld", "core-metadata.json")
    addresses += [f"/v1/datasets/{dataset}/{name}" for dataset in DATASETS for name in documents]
    for address in addresses:
        text = served.get(address, headers={"Accept": "text/html, text/turtle"}).text
        assert not [word for word in shared if word in text], address
