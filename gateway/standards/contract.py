"""A dataset as a data contract of the Open Data Contract Standard, version 3.1."""

from __future__ import annotations

from io import StringIO
from typing import Any

from gateway.standards.entry import Entry
from gateway.view.types import Family
from gateway.view.view import Column

_TYPES: dict[Family, str] = {
    Family.TEXT: "string",
    Family.INTEGER: "integer",
    Family.DECIMAL: "number",
    Family.FLOAT: "number",
    Family.BOOLEAN: "boolean",
    Family.DATE: "date",
    Family.TIMESTAMP: "timestamp",
    Family.TIME: "time",
    Family.NESTED: "array",
}


def contract(entry: Entry) -> dict[str, Any]:
    """What the city promises of the dataset: columns, key, levels, how often it is renewed, how it is reached."""
    facts, site = entry.view.facts, entry.site
    document: dict[str, Any] = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": entry.address,
        "name": f"{facts.title.zh} {facts.title.en}",
        "version": f"{site.number}.0.0",
        "status": "active",
        "domain": facts.themes[0] if facts.themes else site.city.id,
        "tenant": site.city.id,
        "tags": list(facts.themes),
        "description": {"purpose": facts.description, "usage": f"Licence: {facts.licence}"},
        "servers": [
            {
                "server": "api",
                "type": "api",
                "location": entry.rows_address() if entry.view.readable else entry.address,
                "description": f"{site.origin}/openapi.json",
            }
        ],
        "schema": [
            {
                "name": entry.view.dataset,
                "physicalType": "table",
                "description": facts.description,
                "dataGranularityDescription": facts.grain,
                "properties": [_column(entry, column) for column in entry.view.columns],
            }
        ],
        "contractCreatedTs": site.published.isoformat(),
    }
    if facts.frequency:
        document["slaProperties"] = [{"property": "frequency", "value": facts.frequency}]
    return {name: value for name, value in document.items() if value != []}


def contract_yaml(entry: Entry) -> bytes:
    """The contract as YAML, UTF-8."""
    from ruamel.yaml import YAML

    yaml, text = YAML(), StringIO()
    yaml.dump(contract(entry), text)
    return text.getvalue().encode()


def _column(entry: Entry, column: Column) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": column.name,
        "businessName": f"{column.title.zh} {column.title.en}",
        "logicalType": _TYPES[column.kind.family],
        "physicalType": column.kind.name,
        "description": column.description,
        "classification": column.level,
        "required": not column.nullable,
    }
    key = [part.name for part in entry.view.key]
    if column.name in key:
        told |= {"primaryKey": True, "primaryKeyPosition": key.index(column.name) + 1}
    if column.kind.family is Family.NESTED:
        told["items"] = {"name": "item", "logicalType": "string"}
    return told
