"""Datasets as packages, contracts and records: read and loaded by the reference tools of each standard."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import jsonschema
import open_data_contract_standard
import pytest
from rdflib import RDF, Graph, URIRef
from ruamel.yaml import YAML

from tests.gateway.conftest import client_over
from tests.gateway.fake_release import publish, tickets

ROWS = 60


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("documents")
    publish(home, 1, rows=ROWS, themes=("urban-governance",), resource_code="201001/1")
    return home


@pytest.fixture(scope="module")
def client(place: Path) -> Iterator[httpx.Client]:
    with client_over(place) as client:
        yield client


def document(client: httpx.Client, name: str, dataset: str = "tickets") -> Any:
    answer = client.get(f"/v1/datasets/{dataset}/{name}")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("dataset", ["tickets", "sealed_key"])
def test_frictionless_loads_the_package_from_the_server(client: httpx.Client, dataset: str) -> None:
    from frictionless import Package

    package = Package(f"{client.base_url}/v1/datasets/{dataset}/datapackage.json")
    report = package.validate()
    assert report.flatten(["type", "message"]) == []
    (table,) = package.resources
    rows = table.read_rows()
    assert len(rows) == (ROWS if dataset == "tickets" else 40)
    if dataset == "tickets":
        assert [row["ticket_no"] for row in rows[:2]] == ["T0000000", "T0000001"]
        assert table.schema.primary_key == ["ticket_no"]


def test_the_package_is_of_the_second_version(client: httpx.Client) -> None:
    package = document(client, "datapackage.json")
    assert package["$schema"] == "https://datapackage.org/profiles/2.0/datapackage.json"
    assert package["licenses"][0]["name"] == "CC-BY-4.0"
    (table,) = package["resources"]
    assert (table["path"], table["type"]) == ("files/tickets.csv", "table")
    types = {field["name"]: field["type"] for field in table["schema"]["fields"]}
    assert types["fee"] == "number"
    assert types["total"] == "integer"
    assert types["opened_at"] == "datetime"
    assert "phone" not in types


@pytest.mark.parametrize("dataset", ["tickets", "sealed_key"])
def test_croissant_is_valid_and_its_records_are_the_rows(
    client: httpx.Client, place: Path, dataset: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import mlcroissant
    from mlcroissant._src.operation_graph.operations import download

    monkeypatch.setattr(download.constants, "DOWNLOAD_PATH", type(download.constants.DOWNLOAD_PATH)(tmp_path))
    told = document(client, "croissant.json", dataset)
    assert told["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    loaded = mlcroissant.Dataset(jsonld=told)
    assert (loaded.metadata.ctx.issues.errors, loaded.metadata.ctx.issues.warnings) == (set(), set())
    if dataset == "tickets":
        records = list(loaded.records("tickets"))
        assert [record["tickets/ticket_no"].decode() for record in records] == [r[0] for r in tickets(place, 1)]


@pytest.mark.parametrize("dataset", ["tickets", "sealed_key"])
def test_the_contract_is_odcs(client: httpx.Client, dataset: str, tmp_path: Path) -> None:
    from datacontract.data_contract import DataContract

    text = client.get(f"/v1/datasets/{dataset}/contract.yaml").text
    (tmp_path / "contract.yaml").write_text(text, encoding="utf-8")
    run = DataContract(data_contract_file=str(tmp_path / "contract.yaml")).lint()
    assert [(check.name, check.reason) for check in run.checks if check.result != "passed"] == []
    schema = json.loads((Path(open_data_contract_standard.__file__).parent / "schema.json").read_text("utf-8"))
    contract = YAML(typ="safe").load(text)
    faults = jsonschema.validators.validator_for(schema)(schema).iter_errors(json.loads(json.dumps(contract)))
    assert [f"{fault.json_path}: {fault.message}" for fault in faults] == []
    (table,) = contract["schema"]
    assert table["name"] == dataset
    keys = [column["name"] for column in table["properties"] if column.get("primaryKey")]
    assert keys == (["ticket_no"] if dataset == "tickets" else [])


def test_the_contract_says_how_often_and_at_what_level(client: httpx.Client) -> None:
    contract = YAML(typ="safe").load(client.get("/v1/datasets/tickets/contract.yaml").text)
    assert contract["slaProperties"] == [{"property": "frequency", "value": "daily"}]
    assert {column["classification"] for column in contract["schema"][0]["properties"]} == {"L1"}


def described(text: str) -> Graph:
    """Schema.org's words as a graph; its context is on the web, and says no more than this."""
    told = json.loads(text)
    assert told["@context"] == "https://schema.org/"
    return Graph().parse(data=json.dumps(told | {"@context": {"@vocab": "https://schema.org/"}}), format="json-ld")


