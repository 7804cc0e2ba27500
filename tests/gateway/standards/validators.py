"""The official shapes of DCAT-AP, and what a graph violates of them."""

from __future__ import annotations

from pathlib import Path

import httpx
import pyshacl
from rdflib import RDF, RDFS, Graph
from rdflib.namespace import DCAT, SH

from gateway.standards.rdf import SPDX

FILES = ("shapes.ttl", "range.ttl", "mdr-vocabularies.shape.ttl", "dcat-ap-SHACL.ttl")
NOT_KEPT = {"mdr-vocabularies.shape.ttl": str(SPDX.algorithm)}
"""The path of the one shape we do not keep: it wants https in names that SPDX begins with http."""
_SHAPES = Path(__file__).parent / "shapes"


def graph_of(answer: httpx.Response) -> Graph:
    assert answer.status_code == 200, answer.text
    return Graph().parse(data=answer.content, format=answer.headers["Content-Type"].partition(";")[0])


def faults(graph: Graph, shapes: Graph) -> set[tuple[str, str]]:
    """Paths and messages of violations; warnings are of what is recommended."""
    axioms = Graph()
    for kind in (DCAT.Dataset, DCAT.DataService):
        axioms.add((kind, RDFS.subClassOf, DCAT.Resource))
    _, report, _ = pyshacl.validate(graph, shacl_graph=shapes, ont_graph=axioms)
    (top,) = report.subjects(RDF.type, SH.ValidationReport)
    return {
        (str(report.value(found, SH.resultPath)), str(report.value(found, SH.resultMessage)))
        for found in report.objects(top, SH.result)
        if report.value(found, SH.resultSeverity) == SH.Violation
    }


def shapes(name: str) -> Graph:
    """Shapes of a file, without references to property shapes that the file does not have."""
    found = Graph().parse(_SHAPES / name)
    for part in set(found.objects(None, SH.property)):
        if (part, SH.path, None) not in found:
            found.remove((None, SH.property, part))
    return found
