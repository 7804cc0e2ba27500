"""Searching the catalogue as Socrata's discovery API does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from catalog.policy.load import shared_limits
from gateway.facades.soda.ids import four_by_four
from gateway.facades.soda.views import catalogue_entry
from gateway.problems import BadValue, UnknownParameter
from gateway.standards.entry import Entry

# What is true of every dataset here: another value asked for finds none.
_ALWAYS = {
    "visibility": "open", "public": "true", "published": "true", "approval_status": "approved", "derived": "false",
    "explicitly_hidden": "false", "provenance": "official",
}  # fmt: skip
_NOBODY = ("shared_to", "for_user", "derived_from", "parent_ids")
_LISTS = ("ids", "domains", "categories", "tags", "only", "column_names", "names")
_UNUSED = ("search_context", "min_should_match", "offset", "limit", "order", "boostDomains")
_ONLY = ("dataset", "datasets", "api")
_ORDERS = ("name", "dataset_id", "updatedAt", "relevance", "createdAt", "page_views_total")


def found(entries: Sequence[Entry], given: Mapping[str, Sequence[str]], domains: Sequence[str]) -> list[Entry]:
    """The datasets that meet all conditions, in order. `domains` are the names that this server goes by."""
    known = (*_ALWAYS, *_NOBODY, *_LISTS, *_UNUSED, "q", "attribution", "license")
    for name in given:
        if name not in known:
            raise UnknownParameter(f"There is no parameter `{name[:80]}` here.", parameter=name[:80])
    if any(name in given for name in _NOBODY) or any(given.get(n, [v])[-1].lower() != v for n, v in _ALWAYS.items()):
        return []
    if not _any(given, "domains", domains) or not _any(given, "only", _ONLY):
        return []
    words, most = " ".join(given.get("q", ())).casefold().split(), shared_limits().questions.catalogue_terms
    if len(words) > most:
        raise BadValue(f"`q`: expected at most {most} words.", parameter="q")
    listed = [entry for entry in entries if _meets(entry, words, given)]
    return _ordered(listed, given.get("order", ["relevance"])[-1])


def _any(given: Mapping[str, Sequence[str]], name: str, values: Sequence[str]) -> bool:
    """Whether one of the values was asked for, or nothing of the kind."""
    asked = {part.strip().lower() for text in given.get(name, ()) for part in text.split(",")}
    return not asked or bool(asked & {value.lower() for value in values})


def _meets(entry: Entry, words: Sequence[str], given: Mapping[str, Sequence[str]]) -> bool:
    told = catalogue_entry(entry, "")
    resource, classified = told["resource"], told["classification"]
    texts = [resource["name"], resource["description"], entry.view.dataset, *classified["tags"]]
    everything = " ".join(map(str, texts)).casefold()
    return (
        all(word in everything for word in words)
        and _any(given, "ids", (resource["id"], entry.view.dataset))
        and _any(given, "names", (resource["name"],))
        and _any(given, "categories", classified["categories"])
        and _any(given, "tags", classified["tags"])
        and _any(given, "attribution", (resource["attribution"],))
        and _any(given, "license", (told["metadata"]["license"],))
        and all(_any({"n": [name]}, "n", resource["columns_field_name"]) for name in given.get("column_names", ()))
    )


def _ordered(entries: list[Entry], text: str) -> list[Entry]:
    name, _, direction = text.strip().partition(" ")
    if name not in _ORDERS or direction.strip().upper() not in ("", "ASC", "DESC"):
        raise BadValue(f"`order`: expected one of {', '.join(_ORDERS)}, with ASC or DESC.", parameter="order")
    result = sorted(entries, key=lambda entry: entry.view.dataset)
    keys: dict[str, Any] = {
        "name": lambda entry: catalogue_entry(entry, "")["resource"]["name"],
        "updatedAt": lambda entry: entry.modified,
        "dataset_id": lambda entry: four_by_four(entry.view.dataset),
    }
    if name in keys:
        result.sort(key=keys[name], reverse=direction.strip().upper() == "DESC")
    return result
