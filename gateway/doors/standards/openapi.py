"""The part of the OpenAPI document about the catalogue's standard documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gateway.doors.native.openapi_parts import RELEASE, answer, fixed
from gateway.problems import CATALOGUE, NoRelease
from gateway.standards.syntax import SYNTAXES
from gateway.view.view import View

Operation = Callable[[View, str, dict[str, Any]], dict[str, Any]]

_OF_ROWS = {"datapackage.json": "application/json", "croissant.json": "application/ld+json"}
_DOCUMENTS = {
    "schema-org.jsonld": "application/ld+json",
    "core-metadata.json": "application/json",
    "contract.yaml": "application/yaml",
}
_NO_RELEASE = str(CATALOGUE[NoRelease].status)
_HARVEST = {
    "parameters": [
        {
            "name": "modified_since",
            "in": "query",
            "description": "Datasets changed on that day or at that moment, or later.",
            "schema": {"anyOf": [{"type": "string", "format": kind} for kind in ("date", "date-time")]},
        },
        {"name": "limit", "in": "query", "description": "Datasets of a page.", "schema": {"type": "integer"}},
        {"name": "after", "in": "query", "description": "The place to go on from.", "schema": {"type": "string"}},
    ]
}


def catalogue_paths() -> dict[str, Any]:
    """The addresses that are there whatever datasets there are."""
    graphs = {
        media_type: body for syntax in SYNTAXES.values() for media_type, body in _graph(syntax.media_type).items()
    }
    anyhow = {"description": "The catalogue as DCAT-AP.", "content": graphs}
    paths = {"/v1/catalog": fixed("The catalogue for harvesters", anyhow, "400", "406", _NO_RELEASE)}
    for syntax in SYNTAXES.values():
        told = answer(syntax.media_type, None)
        paths[f"/v1/catalog.{syntax.suffix}"] = fixed("The catalogue for harvesters", told, "400", _NO_RELEASE)
    for entry in paths.values():
        entry["get"] |= _HARVEST
    return paths | {
        "/sitemap.xml": fixed("The addresses of datasets", answer("application/xml", None), "400", _NO_RELEASE),
        "/robots.txt": fixed("What crawlers may fetch", answer("text/plain", None)),
    }


def document_paths(view: View, operation: Operation) -> dict[str, Any]:
    """The documents about one dataset; `operation` describes an answer under a name."""
    root = f"/v1/datasets/{view.dataset}"
    graphs = {
        f"{root}.{syntax.suffix}": operation(view, f"dcat_{syntax.suffix}", answer(syntax.media_type, None))
        for syntax in SYNTAXES.values()
    }
    documents = {
        f"{root}/{name}": operation(view, name.replace("-", "_").replace(".", "_"), answer(media, None))
        for name, media in (_DOCUMENTS | (_OF_ROWS if view.readable else {})).items()
    }
    return {address: {"get": told | {"parameters": [RELEASE]}} for address, told in (graphs | documents).items()}


def _graph(media_type: str) -> dict[str, Any]:
    content: dict[str, Any] = answer(media_type, None)["content"]
    return content
