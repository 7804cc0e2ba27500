"""The catalogue as DCAT-AP: valid by the official shapes, the same graph in every syntax, harvested whole."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from rdflib import RDF, Literal, URIRef
from rdflib.compare import to_isomorphic
from rdflib.namespace import DCAT, DCTERMS

from catalog.contract.options import Title
from catalog.release import DatasetQuality
from gateway.standards.rdf import DCAT as DCAT_3
from gateway.standards.rdf import DQV, HYDRA, SPDX
from gateway.standards.syntax import SYNTAXES
from tests.gateway.conftest import client_over
from tests.gateway.fake_release import TICKETS, make_current, publish
from tests.gateway.standards.validators import FILES, NOT_KEPT, faults, graph_of, shapes

MORE = {
    "themes": ("urban-governance", "城市管理"),
    "resource_code": "201001/1",
    "licence": "https://creativecommons.org/licenses/by/4.0/",
}


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A catalogue that uses every table of the standards, beside a dataset that is in none of them."""
    home = tmp_path_factory.mktemp("rich")
    quality = DatasetQuality(score=0.99, by_dimension={"accuracy": 0.98, "completeness": 1.0, "unheard-of": 0.5})
    publisher = Title(zh="城管局", en="City <Management>")
    open_columns = {name: kind for name, kind in TICKETS.items() if kind[1] == "L1"}
    publish(home, 1, rows=30, quality=quality, publisher=publisher, columns=open_columns, **MORE)
    with client_over(home) as client:
        yield client


@pytest.mark.parametrize("address", ["/v1/catalog.ttl", "/v1/datasets/tickets.ttl"])
@pytest.mark.parametrize("name", FILES)
def test_no_official_shape_is_violated(rich: httpx.Client, client: httpx.Client, address: str, name: str) -> None:
    for asked in (rich, client):
        found = faults(graph_of(asked.get(address)), shapes(name))
        assert {fault for fault in found if fault[0] != NOT_KEPT.get(name)} == set()


def test_the_shapes_do_find_faults(rich: httpx.Client) -> None:
    graph = graph_of(rich.get("/v1/catalog.ttl"))
    graph.remove((None, DCTERMS.title, None))
    graph.remove((None, DCAT.accessURL, None))
    assert {path for path, _ in faults(graph, shapes("shapes.ttl"))} == {str(DCTERMS.title), str(DCAT.accessURL)}


@pytest.mark.parametrize("address", ["/v1/catalog", "/v1/datasets/tickets"])
def test_every_syntax_says_the_same(rich: httpx.Client, address: str) -> None:
    by_suffix = {suffix: rich.get(f"{address}.{suffix}") for suffix in SYNTAXES}
    graphs = [graph_of(answer) for answer in by_suffix.values()]
    for graph in graphs:  # each page is named by its own address
        for page in set(graph.subjects(RDF.type, HYDRA.PartialCollectionView)):
            graph.remove((page, None, None))
            graph.remove((None, None, page))
    assert to_isomorphic(graphs[0]) == to_isomorphic(graphs[1]) == to_isomorphic(graphs[2])
    for suffix, answer in by_suffix.items():
        accepted = rich.get(address, headers={"Accept": SYNTAXES[suffix].media_type})
        assert accepted.content == answer.content
        assert "Accept" in accepted.headers["Vary"]


def test_a_dataset_is_told_with_its_files_quality_and_words(rich: httpx.Client) -> None:
    graph = graph_of(rich.get("/v1/datasets/tickets.ttl"))
    origin = str(rich.base_url).rstrip("/")
    node = URIRef(f"{origin}/v1/datasets/tickets")
    told = rich.get("/v1/datasets/tickets").json()
    sums = {str(graph.value(s, SPDX.checksumValue)) for s in graph.subjects(RDF.type, SPDX.Checksum)}
    assert sums == {file["sha256"] for file in told["distributions"]}
    for file in told["distributions"]:
        part = graph.value(None, DCAT.downloadURL, URIRef(f"{origin}{file['href']}"))
        assert int(str(graph.value(part, DCAT.byteSize))) == file["bytes"]
    values = {str(graph.value(m, DQV.isMeasurementOf)).rpartition("-")[2]: str(graph.value(m, DQV.value))
              for m in graph.objects(node, DQV.hasQualityMeasurement)}  # fmt: skip
    assert values == {"score": "0.99", "accuracy": "0.98", "completeness": "1.0"}
    assert {str(word) for word in graph.objects(node, DCAT.keyword)} == {"城市治理", "Urban governance", "城市管理"}
    assert {str(title) for title in graph.objects(node, DCTERMS.title)} == {"tickets数据", "tickets <data>"}
    authority = "http://publications.europa.eu/resource/authority"
    assert graph.value(node, DCTERMS.accessRights) == URIRef(f"{authority}/access-right/PUBLIC")
    assert graph.value(node, DCTERMS.accrualPeriodicity) == URIRef(f"{authority}/frequency/DAILY")
    assert graph.value(node, DCTERMS.language) == URIRef(f"{authority}/language/ZHO")
    assert graph.value(node, DCAT.theme) == URIRef(f"{authority}/data-theme/GOVE")


def test_who_does_not_see_all_of_a_dataset_is_not_told_its_quality(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=5, quality=DatasetQuality(score=0.5, by_dimension={"accuracy": 0.5}))
    with client_over(tmp_path) as client:
        for address in ("/v1/catalog.ttl", "/v1/datasets/tickets/core-metadata.json"):
            assert "0.5" not in client.get(address).text


