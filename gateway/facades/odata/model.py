"""Datasets as entity types: which columns are properties, of which types, and how their values are written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from lxml import etree
from sqlglot import exp

from gateway.answers.fields import Field
from gateway.answers.json_lines import members
from gateway.view.types import Family, ValueType
from gateway.view.view import Column, View

ROOT = "/odata"
NAMESPACE, CONTAINER = "CivicLake", "Datasets"
_EDM, _EDMX = "http://docs.oasis-open.org/odata/ns/edm", "http://docs.oasis-open.org/odata/ns/edmx"
_NAME = re.compile(r"[^\W\d]\w{0,127}")
_TYPES = {
    Family.TEXT: "Edm.String",
    Family.INTEGER: "Edm.Int64",
    Family.DECIMAL: "Edm.Decimal",
    Family.FLOAT: "Edm.Double",
    Family.BOOLEAN: "Edm.Boolean",
    Family.DATE: "Edm.Date",
    Family.TIMESTAMP: "Edm.DateTimeOffset",
    Family.TIME: "Edm.TimeOfDay",
    Family.NESTED: "Edm.String",
}
_TITLE, _WORDS = "Core.Description", "Core.LongDescription"
_TEXT = ValueType(Family.TEXT)


@dataclass(frozen=True)
class Written:
    """A column of an answer under a name. Lists and structures are texts of JSON; where they are to be `quoted`, long
    numbers are texts, for those whose own are floats."""

    name: str
    field: Field
    quoted: bool = False

    @property
    def kind(self) -> ValueType:
        """The type of its values."""
        return _TEXT if self.field.kind.family is Family.NESTED or self._long else self.field.kind

    @property
    def ref(self) -> exp.Expr:
        """Its value in the statement."""
        if self._long:
            return exp.cast(self.field.ref, "TEXT", dialect="duckdb")
        if self.field.kind.family is not Family.NESTED:
            return self.field.ref
        json = exp.Anonymous(this="to_json", expressions=[self.field.ref])
        return exp.cast(json, "TEXT", dialect="duckdb")

    @property
    def _long(self) -> bool:
        return self.quoted and self.field.kind.family in (Family.INTEGER, Family.DECIMAL)


def properties(view: View) -> tuple[Column, ...]:
    """The columns that can be properties: a name of letters, digits and underscores is asked of them."""
    return tuple(column for column in view.columns if _NAME.fullmatch(column.name))


def key(view: View) -> tuple[Column, ...]:
    """The properties of the key; empty where a part of it is not one."""
    named = properties(view)
    return view.key if all(column in named for column in view.key) else ()


def line(fields: Sequence[Written], zone: str, *, quoted: bool = False) -> exp.Expr:
    """Expression that gives a row's entity with a comma in front; times in a zone become moments, long numbers texts
    where they are to be `quoted`."""
    told = [replace(field, quoted=quoted) for field in fields]
    parts = [exp.Literal.string(",{"), *members(told, zone), exp.Literal.string("}")]
    return exp.Concat(expressions=parts, safe=False, coalesce=False)


def service(views: Sequence[View], address: str) -> dict[str, Any]:
    """The service document."""
    return {
        "@odata.context": f"{address}/$metadata",
        "value": [
            {"name": view.dataset, "kind": "EntitySet", "url": view.dataset, "title": _both(view)} for view in views
        ],
    }


def metadata_xml(views: Sequence[View]) -> bytes:
    """The entity model in XML (CSDL)."""
    root = etree.Element(f"{{{_EDMX}}}Edmx", Version="4.0", nsmap={"edmx": _EDMX})
    reference = etree.SubElement(root, f"{{{_EDMX}}}Reference", Uri=f"{_VOCABULARIES}/Org.OData.Core.V1.xml")
    etree.SubElement(reference, f"{{{_EDMX}}}Include", Namespace="Org.OData.Core.V1", Alias="Core")
    services = etree.SubElement(root, f"{{{_EDMX}}}DataServices")
    schema = etree.SubElement(services, f"{{{_EDM}}}Schema", Namespace=NAMESPACE, nsmap={None: _EDM})
    for view in views:
        entity = etree.SubElement(schema, f"{{{_EDM}}}EntityType", Name=view.dataset)
        if key(view):
            named = etree.SubElement(entity, f"{{{_EDM}}}Key")
            for column in key(view):
                etree.SubElement(named, f"{{{_EDM}}}PropertyRef", Name=column.name)
        for column in properties(view):
            element = etree.SubElement(entity, f"{{{_EDM}}}Property", Name=column.name)
            for name, value in _facets(view, column).items():
                element.set(name[1:], _attribute(value))
            _annotate(element, _TITLE, f"{column.title.zh} {column.title.en}")
            _annotate(element, _WORDS, column.description)
        _annotate(entity, _TITLE, _both(view))
        _annotate(entity, _WORDS, view.facts.description)
    container = etree.SubElement(schema, f"{{{_EDM}}}EntityContainer", Name=CONTAINER)
    for view in views:
        etree.SubElement(container, f"{{{_EDM}}}EntitySet", Name=view.dataset, EntityType=f"{NAMESPACE}.{view.dataset}")
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def metadata_json(views: Sequence[View]) -> dict[str, Any]:
    """The entity model in JSON (CSDL)."""
    types: dict[str, Any] = {}
    for view in views:
        entity: dict[str, Any] = {"$Kind": "EntityType", f"@{_TITLE}": _both(view)}
        if key(view):
            entity["$Key"] = [column.name for column in key(view)]
        for column in properties(view):
            facets = {name: value for name, value in _facets(view, column).items() if value is not False}
            entity[column.name] = facets | {f"@{_TITLE}": f"{column.title.zh} {column.title.en}"}
        types[view.dataset] = entity
    sets = {view.dataset: {"$Collection": True, "$Type": f"{NAMESPACE}.{view.dataset}"} for view in views}
    return {
        "$Version": "4.01",
        "$EntityContainer": f"{NAMESPACE}.{CONTAINER}",
        "$Reference": {
            f"{_VOCABULARIES}/Org.OData.Core.V1.json": {
                "$Include": [{"$Namespace": "Org.OData.Core.V1", "$Alias": "Core"}]
            }
        },
        NAMESPACE: {**types, CONTAINER: {"$Kind": "EntityContainer", **sets}},
    }


_VOCABULARIES = "https://oasis-tcs.github.io/odata-vocabularies/vocabularies"


def _facets(view: View, column: Column) -> dict[str, Any]:
    """Type and nullability; precision and scale where they matter. Floats may be no numbers, which JSON leaves out."""
    kind = column.kind
    nullable = (column.nullable or kind.family is Family.FLOAT) and column not in key(view)
    found: dict[str, Any] = {"$Type": _TYPES[kind.family], "$Nullable": nullable}
    if kind.family is Family.DECIMAL:
        found |= {"$Precision": kind.precision, "$Scale": kind.scale}
    elif kind.family in (Family.TIMESTAMP, Family.TIME):
        found["$Precision"] = 6
    return found


def _attribute(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _annotate(element: etree._Element, term: str, text: str) -> None:
    if text:
        etree.SubElement(element, f"{{{_EDM}}}Annotation", Term=term, String=text)


def _both(view: View) -> str:
    return f"{view.facts.title.zh} {view.facts.title.en}"
