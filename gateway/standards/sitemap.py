"""What crawlers are told: which addresses there are, and which are not for them."""

from __future__ import annotations

from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, tostring

from gateway.standards.entry import Entry, Site

_NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
_NOT_FOR_CRAWLERS = (
    "/login",
    "/logout",
    "/oauth/",
    "/v1/admin/",
    "/v1/datasets/*/rows",
    "/v1/datasets/*/files/",
    "/datasets/*?",
)


def sitemap(site: Site, entries: Sequence[Entry]) -> bytes:
    """The page for people, the catalogue, and each dataset, with the days they last changed."""
    root = Element("urlset", xmlns=_NAMESPACE)
    newest = max((entry.modified for entry in entries), default=site.published)
    for address in (f"{site.origin}/", site.catalogue):
        _url(root, address, newest.isoformat())
    for entry in entries:
        for place in (entry.page, entry.latest, f"{entry.latest}/schema-org.jsonld"):
            _url(root, place, entry.modified.isoformat())
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def robots(origin: str) -> bytes:
    """The rules for crawlers: descriptions are theirs, rows and files are fetched by who wants them."""
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _NOT_FOR_CRAWLERS), f"Sitemap: {origin}/sitemap.xml"]
    return ("\n".join(lines) + "\n").encode()


def _url(root: Element, address: str, changed: str) -> None:
    url = SubElement(root, "url")
    SubElement(url, "loc").text = address
    SubElement(url, "lastmod").text = changed