def test_pages_hold_every_dataset_once(client: httpx.Client) -> None:
    address: str | None = "/v1/catalog.jsonld?limit=1"
    found: list[str] = []
    while address:
        answer = client.get(address)
        graph = graph_of(answer)
        found += [str(node).rpartition("/")[2] for node in graph.subjects(RDF.type, DCAT.Dataset)]
        following = {str(node) for node in graph.objects(None, HYDRA.next)}
        assert following == ({answer.links["next"]["url"]} if "next" in answer.links else set())
        assert {int(str(total)) for total in graph.objects(None, HYDRA.totalItems)} == {2}
        address = next(iter(following), None)
    assert found == ["sealed_key", "tickets"]


def test_answers_are_held_by_their_tag(client: httpx.Client) -> None:
    for address in ("/v1/catalog.ttl", "/v1/catalog.rdf?limit=1", "/v1/datasets/tickets.jsonld", "/sitemap.xml"):
        tag = client.get(address).headers["ETag"]
        assert tag.startswith('"')
        again = client.get(address, headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
        assert client.head(address).headers["Content-Length"] == str(len(client.get(address).content))


@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/v1/catalog.ttl?modified_since=yesterday", 400, "bad-value"),
        ("/v1/catalog.ttl?limit=0", 400, "bad-value"),
        ("/v1/catalog.ttl?since=2024-01-01", 400, "unknown-parameter"),
        ("/v1/datasets/tickets.ttl?x=1", 400, "unknown-parameter"),
        ("/v1/catalog.n3", 404, "not-found"),
        ("/v1/datasets/all_secret.ttl", 404, "not-found"),
        ("/v1/datasets/nothing.ttl", 404, "not-found"),
    ],
)
def test_what_cannot_be_given_is_a_problem(client: httpx.Client, address: str, status: int, code: str) -> None:
    answer = client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_syntax_nobody_offers_is_not_acceptable(client: httpx.Client) -> None:
    assert client.get("/v1/catalog", headers={"Accept": "image/png"}).json()["code"] == "not-acceptable"
    assert client.get("/v1/catalog", headers={"Host": "a b<c>"}).status_code == 400


def test_the_public_address_is_the_one_that_is_told(home: Path) -> None:
    with client_over(home, public_url="https://data.example.org") as client:
        text = client.get("/v1/catalog.ttl").text + client.get("/robots.txt").text + client.get("/sitemap.xml").text
        assert str(client.base_url).rstrip("/") not in text
        assert "https://data.example.org/v1/datasets/tickets" in text


def test_the_same_graph_is_the_same_bytes_in_every_process() -> None:
    program = (
        "from gateway.standards.rdf import Triples; from gateway.standards.syntax import SYNTAXES\n"
        "from rdflib import URIRef; import sys; graph = Triples()\n"
        "for n in range(40): graph.add(URIRef(f'http://a/{n % 7}'), URIRef(f'http://b/p{n % 5}'), f'\\u4e91{n}')\n"
        "sys.stdout.buffer.write(b''.join(graph.write(syntax) for syntax in SYNTAXES.values()))"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", program], capture_output=True, check=True, env={"PYTHONHASHSEED": seed}, timeout=60
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(runs) == 1


def test_each_release_of_a_dataset_leads_to_the_one_before_and_to_its_own_files(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=5)
    publish(tmp_path, 2, rows=6)
    with client_over(tmp_path) as client:
        node = URIRef(f"{str(client.base_url).rstrip('/')}/v1/datasets/tickets")
        latest = graph_of(client.get("/v1/datasets/tickets.ttl"))
        assert latest.value(node, DCAT_3.hasCurrentVersion) == URIRef(f"{node}?release=2")
        before = latest.value(node, DCAT_3.previousVersion)
        assert before == URIRef(f"{node}?release=1")
        earlier = graph_of(client.get(str(before), headers={"Accept": "text/turtle"}))
        assert earlier.value(before, DCAT_3.isVersionOf) == node
        assert earlier.value(before, DCAT_3.version) == Literal("1")
        assert earlier.value(before, DCAT_3.previousVersion) is None
        for name in FILES:
            assert {fault for fault in faults(earlier, shapes(name)) if fault[0] != NOT_KEPT.get(name)} == set()
        for part in earlier.subjects(SPDX.checksum, None):
            content = client.get(str(earlier.value(part, DCAT.downloadURL))).content
            checksum = earlier.value(part, SPDX.checksum)
            assert hashlib.sha256(content).hexdigest() == str(earlier.value(checksum, SPDX.checksumValue))
        assert client.get("/v1/catalog.ttl?release=1").json()["code"] == "unknown-parameter"
        assert client.get("/v1/datasets/tickets.ttl?release=3").json()["code"] == "not-found"


@pytest.mark.parametrize("licence", ["Own terms <b> & more", "https://example.org/terms of use", "https://x/{y}"])
def test_terms_that_are_no_address_are_told_in_words(tmp_path: Path, licence: str) -> None:
    publish(tmp_path, 1, rows=3, licence=licence)
    with client_over(tmp_path) as client:
        for suffix in SYNTAXES:
            graph = graph_of(client.get(f"/v1/datasets/tickets.{suffix}"))
            node = graph.value(None, RDF.type, DCTERMS.LicenseDocument)
            assert str(graph.value(node, DCTERMS.description)) == licence
        package = client.get("/v1/datasets/tickets/datapackage.json").json()
        assert package["licenses"] == [{"name": "notspecified", "title": licence}]


def test_a_new_release_is_a_new_document(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=5)
    publish(tmp_path, 2, rows=6, switch=False)
    with client_over(tmp_path, release_poll=0.02) as client:
        before = client.get("/v1/catalog.ttl")
        make_current(tmp_path, 2)
        while (
            after := client.get("/v1/catalog.ttl", headers={"If-None-Match": before.headers["ETag"]})
        ).status_code == 304:
            pass
        assert 'dcat:version "2"' in after.text
