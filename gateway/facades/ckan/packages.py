"""Datasets as CKAN's packages, with their resources, organisations, groups and tags."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from gateway.standards.entry import Entry, Site
from gateway.view.view import Distribution, Text

ROWS = "rows"
DUMP = "/datastore/dump/"
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:civiclake:ckan-resource")


@dataclass(frozen=True)
class Named:
    """An organisation, a group or a tag: its name, which is its id as well, and its title."""

    name: str
    title: str


def resource_id(dataset: str, part: str) -> str:
    """The id of a part of a dataset, the same in every release: of its rows, or of a file."""
    return str(uuid.uuid5(_NAMESPACE, f"{dataset}/{part}"))


def main(site: Site, text: Text) -> str:
    """A text in the language of the city's country."""
    country = site.words.countries.get(site.city.country)
    return text.zh if country is None or country.language == "zh" else text.en


def organisation_of(entry: Entry) -> Named:
    """Who publishes a dataset."""
    facts = entry.view.facts
    name = facts.owner or f"publisher-{hashlib.sha256(facts.publisher.zh.encode()).hexdigest()[:8]}"
    return Named(name, main(entry.site, facts.publisher))


def groups_of(entry: Entry) -> list[Named]:
    """The themes of a dataset."""
    words = entry.site.words.themes
    named = {theme: words.get(theme) for theme in entry.view.facts.themes}
    return [
        Named(theme, main(entry.site, Text(zh=known.title.zh, en=known.title.en)) if known else theme)
        for theme, known in named.items()
    ]


def tags_of(entry: Entry) -> list[Named]:
    """The keywords of a dataset."""
    return [Named(word, word) for word in dict.fromkeys(word for word, _ in entry.keywords)]


def package(entry: Entry) -> dict[str, Any]:
    """A dataset in full."""
    facts, site, view = entry.view.facts, entry.site, entry.view
    licence, resources, tags = site.licence(facts.licence), resources_of(entry), tags_of(entry)
    organisation = organisation_document(organisation_of(entry))
    return {
        "id": view.dataset,
        "name": view.dataset,
        "title": main(site, facts.title),
        "title_translated": {"zh": facts.title.zh, "en": facts.title.en},
        "notes": facts.description,
        "url": entry.address,
        "type": "dataset",
        "state": "active",
        "private": False,
        "isopen": facts.opening == "unconditional",
        "license_id": licence.spdx if licence else facts.licence,
        "license_title": main(site, Text(zh=licence.title.zh, en=licence.title.en)) if licence else facts.licence,
        "license_url": site.licence_address(facts.licence),
        "author": organisation["title"],
        "maintainer": organisation["title"],
        "version": str(site.number),
        "metadata_modified": _moment(entry),
        "organization": organisation,
        "owner_org": organisation["id"],
        "groups": [group_document(group) for group in groups_of(entry)],
        "num_tags": len(tags),
        "tags": [tag_document(tag) for tag in tags],
        "num_resources": len(resources),
        "resources": resources,
        "extras": [{"key": key, "value": value} for key, value in _extras(entry) if value],
        "relationships_as_object": [],
        "relationships_as_subject": [],
    }


def resources_of(entry: Entry) -> list[dict[str, Any]]:
    """The rows as they are asked for, where the caller may read some, and the files."""
    view, modified = entry.view, _moment(entry)
    found: list[dict[str, Any]] = []
    if view.readable:
        found.append(_resource(entry, ROWS, "csv", f"{entry.site.origin}{DUMP}{resource_id(view.dataset, ROWS)}"))
    for file in entry.files:
        found.append(_resource(entry, file.name, file.format, entry.file_address(file), file))
    return [part | {"position": place, "last_modified": modified} for place, part in enumerate(found)]


def datastore_dataset(datasets: Iterable[str], resource: str) -> str | None:
    """The dataset whose rows an id names; the id of the dataset does as well, as an alias does in CKAN."""
    return next((dataset for dataset in datasets if resource in (dataset, resource_id(dataset, ROWS))), None)


def _resource(entry: Entry, part: str, form: str, address: str, file: Distribution | None = None) -> dict[str, Any]:
    known = entry.site.words.formats.get(form)
    title = main(entry.site, entry.view.facts.title)
    return {
        "id": resource_id(entry.view.dataset, part),
        "package_id": entry.view.dataset,
        "name": file.name if file else title,
        "description": entry.view.facts.grain,
        "format": form.upper(),
        "mimetype": known.media_type if known else None,
        "url": address,
        "url_type": "upload" if file else "datastore",
        "size": file.bytes if file else None,
        "hash": f"sha256:{file.sha256}" if file else "",
        "state": "active",
        "datastore_active": file is None,
    }


def _extras(entry: Entry) -> list[tuple[str, str | None]]:
    facts = entry.view.facts
    return [
        ("grain", facts.grain),
        ("update_frequency", facts.frequency),
        ("release", str(entry.site.number)),
        ("resource_code", facts.resource_code),
        ("row_count", str(facts.row_count) if facts.row_count is not None else None),
    ]


def organisation_document(found: Named) -> dict[str, Any]:
    """A publisher in short."""
    return _named(found) | {"type": "organization", "is_organization": True, "image_url": ""}


def group_document(found: Named) -> dict[str, Any]:
    """A theme in short."""
    return _named(found) | {"type": "group", "is_organization": False, "image_display_url": ""}


def tag_document(found: Named) -> dict[str, Any]:
    """A keyword."""
    return {"id": found.name, "name": found.name, "display_name": found.title, "state": "active", "vocabulary_id": None}


def _named(found: Named) -> dict[str, Any]:
    return {
        "id": found.name,
        "name": found.name,
        "title": found.title,
        "display_name": found.title,
        "description": "",
        "state": "active",
    }


def _moment(entry: Entry) -> str:
    """When it changed, in UTC and without an offset, as CKAN writes moments."""
    return entry.modified.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
