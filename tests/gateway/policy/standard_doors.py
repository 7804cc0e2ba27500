"""The table of callers held against the standard documents: datasets, columns and files, no more and no less."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
from rdflib import Graph, URIRef
from rdflib.namespace import DCAT, RDF
from ruamel.yaml import YAML

from gateway.standards.syntax import SYNTAXES
from tests.gateway.policy.tier_place import Ask, Door, Place


def _told(answer: httpx.Response) -> Graph:
    return Graph().parse(data=answer.content, format=answer.headers["Content-Type"].partition(";")[0])


def _same_files(graph: Graph, place: Place) -> None:
    node = URIRef(f"http://gateway/v1/datasets/{place.dataset}")
    assert ((node, RDF.type, DCAT.Dataset) in graph) == place.described
    urls = {
        str(url) for part in graph.objects(node, DCAT.distribution) for url in graph.objects(part, DCAT.downloadURL)
    }
    assert urls == {f"{node}/files/{name}" for name in place.cell.get("files", [])}
    assert ((None, DCAT.servesDataset, node) in graph) == place.readable


async def catalogue(ask: Ask, path: str, place: Place) -> None:
    """The whole catalogue, in each syntax."""
    for suffix in SYNTAXES if "{syntax}" in path else ("",):
        answer = await ask(path.format(syntax=suffix))
        assert answer.status_code == 200
        _same_files(_told(answer), place)


async def graph(ask: Ask, path: str, place: Place) -> None:
    """One dataset, in each syntax."""
    for suffix in SYNTAXES:
        answer = await ask(path.format(dataset=place.dataset, syntax=suffix))
        assert answer.status_code == (200 if place.described else 404)
        if place.described:
            _same_files(_told(answer), place)


async def sitemap(ask: Ask, path: str, place: Place) -> None:
    """The addresses of datasets."""
    assert (f"<loc>http://gateway/v1/datasets/{place.dataset}</loc>" in (await ask(path)).text) == place.described


def _with_files(
    columns: Callable[[Any], list[str]], files: Callable[[Any], list[str]], suffixes: tuple[str, ...]
) -> Door:
    """A document that lists the columns of what it points at, for who may load that: of a file, else of the rows."""

    async def door(ask: Ask, path: str, place: Place) -> None:
        answer = await ask(path.format(dataset=place.dataset))
        exported = place.readable and not place.cell.get("no_export")
        assert answer.status_code == (200 if exported else 403 if place.described else 404)
        if not exported:
            return
        told = answer.json()
        assert files(told) == [name for name in place.cell.get("files", []) if name.endswith(suffixes)]
        found = columns(told)
        assert set(found) <= set(place.clear) if place.cell.get("files") else found == place.columns

    return door


def _package_columns(told: Any) -> list[str]:
    return [field["name"] for field in told["resources"][0]["schema"]["fields"]]


def _package_files(told: Any) -> list[str]:
    return [part["path"].removeprefix("files/") for part in told["resources"] if part["path"] != "rows.csv"]


def _records(told: Any) -> list[str]:
    return [field["name"] for field in told["recordSet"][0]["field"]]


def _each(key: str, name: str) -> Callable[[Any], list[str]]:
    return lambda told: [part[name] for part in told[key]]


def _whole(columns: Callable[[Any], list[str]]) -> Door:
    """A document that lists every column the caller may know of, whatever files there are."""

    async def checked(ask: Ask, path: str, place: Place) -> None:
        answer = await ask(path.format(dataset=place.dataset))
        assert answer.status_code == (200 if place.described else 404)
        if place.described:
            told = YAML(typ="safe").load(answer.text) if path.endswith("yaml") else answer.json()
            assert columns(told) == (place.columns or place.cell["described"])

    return checked


STANDARD_DOORS: dict[str, Door] = {
    "catalogue": catalogue,
    "graph": graph,
    "sitemap": sitemap,
    "package": _with_files(_package_columns, _package_files, (".csv",)),
    "croissant": _with_files(
        _records,
        lambda told: [p["name"] for p in told["distribution"] if p["name"] != "rows.csv"],
        (".csv", ".parquet"),
    ),
    "schema_org": _whole(_each("variableMeasured", "name")),
    "core_metadata": _whole(_each("信息项", "字段名")),
    "contract": _whole(lambda told: [column["name"] for column in told["schema"][0]["properties"]]),
}
