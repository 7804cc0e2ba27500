"""Datasets in the words of schema.org, for search engines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.standards.entry import Entry, Site
from gateway.view.view import Column, Distribution

_CONTEXT = "https://schema.org/"


def dataset(entry: Entry) -> dict[str, Any]:
    """One dataset with its columns, as a document of its own."""
    columns = [_variable(column) for column in entry.view.columns]
    return {"@context": _CONTEXT} | _dataset(entry) | {"variableMeasured": columns}


def catalogue(site: Site, entries: Sequence[Entry]) -> dict[str, Any]:
    """The catalogue with its datasets in short."""
    return {
        "@context": _CONTEXT,
        "@type": "DataCatalog",
        "@id": site.catalogue,
        "name": [site.city.title.zh, site.city.title.en],
        "url": f"{site.origin}/",
        "publisher": _organisation(site.city.publisher.zh, site.city.publisher.en),
        "dataset": [_dataset(entry) for entry in entries],
    }


def _dataset(entry: Entry) -> dict[str, Any]:
    facts, site = entry.view.facts, entry.site
    west, south, east, north = site.city.bbox
    return {
        "@type": "Dataset",
        "@id": entry.address,
        "identifier": entry.view.dataset,
        "name": [facts.title.zh, facts.title.en],
        "description": facts.description,
        "url": entry.address,
        "license": site.licence_address(facts.licence) or facts.licence,
        "isAccessibleForFree": facts.opening == "unconditional",
        "keywords": [word for word, _ in entry.keywords],
        "publisher": _organisation(facts.publisher.zh, facts.publisher.en),
        "version": str(site.number),
        "dateModified": entry.modified.isoformat(),
        "spatialCoverage": {
            "@type": "Place",
            "name": [site.city.title.zh, site.city.title.en],
            "geo": {"@type": "GeoShape", "box": f"{south} {west} {north} {east}"},
        },
        "includedInDataCatalog": {"@type": "DataCatalog", "@id": site.catalogue},
        "distribution": [_download(entry, file) for file in entry.files],
    }


def _download(entry: Entry, file: Distribution) -> dict[str, Any]:
    kind = entry.format_of(file)
    return {
        "@type": "DataDownload",
        "name": file.name,
        "encodingFormat": kind.media_type if kind else file.media_type,
        "contentUrl": entry.file_address(file),
        "contentSize": f"{file.bytes} B",
        "sha256": file.sha256,
    }


def _variable(column: Column) -> dict[str, Any]:
    return {
        "@type": "PropertyValue",
        "name": column.name,
        "alternateName": [column.title.zh, column.title.en],
        "description": column.description,
    }


def _organisation(zh: str, en: str) -> dict[str, Any]:
    return {"@type": "GovernmentOrganization", "name": [zh, en]}
