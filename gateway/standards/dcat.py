"""The catalogue as DCAT 3 in the profile DCAT-AP 3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rdflib import RDF, XSD, Literal, URIRef
from rdflib.namespace import DCTERMS, FOAF, SKOS

from catalog.contract.options import Title
from catalog.standards import FileFormat
from gateway.standards.dqv import measure
from gateway.standards.entry import Entry, Site
from gateway.standards.rdf import ADMS, AUTHORITY, DCAT, GEO, HYDRA, IANA, SPDX, Triples
from gateway.view.view import Distribution, Text

_CATALOGUE = Title(zh="公共数据目录", en="public data catalogue")
_API = Title(zh="公共数据接口", en="public data API")
_ROWS = Title(zh="按条件查询的接口", en="rows by query")
_THEMES = Title(zh="数据主题", en="Data themes")
_ALGORITHM = URIRef(SPDX["checksumAlgorithm_sha256"])


@dataclass(frozen=True)
class Page:
    """A part of the catalogue: its entries, how many there are in all, and the addresses of pages."""

    entries: Sequence[Entry]
    total: int
    this: str
    first: str
    next: str | None


def dataset_graph(entry: Entry) -> Triples:
    """One dataset with its distributions, and the service they are reached by."""
    graph = Triples()
    _describe(graph, entry)
    _service(graph, entry.site, [entry])
    return graph


def catalogue_graph(site: Site, page: Page) -> Triples:
    """The catalogue with the datasets of one page."""
    graph = Triples()
    node, city = URIRef(site.catalogue), site.city
    graph.add(node, RDF.type, DCAT.Catalog)
    name = Title(zh=f"{city.title.zh}{_CATALOGUE.zh}", en=f"{city.title.en} {_CATALOGUE.en}")
    graph.title(node, DCTERMS.title, name)
    graph.title(node, DCTERMS.description, name)
    graph.add(node, DCTERMS.publisher, _publisher(graph, site, city.publisher, site.catalogue))
    graph.moment(node, DCTERMS.modified, max((entry.modified for entry in page.entries), default=site.published))
    graph.add(node, DCTERMS.license, _licence(graph, site, city.licence, site.catalogue))
    _covers(graph, node, site)
    for language in site.words.languages.values():
        graph.add(node, DCTERMS.language, graph.concept("language", language, DCTERMS.LinguisticSystem))
    home, taxonomy = URIRef(f"{site.origin}/"), URIRef(f"{AUTHORITY}data-theme")
    graph.add(node, FOAF.homepage, home)
    graph.add(home, RDF.type, FOAF.Document)
    graph.add(node, DCAT.themeTaxonomy, taxonomy)
    graph.add(taxonomy, RDF.type, SKOS.ConceptScheme)
    graph.title(taxonomy, DCTERMS.title, _THEMES)
    for entry in page.entries:
        graph.add(node, DCAT.dataset, _describe(graph, entry))
        record = URIRef(f"{entry.address}#record")
        graph.add(node, DCAT.record, record)
        graph.add(record, RDF.type, DCAT.CatalogRecord)
        graph.add(record, FOAF.primaryTopic, URIRef(entry.address))
        graph.moment(record, DCTERMS.modified, entry.modified)
    graph.add(node, DCAT.service, _service(graph, site, page.entries))
    _paging(graph, node, page)
    return graph


def _describe(graph: Triples, entry: Entry) -> URIRef:
    node, facts, site = URIRef(entry.address), entry.view.facts, entry.site
    graph.add(node, RDF.type, DCAT.Dataset)
    graph.title(node, DCTERMS.title, facts.title)
    graph.add(node, DCTERMS.description, facts.description)
    graph.add(node, DCTERMS.identifier, entry.view.dataset)
    graph.add(node, DCTERMS.publisher, _publisher(graph, site, facts.publisher, entry.address))
    graph.moment(node, DCTERMS.modified, entry.modified)
    graph.add(node, DCAT.version, str(site.number))
    graph.title(node, ADMS.versionNotes, Title(zh=f"来自发布版本 {site.number}", en=f"As of release {site.number}"))
    _versions(graph, node, entry)
    _covers(graph, node, site)
    graph.add(node, DCAT.landingPage, URIRef(entry.page))
    graph.add(URIRef(entry.page), RDF.type, FOAF.Document)
    access = graph.concept("access-right", site.words.access_rights[facts.opening], DCTERMS.RightsStatement)
    graph.add(node, DCTERMS.accessRights, access)
    if entry.frequency:
        graph.add(node, DCTERMS.accrualPeriodicity, graph.concept("frequency", entry.frequency, DCTERMS.Frequency))
    country = site.words.countries.get(site.city.country)
    if country:
        language = graph.concept("language", site.words.languages[country.language], DCTERMS.LinguisticSystem)
        graph.add(node, DCTERMS.language, language)
    for theme in facts.themes:
        known = site.words.themes.get(theme)
        if known:
            graph.add(node, DCAT.theme, graph.concept("data-theme", known, SKOS.Concept))
    for word, tongue in entry.keywords:
        graph.add(node, DCAT.keyword, Literal(word, lang=tongue or None))
    if facts.resource_code:
        code = URIRef(f"{entry.address}#code")
        graph.add(node, ADMS.identifier, code)
        graph.add(code, RDF.type, ADMS.Identifier)
        graph.add(code, SKOS.notation, facts.resource_code)
    measure(graph, node, entry)
    for file in entry.files:
        graph.add(node, DCAT.distribution, _file(graph, entry, file))
    if entry.view.readable:
        graph.add(node, DCAT.distribution, _rows(graph, entry))
    return node


def _versions(graph: Triples, node: URIRef, entry: Entry) -> None:
    """Where this release of the dataset is, and the one before."""
    if entry.site.pinned:
        graph.add(node, DCAT.isVersionOf, URIRef(entry.latest))
    else:
        graph.add(node, DCAT.hasCurrentVersion, URIRef(entry.release_address(entry.site.number)))
    if entry.previous is not None:
        graph.add(node, DCAT.previousVersion, URIRef(entry.release_address(entry.previous)))


def _file(graph: Triples, entry: Entry, file: Distribution) -> URIRef:
    node, address = URIRef(f"{entry.address}#{file.name}"), URIRef(entry.file_address(file))
    _distribution(graph, entry, node, entry.format_of(file))
    graph.add(node, DCTERMS.title, file.name)
    graph.add(node, DCAT.accessURL, URIRef(entry.address))
    graph.add(node, DCAT.downloadURL, address)
    graph.add(node, DCAT.byteSize, Literal(str(file.bytes), datatype=XSD.nonNegativeInteger))
    graph.moment(node, DCTERMS.modified, entry.modified)
    checksum = URIRef(f"{node}-checksum")
    graph.add(node, SPDX.checksum, checksum)
    graph.add(checksum, RDF.type, SPDX.Checksum)
    graph.add(checksum, SPDX.algorithm, _ALGORITHM)
    graph.add(_ALGORITHM, RDF.type, SPDX.ChecksumAlgorithm)
    graph.add(checksum, SPDX.checksumValue, Literal(file.sha256, datatype=XSD.hexBinary))
    return node


def _rows(graph: Triples, entry: Entry) -> URIRef:
    """The rows as they are asked for: a distribution that a service gives."""
    node = URIRef(f"{entry.address}#rows")
    _distribution(graph, entry, node, entry.site.words.formats["json"])
    graph.title(node, DCTERMS.title, _ROWS)
    graph.add(node, DCAT.accessURL, URIRef(entry.rows_address()))
    graph.add(node, DCAT.accessService, URIRef(f"{entry.site.origin}/v1"))
    return node


def _distribution(graph: Triples, entry: Entry, node: URIRef, kind: FileFormat | None) -> None:
    graph.add(node, RDF.type, DCAT.Distribution)
    graph.add(node, DCTERMS.license, _licence(graph, entry.site, entry.view.facts.licence, entry.address))
    if kind:
        media_type = URIRef(IANA + kind.media_type)
        graph.add(node, DCTERMS["format"], graph.concept("file-type", kind, DCTERMS.MediaTypeOrExtent))
        graph.add(node, DCAT.mediaType, media_type)
        graph.add(media_type, RDF.type, DCTERMS.MediaType)


def _service(graph: Triples, site: Site, entries: Sequence[Entry]) -> URIRef:
    node = URIRef(f"{site.origin}/v1")
    graph.add(node, RDF.type, DCAT.DataService)
    graph.title(node, DCTERMS.title, Title(zh=f"{site.city.title.zh}{_API.zh}", en=f"{site.city.title.en} {_API.en}"))
    graph.add(node, DCTERMS.publisher, _publisher(graph, site, site.city.publisher, site.catalogue))
    graph.add(node, DCAT.endpointURL, node)
    graph.add(node, DCAT.endpointDescription, URIRef(f"{site.origin}/openapi.json"))
    for entry in entries:
        if entry.view.readable:
            graph.add(node, DCAT.servesDataset, URIRef(entry.address))
    return node


def _publisher(graph: Triples, site: Site, name: Title | Text, owner: str) -> URIRef:
    """The city's publisher is one node for all; another one is named beside what it publishes."""
    same = (name.zh, name.en) == (site.city.publisher.zh, site.city.publisher.en)
    node = URIRef(f"{site.catalogue if same else owner}#publisher")
    graph.add(node, RDF.type, FOAF.Agent)
    graph.title(node, FOAF.name, name)
    return node


