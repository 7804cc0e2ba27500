"""Datasets as Socrata describes them: a view with its columns, its metadata, and an entry of the catalogue."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from gateway.facades.soda.ids import four_by_four
from gateway.facades.soda.records import DATA_TYPES
from gateway.standards.entry import Entry
from gateway.view.view import Column


def view_document(entry: Entry) -> dict[str, Any]:
    """A dataset with its columns, as /api/views tells it."""
    facts, changed = entry.view.facts, int(entry.modified.timestamp())
    return {
        "id": four_by_four(entry.view.dataset),
        "name": _title(entry),
        "assetType": "dataset",
        "attribution": _publisher(entry),
        "category": _first(entry.view.facts.themes),
        "description": facts.description,
        "displayType": "table",
        "licenseId": _licence(entry),
        "license": {"name": _licence(entry), "termsLink": entry.site.licence_address(facts.licence)},
        "provenance": "OFFICIAL",
        "publicationStage": "published",
        "rowsUpdatedAt": changed,
        "viewLastModified": changed,
        "viewType": "tabular",
        "columns": [_column(column, place) for place, column in enumerate(entry.view.columns, start=1)],
        "metadata": {"custom_fields": {"CivicLake": _own(entry)}, "rowLabel": facts.grain},
        "tags": _tags(entry),
        "flags": ["default"],
    }


def metadata_document(entry: Entry) -> dict[str, Any]:
    """What the metadata API tells of a dataset."""
    identifier, changed = four_by_four(entry.view.dataset), _moment(entry)
    return {
        "id": identifier,
        "name": _title(entry),
        "attribution": _publisher(entry),
        "category": _first(entry.view.facts.themes),
        "dataUpdatedAt": changed,
        "dataUri": f"{entry.site.origin}/resource/{identifier}",
        "description": entry.view.facts.description,
        "hideFromCatalog": False,
        "hideFromDataJson": False,
        "license": _licence(entry),
        "metadataUpdatedAt": changed,
        "provenance": "OFFICIAL",
        "updatedAt": changed,
        "webUri": entry.address,
        "tags": _tags(entry),
        "customFields": {"CivicLake": _own(entry)},
    }


def catalogue_entry(entry: Entry, domain: str) -> dict[str, Any]:
    """A dataset as the discovery API lists it."""
    columns, identifier = entry.view.columns, four_by_four(entry.view.dataset)
    return {
        "resource": {
            "id": identifier,
            "name": _title(entry),
            "description": entry.view.facts.description,
            "attribution": _publisher(entry),
            "type": "dataset",
            "updatedAt": _moment(entry),
            "data_updated_at": _moment(entry),
            "metadata_updated_at": _moment(entry),
            "columns_name": [column.title.en for column in columns],
            "columns_field_name": [column.name for column in columns],
            "columns_datatype": [_data_type(column) for column in columns],
            "columns_description": [column.description for column in columns],
            "parent_fxf": [],
            "provenance": "official",
        },
        "classification": {
            "categories": list(entry.view.facts.themes),
            "tags": _tags(entry),
            "domain_category": _first(entry.view.facts.themes),
            "domain_tags": _tags(entry),
            "domain_metadata": [{"key": key, "value": value} for key, value in _own(entry).items()],
        },
        "metadata": {"domain": domain, "license": _licence(entry)},
        "permalink": f"{entry.site.origin}/resource/{identifier}",
        "link": entry.address,
    }


def _column(column: Column, place: int) -> dict[str, Any]:
    return {
        "id": place,
        "name": column.title.en,
        "fieldName": column.name,
        "dataTypeName": _data_type(column),
        "renderTypeName": _data_type(column),
        "description": column.description,
        "position": place,
    }


def _data_type(column: Column) -> str:
    return DATA_TYPES[column.kind.family]


def _title(entry: Entry) -> str:
    return f"{entry.view.facts.title.zh} {entry.view.facts.title.en}"


def _publisher(entry: Entry) -> str:
    return f"{entry.view.facts.publisher.zh} {entry.view.facts.publisher.en}"


def _licence(entry: Entry) -> str:
    known = entry.site.licence(entry.view.facts.licence)
    return known.spdx if known else entry.view.facts.licence


def _tags(entry: Entry) -> list[str]:
    return [word for word, _ in entry.keywords]


def _own(entry: Entry) -> dict[str, str]:
    facts = entry.view.facts
    return {
        "dataset": entry.view.dataset,
        "release": str(entry.site.number),
        "grain": facts.grain,
        "update_frequency": facts.frequency,
    }


def _first(themes: tuple[str, ...]) -> str | None:
    return themes[0] if themes else None


def _moment(entry: Entry) -> str:
    return entry.modified.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
