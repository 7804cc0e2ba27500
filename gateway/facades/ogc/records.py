"""Datasets as records of OGC API Records, and which of them a search is for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from catalog.policy.load import shared_limits
from gateway.facades.clocks import day_after
from gateway.facades.given import given_once
from gateway.facades.ogc.parse import flat_box, page_rows, require_json
from gateway.facades.ogc.site import GEOJSON, JSON, RECORDS, REL, ROOT, SCHEMA, both, link
from gateway.facades.ogc.times import span
from gateway.problems import BadValue
from gateway.query.shapes import parse_numbers, require_place
from gateway.standards.entry import Entry, Site
from gateway.view.types import Family
from gateway.view.view import Column

_CLASS = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core"
_TYPE = "dataset"
_PARAMETERS = ("q", "bbox", "datetime", "type", "ids", "limit", "after", "release", "f")
_WORDS = {"title": "Title in Chinese and English.", "description": "What a row is.", "updated": "Last change.",
          "publisher": "Who publishes it.", "license": "Under which terms."}  # fmt: skip


@dataclass(frozen=True)
class Search:
    """What of the catalogue is asked for. `texts` are alternatives, of each every word must be found."""

    texts: tuple[tuple[str, ...], ...] = ()
    ids: tuple[str, ...] | None = None
    box: tuple[float, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    nothing: bool = False
    limit: int = 1
    after: str = ""

    def finds(self, entry: Entry) -> bool:
        """Whether a dataset is asked for."""
        told = " ".join([*_texts(entry), *(word for word, _ in entry.keywords)]).casefold()
        return (
            not self.nothing
            and (self.ids is None or entry.view.dataset in self.ids)
            and (not self.texts or any(all(word in told for word in words) for words in self.texts))
            and (self.box is None or _meet(self.box, entry.site.city.bbox))
            and (self.since is None or entry.modified >= self.since)
            and (self.until is None or entry.modified <= self.until)
        )


def parse_search(parameters: Sequence[tuple[str, str]], site: Site, most: int, default: int) -> Search:
    """The search that parameters ask for. Raises the problems of what cannot be used."""
    given = given_once(parameters, _PARAMETERS)
    require_json(given.get("f"))
    since, until = _bounds(given.get("datetime"), ZoneInfo(site.city.timezone))
    words = [tuple(part.casefold().split()) for part in given.get("q", "").split(",")]
    terms = shared_limits().questions.catalogue_terms
    if sum(map(len, words)) > terms:
        raise BadValue(f"`q`: expected at most {terms} words.", parameter="q")
    return Search(
        texts=tuple(filter(None, words)),
        ids=tuple(given["ids"].split(",")) if "ids" in given else None,
        box=_box(given["bbox"]) if "bbox" in given else None,
        since=since,
        until=until,
        nothing=_TYPE not in given.get("type", _TYPE).split(","),
        limit=page_rows(given.get("limit"), most, default),
        after=given.get("after", ""),
    )


def records_collection(site: Site) -> dict[str, Any]:
    """The catalogue as a collection of records."""
    address = f"{site.origin}{ROOT}/collections/{RECORDS}"
    return {
        "id": RECORDS,
        "title": f"{both_titles(site)}: 数据集目录 catalogue of datasets",
        "description": "Every dataset the caller may read about, one record each.",
        "itemType": "record",
        "type": "Catalog",
        "conformsTo": [_CLASS],
        "extent": {"spatial": {"bbox": [list(site.city.bbox)]}},
        "links": [
            link(address + site.query, "self", JSON),
            link(f"{address}/items{site.query}", "items", GEOJSON),
            link(f"{address}/queryables", f"{REL}/queryables", SCHEMA),
            link(f"{site.catalogue}.jsonld{site.query}", "alternate", "application/ld+json"),
        ],
    }


def queryables(origin: str) -> dict[str, Any]:
    """What `q` looks into and answers tell, as JSON Schema."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{origin}{ROOT}/collections/{RECORDS}/queryables",
        "type": "object",
        "title": "Records",
        "properties": {name: {"type": "string", "description": words} for name, words in _WORDS.items()},
    }


def record(entry: Entry) -> dict[str, Any]:
    """One dataset as a record."""
    facts, site, view = entry.view.facts, entry.site, entry.view
    address = f"{site.origin}{ROOT}/collections/{RECORDS}/items/{view.dataset}{site.query}"
    links = [
        link(address, "self", GEOJSON),
        link(f"{site.origin}{ROOT}/collections/{RECORDS}", "collection", JSON),
        link(entry.address, "describedby", JSON, both(facts.title)),
        *(link(entry.file_address(file), "enclosure", file.media_type, file.name) for file in entry.files),
    ]
    if view.readable:
        links.append(link(f"{site.origin}{ROOT}/collections/{view.dataset}/items{site.query}", "items", GEOJSON))
    return {
        "id": view.dataset,
        "type": "Feature",
        "conformsTo": [_CLASS],
        "geometry": {"type": "Polygon", "coordinates": [_corners(site.city.bbox)]},
        "time": None,
        "properties": {
            "type": _TYPE,
            "title": both(facts.title),
            "description": facts.description,
            "updated": entry.modified.isoformat(),
            "languages": [{"code": "zh"}, {"code": "en"}],
            "keywords": [word for word, _ in entry.keywords],
            "contacts": [{"organization": both(facts.publisher), "roles": ["publisher"]}],
            "formats": [{"name": file.format, "mediaType": file.media_type} for file in entry.files],
            "license": site.licence_address(facts.licence) or facts.licence,
            "variables": [_variable(column) for column in view.columns],
        },
        "links": links,
    }


def both_titles(site: Site) -> str:
    """The city's name in both languages."""
    return f"{site.city.title.zh} {site.city.title.en}"


def _texts(entry: Entry) -> list[str]:
    facts = entry.view.facts
    return [entry.view.dataset, both(facts.title), facts.description, both(facts.publisher)]


def _variable(column: Column) -> dict[str, str]:
    kind = "array" if column.kind.family is Family.NESTED else column.kind.name
    return {"name": column.name, "type": kind, "title": both(column.title)}


def _bounds(text: str | None, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
    """The moments from which and up to which a change is asked for; a day is up to where the next one begins."""
    if text is None:
        return None, None
    asked = span(text, zone)
    end = asked.end
    first = None if asked.begin is None else _start(asked.begin, zone)
    if end is None:
        return first, None
    return first, _start(end if isinstance(end, datetime) else day_after(end), zone)


def _start(moment: date | datetime, zone: ZoneInfo) -> datetime:
    return moment.replace(tzinfo=zone) if isinstance(moment, datetime) else datetime.combine(moment, time(), zone)


def _box(text: str) -> tuple[float, ...]:
    try:
        found = parse_numbers(flat_box(text), 4, "west,south,east,north in degrees")
        require_place(found[0], found[1])
        require_place(found[2], found[3])
    except ValueError as error:
        raise BadValue(f"`bbox`: {error}.", parameter="bbox") from error
    return found


def _meet(box: tuple[float, ...], other: tuple[float, ...]) -> bool:
    """Whether two boxes have a point in common; the first may lie across the date line."""
    west, south, east, north = box
    spans = [(west, east)] if west <= east else [(west, 180.0), (-180.0, east)]
    return south <= other[3] and other[1] <= north and any(w <= other[2] and other[0] <= e for w, e in spans)


def _corners(box: tuple[float, float, float, float]) -> list[tuple[float, float]]:
    west, south, east, north = box
    return [(west, south), (east, south), (east, north), (west, north), (west, south)]
