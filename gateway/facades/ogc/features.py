"""Collections, queryables and pages of features in the words of OGC API Features."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from sqlglot import exp

from gateway.answers.json_lines import feature
from gateway.facades.identity import identity
from gateway.facades.ogc.cql2 import GEOMETRY
from gateway.facades.ogc.parse import CRS84
from gateway.facades.ogc.site import GEOJSON, JSON, REL, ROOT, SCHEMA, both, link
from gateway.query.geometry import point_of
from gateway.query.tree import Query
from gateway.standards.entry import Site
from gateway.view.types import Family
from gateway.view.view import View

_POINT = "https://geojson.org/schema/Point.json"


def collections(found: Sequence[dict[str, Any]], origin: str) -> dict[str, Any]:
    """The list of collections."""
    address = f"{origin}{ROOT}/collections"
    return {"links": [link(address, "self", JSON)], "collections": list(found)}


def collection(view: View, site: Site) -> dict[str, Any]:
    """One dataset as a collection of features; its extent is that of the city where rows have places."""
    address = f"{site.origin}{ROOT}/collections/{view.dataset}"
    facts = view.facts
    document: dict[str, Any] = {
        "id": view.dataset,
        "title": both(facts.title),
        "description": facts.description,
        "attribution": both(facts.publisher),
        "itemType": "feature",
        "crs": [CRS84],
        "links": [
            link(address + site.query, "self", JSON),
            link(f"{address}/items{site.query}", "items", GEOJSON),
            link(f"{address}/queryables", f"{REL}/queryables", SCHEMA),
            link(f"{site.origin}/v1/datasets/{view.dataset}{site.query}", "describedby", JSON),
        ],
    }
    licence = site.licence_address(facts.licence)
    if licence is not None:
        document["links"].append(link(licence, "license", "text/html"))
    if point_of(view) is not None:
        document["storageCrs"] = CRS84
        document["extent"] = {"spatial": {"bbox": [list(site.city.bbox)], "crs": CRS84}}
    return document


def queryables(view: View, origin: str) -> dict[str, Any]:
    """The columns that filters may name, and the place, as JSON Schema."""
    properties: dict[str, Any] = {}
    for column in view.columns:
        if column.kind.family is not Family.NESTED:
            schema = {"title": f"{column.title.zh} {column.title.en}", "description": column.description}
            moment = {"format": "date-time"} if column.kind.family is Family.TIMESTAMP else {}
            properties[column.name] = schema | _schema(column.kind.json_schema) | moment
    if point_of(view) is not None:
        properties[GEOMETRY] = {"$ref": _POINT, "x-ogc-role": "primary-geometry", "format": "geometry-point"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{origin}{ROOT}/collections/{view.dataset}/queryables",
        "type": "object",
        "title": both(view.facts.title),
        "properties": properties,
        "additionalProperties": False,
    }


def line(query: Query, zone: str) -> exp.Expr:
    """Expression that gives a row's feature with a comma in front; times in a zone become moments."""
    written = feature(query.select, point_of(query.view), identity(query.view), zone)
    return exp.Concat(expressions=[exp.Literal.string(","), written], safe=False, coalesce=False)


def page(features: bytes, returned: int, matched: int | None, links: Sequence[dict[str, str]]) -> bytes:
    """A page put together from the texts of its features, each with a comma in front."""
    head: dict[str, Any] = {"type": "FeatureCollection", "links": list(links), "numberReturned": returned}
    if matched is not None:
        head["numberMatched"] = matched
    return orjson.dumps(head)[:-1] + b',"features":[' + features[1:] + b"]}"


def with_links(document: bytes, links: Sequence[dict[str, str]]) -> bytes:
    """A feature, whose text has a comma in front, with links."""
    return document[1:-1] + b',"links":' + orjson.dumps(list(links)) + b"}"


def _schema(schema: dict[str, Any]) -> dict[str, Any]:
    """What clients need of a type; formats that are no words of JSON Schema are left out."""
    return {name: value for name, value in schema.items() if name == "type" or value == "date"}
