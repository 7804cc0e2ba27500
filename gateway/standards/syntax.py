"""The ways a graph is written: suffix of the address, media type, and the name the library has for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Syntax:
    """One of them."""

    suffix: str
    media_type: str
    name: str


TURTLE = Syntax("ttl", "text/turtle", "turtle")
JSON_LD = Syntax("jsonld", "application/ld+json", "json-ld")
RDF_XML = Syntax("rdf", "application/rdf+xml", "xml")
SYNTAXES = {syntax.suffix: syntax for syntax in (TURTLE, JSON_LD, RDF_XML)}
BY_MEDIA_TYPE = {syntax.media_type: syntax for syntax in SYNTAXES.values()}
