"""Graphs of triples, the vocabularies and authority tables they use, and how they are written."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import orjson
from rdflib import RDF, SKOS, XSD, Graph, Literal, Namespace, URIRef
from rdflib.namespace import DCTERMS, FOAF, RDFS
from rdflib.term import Node

from catalog.contract.options import Title
from catalog.standards import Concept
from gateway.standards.syntax import JSON_LD, Syntax
from gateway.view.view import Text

ADMS = Namespace("http://www.w3.org/ns/adms#")
DCAT = Namespace("http://www.w3.org/ns/dcat#")  # the library's own list is of the version before
DQV = Namespace("http://www.w3.org/ns/dqv#")
GEO = Namespace("http://www.opengis.net/ont/geosparql#")
HYDRA = Namespace("http://www.w3.org/ns/hydra/core#")
LDQD = Namespace("http://www.w3.org/2016/05/ldqd#")
SPDX = Namespace("http://spdx.org/rdf/terms#")
AUTHORITY = "http://publications.europa.eu/resource/authority/"
IANA = "https://www.iana.org/assignments/media-types/"

PREFIXES: dict[str, str] = {
    "adms": str(ADMS),
    "dcat": str(DCAT),
    "dct": str(DCTERMS),
    "dqv": str(DQV),
    "foaf": str(FOAF),
    "geo": str(GEO),
    "hydra": str(HYDRA),
    "ldqd": str(LDQD),
    "rdf": str(RDF),
    "rdfs": str(RDFS),
    "skos": str(SKOS),
    "spdx": str(SPDX),
    "xsd": str(XSD),
}


class Triples:
    """A graph without blank nodes, so that the same triples are the same bytes however they came together."""

    def __init__(self) -> None:
        self._found: set[tuple[Node, Node, Node]] = set()

    def add(self, subject: URIRef, predicate: URIRef, value: Node | str | None) -> None:
        """A triple; text stands for itself, None for nothing to say."""
        if value is not None:
            self._found.add((subject, predicate, value if isinstance(value, Node) else Literal(value)))

    def title(self, subject: URIRef, predicate: URIRef, text: Text | Title) -> None:
        """A text in both languages."""
        self.add(subject, predicate, Literal(text.zh, lang="zh"))
        self.add(subject, predicate, Literal(text.en, lang="en"))

    def moment(self, subject: URIRef, predicate: URIRef, at: datetime) -> None:
        """A moment in time."""
        self.add(subject, predicate, Literal(at.isoformat(), datatype=XSD.dateTime))

    def concept(self, table: str, concept: Concept, kind: URIRef) -> URIRef:
        """The IRI of a value of an authority table, which is described where it is used."""
        node = URIRef(f"{AUTHORITY}{table}/{concept.code}")
        self.add(node, RDF.type, SKOS.Concept)
        self.add(node, RDF.type, kind)
        self.add(node, SKOS.inScheme, URIRef(AUTHORITY + table))
        self.title(node, SKOS.prefLabel, concept.title)
        return node

    def write(self, syntax: Syntax) -> bytes:
        """The graph in a syntax, as UTF-8."""
        graph = Graph("SimpleMemory", bind_namespaces="none")  # a store that keeps the order it was given
        for prefix, address in PREFIXES.items():
            graph.bind(prefix, address)
        for triple in sorted(self._found, key=lambda t: tuple(part.n3() for part in t)):
            graph.add(triple)
        text: str = graph.serialize(format=syntax.name, encoding=None, context=PREFIXES)
        return _sorted_bytes(_in_order(orjson.loads(text))) if syntax is JSON_LD else text.encode()


def _in_order(value: Any) -> Any:
    """JSON whose lists are sets, each in one order: the library gives them in any."""
    if isinstance(value, dict):
        return {name: _in_order(part) for name, part in value.items()}
    return sorted(map(_in_order, value), key=_sorted_bytes) if isinstance(value, list) else value


def _sorted_bytes(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
