"""What the door says about itself: landing page, conformance classes, links."""

from __future__ import annotations

from typing import Any

from gateway.view.view import Text

ROOT = "/ogc"
RECORDS = "dataset-records"
"""Id of the collection of records; no dataset can have it, for the sign in it."""
JSON, GEOJSON = "application/json", "application/geo+json"
OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
SCHEMA = "application/schema+json"
REL = "http://www.opengis.net/def/rel/ogc/1.0"
_FEATURES = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf"
_FILTERS = "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf"
_CQL2 = "http://www.opengis.net/spec/cql2/1.0/conf"
_RECORDS = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf"
CONFORMANCE = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    *(f"{_FEATURES}/{name}" for name in ("core", "oas30", "geojson")),
    *(f"{_FILTERS}/{name}" for name in ("queryables", "queryables-query-parameters", "filter", "features-filter")),
    *(f"{_CQL2}/{name}" for name in ("cql2-text", "cql2-json", "basic-cql2")),
    *(f"{_CQL2}/{name}" for name in ("advanced-comparison-operators", "case-insensitive-comparison")),
    *(f"{_CQL2}/{name}" for name in ("basic-spatial-functions", "basic-spatial-functions-plus")),
    *(f"{_RECORDS}/{name}" for name in ("record-core", "record-core-query-parameters", "record-collection", "json")),
)


def link(href: str, rel: str, media_type: str, title: str | None = None) -> dict[str, str]:
    """A link of a document."""
    return {"href": href, "rel": rel, "type": media_type} | ({"title": title} if title else {})


def both(text: Text) -> str:
    """A title in both languages."""
    return f"{text.zh} {text.en}"


def landing(title: str, publisher: str, origin: str) -> dict[str, Any]:
    """The landing page."""
    root = f"{origin}{ROOT}"
    return {
        "title": title,
        "description": f"Datasets of {publisher}, as OGC API Features and Records.",
        "links": [
            link(root, "self", JSON),
            link(f"{root}/api", "service-desc", OPENAPI, "The addresses, in OpenAPI"),
            link(f"{origin}/", "service-doc", "text/html", "The city's data"),
            link(f"{root}/conformance", "conformance", JSON, "What it conforms to"),
            link(f"{root}/conformance", f"{REL}/conformance", JSON),
            link(f"{root}/collections", "data", JSON, "The collections"),
            link(f"{root}/collections", f"{REL}/data", JSON),
            link(f"{root}/collections/{RECORDS}", f"{REL}/ogc-catalog", JSON, "The catalogue of datasets"),
        ],
    }
