"""Datasets, columns and files as JSON documents, made from views only."""

from __future__ import annotations

from typing import Any

from gateway.query.buckets import buckets_of
from gateway.query.measures import measures_of
from gateway.query.operators import operators_of
from gateway.release.opened import OpenRelease
from gateway.view.view import Column, Distribution, Text, View

_DOCUMENTS = {
    "schema_org": "schema-org.jsonld",
    "core_metadata": "core-metadata.json",
    "contract": "contract.yaml",
}
"""What else there is to read about a dataset, by the standard it keeps to."""


def release_document(release: OpenRelease) -> dict[str, Any]:
    """Which release an answer was made from."""
    manifest, city = release.manifest, release.catalog.city
    return {
        "number": manifest.number,
        "published_at": manifest.published_at.isoformat(),
        "city": {"id": city.id, "title": {"zh": city.title.zh, "en": city.title.en}},
    }


def dataset_summary(view: View) -> dict[str, Any]:
    """A dataset in the list."""
    facts = view.facts
    return {
        "id": view.dataset,
        "title": _text(facts.title),
        "grain": facts.grain,
        "publisher": _text(facts.publisher),
        "licence": facts.licence,
        "update_frequency": facts.frequency,
        "themes": facts.themes,
        "row_count": facts.row_count,
        "links": _links(view),
    }


def _links(view: View) -> dict[str, Any]:
    """Addresses of a dataset; there are rows only where the caller may see some."""
    root = f"/v1/datasets/{view.dataset}"
    links: dict[str, Any] = {"self": root, "access": f"{root}/access", "dcat": f"{root}.ttl"}
    links |= {name: f"{root}/{document}" for name, document in _DOCUMENTS.items()}
    if view.readable:
        links |= {"rows": f"{root}/rows", "rows_csv": f"{root}/rows.csv"}
        links |= {name: f"{root}/{name}" for name in ("aggregate", "distinct", "facets", "count", "changes")}
        links |= {"data_package": f"{root}/datapackage.json", "croissant": f"{root}/croissant.json"}
    return links | {"files": [file_link(view, file) for file in view.distributions if file.sha256]}


def dataset_document(view: View, release: OpenRelease) -> dict[str, Any]:
    """Everything told about one dataset."""
    return {
        **dataset_summary(view),
        "description": view.facts.description,
        "release": release_document(release),
        "key": [column.name for column in view.key],
        "order": [column.name for column in view.order],
        "columns": [_column(column) for column in view.columns],
        "distributions": [_distribution(view, file) for file in view.distributions if file.sha256],
    }


def file_link(view: View, file: Distribution) -> str:
    """Address of a downloadable file."""
    return f"/v1/datasets/{view.dataset}/files/{file.name}"


def _column(column: Column) -> dict[str, Any]:
    return {
        "name": column.name,
        "type": column.kind.name,
        "title": _text(column.title),
        "description": column.description,
        "nullable": column.nullable,
        "operators": [operator.name for operator in operators_of(column.kind)],
        "spans": [bucket.name for bucket in buckets_of(column.kind)],
        "measures": [measure.name for measure in measures_of(column.kind)],
    }


def _distribution(view: View, file: Distribution) -> dict[str, Any]:
    return {
        "name": file.name,
        "format": file.format,
        "media_type": file.media_type,
        "bytes": file.bytes,
        "sha256": file.sha256,
        "href": file_link(view, file),
    }


def _text(text: Text) -> dict[str, str]:
    return {"zh": text.zh, "en": text.en}