def _licence(graph: Triples, site: Site, text: str, owner: str) -> URIRef:
    """A licence of the authority table, else the address of the terms, else the terms in words."""
    known, address = site.licence(text), site.licence_address(text)
    if known:
        node = URIRef(f"{AUTHORITY}licence/{known.code}")
        graph.title(node, DCTERMS.title, known.title)
        graph.add(node, FOAF.page, URIRef(address) if address else None)
    elif address:
        node = URIRef(address)
    else:
        node = URIRef(f"{owner}#terms")
        graph.add(node, DCTERMS.description, text)
    graph.add(node, RDF.type, DCTERMS.LicenseDocument)
    return node


def _covers(graph: Triples, covering: URIRef, site: Site) -> None:
    """The country by its authority IRI, and the city as a box in degrees."""
    country = site.words.countries.get(site.city.country)
    if country:
        graph.add(covering, DCTERMS.spatial, graph.concept("country", country, DCTERMS.Location))
    west, south, east, north = site.city.bbox
    node = URIRef(f"{site.catalogue}#place")
    graph.add(covering, DCTERMS.spatial, node)
    graph.add(node, RDF.type, DCTERMS.Location)
    graph.title(node, SKOS.prefLabel, site.city.title)
    ring = f"{west} {south}, {east} {south}, {east} {north}, {west} {north}, {west} {south}"
    graph.add(node, DCAT.bbox, Literal(f"POLYGON (({ring}))", datatype=GEO.wktLiteral))


def _paging(graph: Triples, catalogue: URIRef, page: Page) -> None:
    """Pages as Hydra has them; older harvesters look for its former names of the same."""
    node, first = URIRef(page.this), URIRef(page.first)
    following = URIRef(page.next) if page.next else None
    graph.add(node, RDF.type, HYDRA.PartialCollectionView)
    graph.add(node, RDF.type, HYDRA.PagedCollection)
    graph.add(catalogue, HYDRA.view, node)
    for subject in (catalogue, node):
        graph.add(subject, HYDRA.totalItems, Literal(page.total))
    for predicate in (HYDRA.first, HYDRA.firstPage):
        graph.add(node, predicate, first)
    for predicate in (HYDRA.next, HYDRA.nextPage):
        graph.add(node, predicate, following)