def test_search_engines_find_the_datasets_on_the_page(client: httpx.Client) -> None:
    page = client.get("/", headers={"Accept": "text/html"}).text
    (script,) = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    assert "<" not in script
    graph = described(script)
    names = {str(node).rpartition("/")[2] for node in graph.subjects(RDF.type, URIRef("https://schema.org/Dataset"))}
    assert names == {"tickets", "sealed_key"}


def test_a_dataset_has_its_record_for_search_engines(client: httpx.Client) -> None:
    told = document(client, "schema-org.jsonld")
    assert {part["contentUrl"].rpartition("/")[2] for part in told["distribution"]} == {
        "tickets.csv",
        "tickets.parquet",
    }
    assert told["name"] == ["tickets数据", "tickets <data>"]
    assert "ticket_no" in [column["name"] for column in told["variableMeasured"]]
    assert len(list(described(json.dumps(told)))) > 40


def test_a_resource_has_the_core_metadata(client: httpx.Client) -> None:
    told = document(client, "core-metadata.json")
    assert (told["信息资源代码"], told["信息资源分类"], told["更新周期"]) == ("201001/1", "主题信息资源", "每日")
    assert told["共享属性"]["共享类型"] == "无条件共享"
    assert told["开放属性"] == {"是否向社会开放": True, "开放类型": "无条件开放", "开放条件": None}
    assert told["信息项"][0]["信息项名称"] == "ticket_no列"
    assert told["数据分级"] == "L1"
    assert told["数据量"] == ROWS
    assert document(client, "core-metadata.json", "sealed_key")["信息资源代码"] is None


def test_crawlers_are_told_where_to_go(client: httpx.Client) -> None:
    rules = client.get("/robots.txt").text
    (address,) = re.findall(r"^Sitemap: (.*)$", rules, re.MULTILINE)
    places = re.findall(r"<loc>(.*?)</loc>", client.get(address).text)
    assert f"{str(client.base_url).rstrip('/')}/v1/datasets/tickets" in places
    assert {client.get(place).status_code for place in places} == {200}


def test_every_document_of_a_dataset_is_linked_from_it(client: httpx.Client) -> None:
    links = client.get("/v1/datasets/tickets").json()["links"]
    named = {"dcat", "data_package", "croissant", "schema_org", "core_metadata", "contract"}
    assert named <= set(links)
    assert {client.get(links[name]).status_code for name in named} == {200}


def test_an_earlier_release_is_loaded_from_its_own_files(tmp_path: Path) -> None:
    from frictionless import Package

    publish(tmp_path, 1, rows=5)
    publish(tmp_path, 2, rows=6)
    with client_over(tmp_path) as client:
        for number, rows in ((1, 5), (2, 6)):
            package = Package(f"{client.base_url}/v1/datasets/tickets/datapackage.json?release={number}")
            assert package.validate().flatten(["type", "message"]) == []
            assert (package.version, len(package.resources[0].read_rows())) == (str(number), rows)


@pytest.mark.parametrize("name", ["datapackage.json", "croissant.json", "schema-org.jsonld", "contract.yaml"])
def test_a_document_is_held_by_its_tag(client: httpx.Client, name: str) -> None:
    answer = client.get(f"/v1/datasets/tickets/{name}")
    assert answer.headers["Cache-Control"] == "public, no-cache"
    again = client.get(f"/v1/datasets/tickets/{name}", headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(f"/v1/datasets/all_secret/{name}").json()["code"] == "not-found"
    assert client.get(f"/v1/datasets/tickets/{name}?x=1").json()["code"] == "unknown-parameter"
