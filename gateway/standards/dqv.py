"""The quality of a dataset in the Data Quality Vocabulary."""

from __future__ import annotations

from collections.abc import Iterator

from rdflib import RDF, SKOS, XSD, Literal, URIRef

from catalog.contract.options import Title
from gateway.standards.entry import Entry
from gateway.standards.rdf import DQV, LDQD, Triples

_SHARE = Title(zh="检查通过的行所占比例，按严重程度加权", en="Share of rows that pass the checks, weighted by severity")
_TOTAL = Title(zh="质量总分", en="Quality score")


def measure(graph: Triples, node: URIRef, entry: Entry) -> None:
    """What the checks of the release found of the dataset's rows: one measurement per dimension, and the mean."""
    for name, value, metric in _measured(graph, entry):
        found = URIRef(f"{node}#quality-{name}")
        graph.add(node, DQV.hasQualityMeasurement, found)
        graph.add(found, RDF.type, DQV.QualityMeasurement)
        graph.add(found, DQV.computedOn, node)
        graph.add(found, DQV.isMeasurementOf, metric)
        graph.add(found, DQV.value, Literal(str(value), datatype=XSD.decimal))


def _measured(graph: Triples, entry: Entry) -> Iterator[tuple[str, float, URIRef]]:
    quality = entry.view.facts.quality
    if quality is None:
        return
    yield "score", quality.score, _metric(graph, entry, "score", _TOTAL)
    for name, value in sorted(quality.by_dimension.items()):
        known = entry.site.words.dimensions.get(name)
        if known:
            metric, dimension = _metric(graph, entry, name, known.title), URIRef(f"{entry.site.catalogue}#{name}")
            graph.add(metric, DQV.inDimension, dimension)
            graph.add(dimension, RDF.type, DQV.Dimension)
            graph.title(dimension, SKOS.prefLabel, known.title)
            graph.add(dimension, SKOS.closeMatch, LDQD[known.like])
            yield name, value, metric


def _metric(graph: Triples, entry: Entry, name: str, title: Title) -> URIRef:
    node = URIRef(f"{entry.site.catalogue}#metric-{name}")
    graph.add(node, RDF.type, DQV.Metric)
    graph.title(node, SKOS.prefLabel, title)
    graph.title(node, SKOS.definition, _SHARE)
    graph.add(node, DQV.expectedDataType, XSD.decimal)
    return node
