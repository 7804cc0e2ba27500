"""A dataset as a Data Package of the Frictionless specifications, version 2."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.standards.entry import Entry
from gateway.view.types import Family, ValueType
from gateway.view.view import Column, Distribution

PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_RESOURCE_PROFILE = "https://datapackage.org/profiles/2.0/dataresource.json"
_SCHEMA_PROFILE = "https://datapackage.org/profiles/2.0/tableschema.json"
_TYPES: dict[Family, dict[str, str]] = {
    Family.TEXT: {"type": "string"},
    Family.INTEGER: {"type": "integer"},
    Family.DECIMAL: {"type": "number"},
    Family.FLOAT: {"type": "number"},
    Family.BOOLEAN: {"type": "boolean"},
    Family.DATE: {"type": "date"},
    Family.TIMESTAMP: {"type": "datetime", "format": "any"},  # a space stands between day and time
    Family.TIME: {"type": "time"},
    Family.NESTED: {"type": "string"},  # written as text in the files
}


def data_package(entry: Entry) -> dict[str, Any]:
    """The package. A resource is a table, so the dataset is named once: by its CSV file, or by its rows as the caller
    may ask for them.
    """
    facts, site = entry.view.facts, entry.site
    address, known = site.licence_address(facts.licence), site.licence(facts.licence)
    package: dict[str, Any] = {
        "$schema": PROFILE,
        "name": entry.view.dataset,
        "id": entry.address,
        "title": f"{facts.title.zh} {facts.title.en}",
        "description": facts.description,
        "homepage": f"{site.origin}/",
        "version": str(site.number),
        "created": entry.modified.isoformat(),
        "keywords": [word for word, _ in entry.keywords],
        "contributors": [{"title": f"{facts.publisher.zh} {facts.publisher.en}", "roles": ["publisher"]}],
        "resources": [_file(entry, file) for file in entry.files if file.format == "csv"] or [_rows(entry)],
    }
    name = known.spdx if known else None if address else "notspecified"  # terms in words only
    licence = {"name": name, "path": address, "title": facts.licence if name == "notspecified" else None}
    package["licenses"] = [{name: value for name, value in licence.items() if value}]
    return {name: value for name, value in package.items() if value != []}  # lists of the profile are not empty


def _file(entry: Entry, file: Distribution) -> dict[str, Any]:
    """A CSV file by its address from here."""
    known = {"bytes": file.bytes, "hash": f"sha256:{file.sha256}"}
    return _table(entry, f"files/{file.name}{entry.site.query}", entry.columns_of(file)) | known


def _rows(entry: Entry) -> dict[str, Any]:
    return _table(entry, f"rows.csv{entry.site.query}", entry.view.columns)


def _table(entry: Entry, path: str, columns: Sequence[Column]) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "$schema": _SCHEMA_PROFILE,
        "fields": [_field(column) for column in columns],
        "missingValues": [""],
    }
    if entry.view.key and set(entry.view.key) <= set(columns):
        schema["primaryKey"] = [column.name for column in entry.view.key]
    return {
        "$schema": _RESOURCE_PROFILE,
        "name": entry.view.dataset,
        "type": "table",
        "path": path,
        "format": "csv",
        "mediatype": entry.site.words.formats["csv"].media_type,
        "encoding": "utf-8",
        "schema": schema,
    }


def _field(column: Column) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": column.name,
        **type_of(column.kind),
        "title": f"{column.title.zh} {column.title.en}",
        "description": column.description,
    }
    return field if column.nullable else field | {"constraints": {"required": True}}


def type_of(kind: ValueType) -> dict[str, str]:
    """Type and format of a column; a number without places is a whole one."""
    if kind.family is Family.DECIMAL and kind.scale == 0:
        return {"type": "integer"}
    return _TYPES[kind.family]
