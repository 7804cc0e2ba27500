"""Reads the words that catalogue standards have for what our catalog says."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Literal

from catalog.contract.options import Extent, Strict, Title
from catalog.validate import validate
from catalog.yamlfile import read_yaml

STANDARDS_FILE = Path(__file__).with_name("standards.yml")


class Concept(Strict):
    """One value of a European authority table: its code there and what it is called."""

    code: str
    title: Title


class Frequency(Concept):
    """How often something is renewed; `period` is an ISO 8601 duration, None where there is no fixed one."""

    period: str | None = None


class FileFormat(Concept):
    """A file format; `media_type` is registered with IANA."""

    media_type: str


class Country(Concept):
    """A country; `language` is the one its data is mostly in."""

    language: str


class Licence(Concept):
    """A licence and its SPDX name."""

    spdx: str


class Dimension(Strict):
    """A dimension of quality and the nearest one of W3C's list."""

    title: Title
    like: str


class Standards(Strict):
    """`standards.yml`: every table by the value that stands in the catalog."""

    version: str
    languages: dict[str, Concept]
    countries: dict[str, Country]
    frequencies: dict[str, Frequency]
    themes: dict[str, Concept]
    access_rights: dict[Extent, Concept]
    formats: dict[str, FileFormat]
    licences: dict[str, Licence]
    sharing: dict[Extent, Title]
    opening: dict[Extent, Title]
    resource_classes: dict[str, Title]
    ways: dict[Literal["interface", "file"], Title]
    condition: Title
    dimensions: dict[str, Dimension]


@cache
def load_standards() -> Standards:
    """The tables, read once. CatalogError when the file is not as it must be."""
    return validate(Standards, read_yaml(STANDARDS_FILE))
