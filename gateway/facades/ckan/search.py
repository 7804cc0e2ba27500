"""Searching packages: the part of the Solr query language that portals' addresses are made of."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import translate
from typing import Any

from catalog.policy.load import shared_limits
from gateway.facades.ckan.packages import Named, groups_of, main, organisation_of, resources_of, tags_of
from gateway.facades.reading import LONGEST
from gateway.problems import BadValue
from gateway.standards.entry import Entry

FACETS = ("organization", "groups", "tags", "res_format", "license_id")
_SIGNS = re.compile(
    r"\s*(?:(?P<bracket>[()])|(?P<sign>[+-]?)(?:(?P<field>[A-Za-z_*][\w.]*):)?"
    r'(?:"(?P<quoted>[^"]*)"|\[(?P<range>[^\]]*)\]|(?P<word>[^\s()":\[\]{}]+)|(?=\()))'
)
_MODIFIED = "metadata_modified"
_ORDERS = ("score", "relevance", "id", "name", "title", "title_string", _MODIFIED)

Test = Callable[["Found"], bool]


@dataclass(frozen=True)
class Found:
    """A package as it is searched: the values of its fields, and when it changed."""

    entry: Entry
    fields: dict[str, list[Named]]

    @classmethod
    def of(cls, entry: Entry) -> Found:
        """The searchable fields of a dataset."""
        facts, site = entry.view.facts, entry.site
        licence = site.licence(facts.licence)
        formats = dict.fromkeys(part["format"] for part in resources_of(entry))
        texts = (facts.title.zh, facts.title.en)
        return cls(
            entry,
            {
                "id": _plain(entry.view.dataset),
                "name": _plain(entry.view.dataset),
                "title": _plain(*texts),
                "notes": _plain(facts.description, facts.grain),
                "organization": [organisation_of(entry)],
                "owner_org": [organisation_of(entry)],
                "author": _plain(main(site, facts.publisher)),
                "groups": groups_of(entry),
                "tags": tags_of(entry),
                "res_format": _plain(*formats),
                "license_id": _plain(licence.spdx if licence else facts.licence),
                "type": _plain("dataset"),
                "dataset_type": _plain("dataset"),
                "state": _plain("active"),
            },
        )

    def says(self, field: str | None, holds: Callable[[str], bool]) -> bool:
        """Whether a text of a field is as `holds` has it; without field whether a text of any is that tells of it."""
        fields = [name for name in self.fields if name not in _ALWAYS] if field in (None, "text") else [field or ""]
        named = (name for found in fields for name in self.fields.get(found, ()))
        return any(holds(text.casefold()) for name in named for text in {name.name, name.title})


_ALWAYS = ("type", "dataset_type", "state")  # of which every dataset says the same
_WHOLE = ("id", "name", "organization", "owner_org", "groups", "tags", "res_format", "license_id", *_ALWAYS)


def _plain(*texts: str) -> list[Named]:
    return [Named(text, text) for text in texts if text]


def parse(text: str | None, parameter: str) -> Test:
    """The test that a query says: words and `field:value`, joined by AND, OR, NOT, signs and brackets."""
    if text is None or text.strip() in ("", "*:*", "*"):
        return lambda _: True
    reader = _Reader(text, parameter)
    test = reader.either()
    if reader.rest:
        raise reader.unread()
    return test


class _Reader:
    """Reads a query from left to right; words that only stand beside each other must all be found."""

    def __init__(self, text: str, parameter: str) -> None:
        self._parameter, self._most = parameter, shared_limits().questions.catalogue_terms
        self.rest: list[re.Match[str]] = []
        place, length = 0, len(text.rstrip())
        while place < length:  # sign by sign from the left: to look for signs anywhere takes the square of the time
            found = _SIGNS.match(text, place)
            if found is None or len(self.rest) == self._most or length > LONGEST:
                raise self.unread()
            self.rest.append(found)
            place = found.end()

    def unread(self) -> BadValue:
        """The refusal of a query that is not understood."""
        detail = (
            f"expected at most {self._most} words or `field:value`, joined by AND, OR and NOT, in brackets where"
            f" needed, or {_MODIFIED}:[… TO …]; fields are {', '.join(_FIELDS)}"
        )
        return BadValue(f"`{self._parameter}`: {detail}.", parameter=self._parameter)

    def either(self, field: str | None = None) -> Test:
        """Parts of which one must hold."""
        tests = [self._every(field)]
        while self._word("OR", "||"):
            tests.append(self._every(field))
        return tests[0] if len(tests) == 1 else lambda found: any(test(found) for test in tests)

    def _every(self, field: str | None) -> Test:
        tests = [self._one(field)]
        while self.rest and self.rest[0]["bracket"] != ")" and self.rest[0]["word"] not in ("OR", "||"):
            self._word("AND", "&&")
            tests.append(self._one(field))
        return lambda found: all(test(found) for test in tests)

    def _one(self, field: str | None) -> Test:
        if self._word("NOT", "!"):
            inner = self._one(field)
            return lambda found: not inner(found)
        if not self.rest:
            raise self.unread()
        sign = self.rest.pop(0)
        if sign["bracket"] == "(":
            return self._closed(field)
        if sign["bracket"] == ")":
            raise self.unread()
        test = self._meant(sign, sign["field"] or field)
        return (lambda found: not test(found)) if sign["sign"] == "-" else test

    def _meant(self, sign: re.Match[str], field: str | None) -> Test:
        """The test of a field, or of any, that a word, a range or words in brackets are."""
        value = sign["quoted"] if sign["quoted"] is not None else sign["word"]
        if field == "*" and value == "*":
            return lambda _: True
        if sign["range"] is not None and field == _MODIFIED:
            return self._between(sign["range"])
        if (field is not None and field not in _FIELDS) or sign["range"] is not None:
            raise self.unread()
        if value is not None:
            return _says(field, value)
        if not self.rest or self.rest.pop(0)["bracket"] != "(":
            raise self.unread()
        return self._closed(field)

    def _between(self, text: str) -> Test:
        """Changed from one moment to another; `*` is before or behind all. Without an offset they are in UTC."""
        begin, _, end = text.partition(" TO ")
        try:
            low, high = (None if part.strip() == "*" else _moment(part.strip()) for part in (begin, end))
        except ValueError:
            raise self.unread() from None
        return lambda found: (
            (low is None or found.entry.modified >= low) and (high is None or found.entry.modified <= high)
        )

    def _closed(self, field: str | None) -> Test:
        test = self.either(field)
        if not self.rest or self.rest.pop(0)["bracket"] != ")":
            raise self.unread()
        return test

    def _word(self, *words: str) -> bool:
        if self.rest and self.rest[0]["word"] in words and not self.rest[0]["sign"] and not self.rest[0]["field"]:
            self.rest.pop(0)
            return True
        return False


_FIELDS = ("id", "name", "title", "notes", "organization", "owner_org", "author", "groups", "tags", "res_format",
           "license_id", "type", "dataset_type", "state", "text")  # fmt: skip


def _moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _says(field: str | None, value: str) -> Test:
    """A field is a value, or where it is a text holds it; `*` and `?` in it stand for anything and for one sign."""
    folded = value.casefold()
    if "*" in folded or "?" in folded:
        alike = re.compile(translate(folded.replace("[", "[[]")))
        return lambda found: found.says(field, lambda text: alike.match(text) is not None)
    if field in _WHOLE:
        return lambda found: found.says(field, lambda text: text == folded)
    return lambda found: found.says(field, lambda text: folded in text)


def ordered(found: Sequence[Found], sort: str | None) -> list[Found]:
    """Packages in the order asked for, and by name where that does not tell."""
    result = sorted(found, key=lambda one: one.entry.view.dataset)
    for part in reversed((sort or "score desc").split(",")):
        name, _, direction = part.strip().partition(" ")
        if name not in _ORDERS or direction.strip().lower() not in ("", "asc", "desc"):
            raise BadValue(f"`sort`: expected {', '.join(_ORDERS)} with asc or desc.", parameter="sort")
        if name not in ("score", "relevance"):
            result.sort(key=_by(name), reverse=direction.strip().lower() == "desc")
    return result


def _by(name: str) -> Callable[[Found], Any]:
    if name == _MODIFIED:
        return lambda one: one.entry.modified
    field = "title" if name == "title_string" else name
    return lambda one: [name.title for name in one.fields[field]]


def facets(found: Sequence[Found], names: Sequence[str], most: int, least: int) -> dict[str, Any]:
    """How many packages have each value, the most frequent first: the members `facets` and `search_facets`."""
    for name in names:
        if name not in FACETS:
            raise BadValue(f"`facet.field`: expected some of {', '.join(FACETS)}.", parameter="facet.field")
    told: dict[str, list[dict[str, Any]]] = {}
    for name in names:
        titles = {value.name: value.title for one in found for value in one.fields[name]}
        counts = Counter(value.name for one in found for value in one.fields[name])
        frequent = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        items = [{"name": v, "display_name": titles[v], "count": n} for v, n in frequent if n >= least]
        told[name] = items[:most] if most >= 0 else items
    return {
        "facets": {name: {item["name"]: item["count"] for item in items} for name, items in told.items()},
        "search_facets": {name: {"title": name, "items": items} for name, items in told.items()},
    }
