"""A dataset in Croissant 1.0, the vocabulary for data sets of machine learning."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gateway.standards.entry import Entry
from gateway.view.types import Family
from gateway.view.view import Column, Distribution

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
_ROWS = "rows.csv"
CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}
_TYPES: dict[Family, str] = {
    Family.TEXT: "sc:Text",
    Family.INTEGER: "sc:Integer",
    Family.DECIMAL: "sc:Float",
    Family.FLOAT: "sc:Float",
    Family.BOOLEAN: "sc:Boolean",
    Family.DATE: "sc:Date",
    Family.TIMESTAMP: "sc:Text",  # a local time without a zone is none of the types there are
    Family.TIME: "sc:Text",
    Family.NESTED: "sc:Text",
}


def croissant(entry: Entry) -> dict[str, Any]:
    """The document. Records are read from the CSV file, or from the rows as the caller may ask for them."""
    facts, site = entry.view.facts, entry.site
    publisher = {"@type": "Organization", "name": f"{facts.publisher.zh} {facts.publisher.en}"}
    objects = [_file(entry, file) for file in entry.files] or _rows(entry)
    document: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "@id": entry.address,
        "conformsTo": CONFORMS_TO,
        "name": entry.view.dataset,
        "alternateName": [facts.title.zh, facts.title.en],
        "description": facts.description,
        "url": entry.address,
        "license": site.licence_address(facts.licence) or facts.licence,
        "publisher": publisher,
        "creator": publisher,
        "datePublished": site.published.isoformat(),
        "dateModified": entry.modified.isoformat(),
        "version": f"{site.number}.0.0",
        "keywords": [word for word, _ in entry.keywords],
        "citeAs": f"{publisher['name']}: {facts.title.en}, release {site.number}, {entry.address}",
        "isLiveDataset": not entry.files,
        "distribution": objects,
    }
    table = next((file for file in entry.files if file.format == "csv"), None)
    if table is not None:
        document["recordSet"] = [_records(entry, table.name, entry.columns_of(table))]
    else:
        document["recordSet"] = [_records(entry, _ROWS, entry.view.columns)]
    return document


def _file(entry: Entry, file: Distribution) -> dict[str, Any]:
    kind = entry.format_of(file)
    return {
        "@type": "cr:FileObject",
        "@id": file.name,
        "name": file.name,
        "contentUrl": entry.file_address(file),
        "contentSize": f"{file.bytes} B",
        "encodingFormat": kind.media_type if kind else file.media_type,
        "sha256": file.sha256,
    }


def _rows(entry: Entry) -> list[dict[str, Any]]:
    address = entry.rows_address(".csv")
    return [
        {"@type": "cr:FileObject", "@id": _ROWS, "name": _ROWS, "contentUrl": address} | {"encodingFormat": "text/csv"}
    ]


def _records(entry: Entry, source: str, columns: Sequence[Column]) -> dict[str, Any]:
    name = entry.view.dataset
    records: dict[str, Any] = {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": entry.view.facts.grain,
        "field": [_field(name, column, source) for column in columns],
    }
    if entry.view.key and set(entry.view.key) <= set(columns):
        records["key"] = [{"@id": f"{name}/{column.name}"} for column in entry.view.key]
    return records


def _field(records: str, column: Column, source: str) -> dict[str, Any]:
    whole = column.kind.family is Family.DECIMAL and column.kind.scale == 0
    return {
        "@type": "cr:Field",
        "@id": f"{records}/{column.name}",
        "name": column.name,
        "description": f"{column.title.zh} {column.title.en}. {column.description}".strip(),
        "dataType": "sc:Integer" if whole else _TYPES[column.kind.family],
        "source": {"fileObject": {"@id": source}, "extract": {"column": column.name}},
    }
