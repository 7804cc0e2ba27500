"""Events as an Atom feed (RFC 4287): entries that keep their ids, each with the event itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from catalog.contract.options import Title
from gateway.answers.json_rows import dumps
from gateway.notices.tell import instant
from gateway.release.opened import OpenRelease

MEDIA_TYPE = "application/atom+xml; charset=utf-8"
_NAMESPACE = "http://www.w3.org/2005/Atom"
_SENTENCES = {
    "release.published": Title(zh="已发布", en="published"),
    "schema.changed": Title(zh="数据项有变化", en="columns changed"),
    "contract.breached": Title(zh="数据合同未满足，更新暂缓", en="contract breached, new data held back"),
    "withdrawal": Title(zh="有记录撤下", en="rows withdrawn"),
}
_GONE = Title(zh="已不再提供", en="no longer served")
register_namespace("", _NAMESPACE)


def feed(release: OpenRelease, documents: Sequence[dict[str, Any]], address: str, origin: str | None) -> bytes:
    """The feed of CloudEvents, the newest first; `address` is its path, `origin` our public address if we have one."""
    city = release.catalog.city
    root = Element(_name("feed"))
    _text(root, "id", f"{origin}{address}" if origin else f"urn:civiclake:{city.id}:{address}")
    _text(root, "title", f"{city.title.zh} {city.title.en}")
    published = instant(release.manifest.published_at)
    _text(root, "updated", documents[0]["time"] if documents else published)
    author = SubElement(root, _name("author"))
    _text(author, "name", f"{city.publisher.zh} {city.publisher.en}")
    SubElement(root, _name("link"), rel="self", href=f"{origin or ''}{address}")
    for document in documents:
        _entry(root, document)
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written


def _entry(root: Element, document: dict[str, Any]) -> None:
    entry = SubElement(root, _name("entry"))
    _text(entry, "id", f"urn:civiclake:event:{document['id']}")
    sentence = _GONE if document["data"].get("gone") else _SENTENCES[document["type"]]
    _text(entry, "title", f"{document['subject']}: {sentence.zh} {sentence.en}")
    _text(entry, "updated", document["time"])
    SubElement(entry, _name("category"), term=document["type"])
    SubElement(entry, _name("category"), term=document["subject"], scheme="dataset")
    if "href" in document["data"]:
        SubElement(entry, _name("link"), rel="alternate", href=document["data"]["href"])
    content = SubElement(entry, _name("content"), type="text/plain")
    content.text = dumps(document).decode()


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, _name(name)).text = text


def _name(name: str) -> str:
    return f"{{{_NAMESPACE}}}{name}"
