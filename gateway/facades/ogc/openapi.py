"""The addresses below /ogc in OpenAPI: for the API's own description, and for the one that OGC clients read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gateway.facades.ogc.cql2 import LANGUAGES
from gateway.facades.ogc.parse import RESERVED
from gateway.facades.ogc.site import GEOJSON, JSON, OPENAPI, RECORDS, SCHEMA, both
from gateway.query.geometry import point_of
from gateway.query.parse import Limits
from gateway.view.types import Family
from gateway.view.view import View

_TEXT: dict[str, Any] = {"type": "string"}
_BOX = "A box in degrees: west,south,east,north; west may lie beyond the date line."
_TIME = "A day or moment, or two with `/` between, `..` for open."
_F = {"name": "f", "in": "query", "description": "Form of the answer.", "schema": {"type": "string", "enum": ["json"]}}
_REFUSALS = ("400", "401", "403", "404", "405", "406", "410", "429", "503")


def fixed_paths() -> dict[str, Any]:
    """The addresses that are there whatever datasets there are."""
    catalogue = f"/collections/{RECORDS}"
    return {
        "": _path("Landing page", JSON),
        "/": _path("Landing page", JSON),
        "/conformance": _path("Conformance classes", JSON),
        "/api": _path("These addresses for OGC clients", OPENAPI),
        "/collections": _path("The collections", JSON),
        catalogue: _path("The catalogue as a collection of records", JSON),
        f"{catalogue}/queryables": _path("What records tell", SCHEMA),
        f"{catalogue}/items": _path(
            "Records of the catalogue",
            GEOJSON,
            _parameter("q", "Words, all of which a record tells; commas separate alternatives."),
            _parameter("bbox", f"{_BOX} Records of the city if it meets it."),
            _parameter("datetime", f"When the dataset last changed. {_TIME}"),
            _parameter("type", "Types, comma separated; every record is a `dataset`."),
            _parameter("ids", "Ids of records, comma separated."),
            _limit(),
            _parameter("after", "The place to go on from; part of the next link."),
        ),
    }


def dataset_paths(view: View) -> dict[str, Any]:
    """The addresses of one dataset."""
    root = f"/collections/{view.dataset}"
    record = {
        f"/collections/{RECORDS}/items/{view.dataset}": _path(f"{both(view.facts.title)}: record", GEOJSON, view=view)
    }
    if not view.readable:
        return record
    feature = {"name": "feature", "in": "path", "required": True, "description": "Id of a feature.", "schema": _TEXT}
    return record | {
        root: _path(f"{both(view.facts.title)}: collection", JSON, view=view),
        f"{root}/queryables": _path(f"{both(view.facts.title)}: queryables", SCHEMA, view=view),
        f"{root}/items": _path(f"{both(view.facts.title)}: features", GEOJSON, *_item_parameters(view), view=view),
        f"{root}/items/{{feature}}": _path(f"{both(view.facts.title)}: feature", GEOJSON, feature, view=view),
    }


def in_document(
    paths: Mapping[str, Any], root: str, responses: str, statuses: Iterable[str] = _REFUSALS
) -> dict[str, Any]:
    """Paths below `root`, whose refusals, of these statuses, are found under `responses`."""
    found: dict[str, Any] = {}
    for address, path in paths.items():
        operation = path["get"]
        refusals = {status: {"$ref": f"{responses}/{status}"} for status in statuses}
        found[root + address] = {"get": operation | {"responses": operation["responses"] | refusals}}
    return found


def interface(views: Sequence[View], address: str, title: str, version: str, limits: Limits) -> dict[str, Any]:
    """The document for OGC clients, in OpenAPI 3.0."""
    paths = {address: path for address, path in fixed_paths().items() if address}
    for view in views:
        paths |= dataset_paths(view)
    problem = {"application/problem+json": {"schema": {"type": "object"}}}
    return {
        "openapi": "3.0.3",
        "info": {
            "title": title,
            "version": version,
            "description": f"OGC API Features and Records. A page has at most {limits.max_rows} features.",
        },
        "servers": [{"url": address}],
        "paths": in_document(paths, "", "#/components/responses"),
        "components": {
            "responses": {status: {"description": "A problem document.", "content": problem} for status in _REFUSALS}
        },
    }


def _item_parameters(view: View) -> list[dict[str, Any]]:
    found = [
        _limit(),
        _parameter("datetime", _TIME),
        _parameter("filter", "A condition in CQL2."),
        _parameter("filter-lang", "How it is written.", {"type": "string", "enum": list(LANGUAGES)}),
        _parameter("sortby", "Columns to order by, comma separated, `-` in front for descending."),
        _parameter("cursor", "The place to go on from; part of the next link."),
    ]
    found += [_parameter("bbox", _BOX)] if point_of(view) is not None else []
    return found + [
        _parameter(column.name, "Equals the value.", _plain(column.kind.json_schema))
        for column in view.columns
        if column.kind.family is not Family.NESTED and column.name not in {*RESERVED, "q", "bbox"}
    ]


def _plain(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": schema.get("type", "string")}


def _path(summary: str, media_type: str, *parameters: dict[str, Any], view: View | None = None) -> dict[str, Any]:
    ok = {"description": "The answer.", "content": {media_type: {"schema": {"type": "object"}}}}
    operation: dict[str, Any] = {
        "summary": f"OGC API. {summary}",
        "parameters": [*parameters, _F],
        "responses": {"200": ok},
    }
    return {"get": operation | ({"tags": [view.dataset]} if view else {})}


def _limit() -> dict[str, Any]:
    return _parameter("limit", "Features of a page.", {"type": "integer", "minimum": 1})


def _parameter(name: str, sentence: str, schema: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": name, "in": "query", "description": sentence, "schema": schema or _TEXT}
