"""What the pages for people share: templates, a licence, files and sizes as they are read."""

from __future__ import annotations

import re
from datetime import datetime
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from zoneinfo import ZoneInfo

from gateway.answers.json_rows import dumps
from gateway.doors.native.describe import file_link
from gateway.release.opened import OpenRelease
from gateway.view.view import Distribution, View

HTML = "text/html"
SAFE = "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
"""The content security policy of a page: it has no script, and nothing is loaded into it."""
_WEB_ADDRESS = re.compile(r"https?://(?P<rest>[^\s<>\"']+?)/?")
_CREATIVE_COMMONS = re.compile(r"creativecommons\.org/licenses/(?P<kind>[a-z-]+)/(?P<version>[\d.]+)")
_UNITS = ("B", "KB", "MB", "GB", "TB")


def filled(name: str, **values: object) -> str:
    """A template of this folder with its places filled; the values are markup already."""
    return _template(name).substitute(values)


def style() -> str:
    """The style sheet of all pages."""
    return _read("style.css")


def embedded(described: dict[str, Any]) -> str:
    """What is told to search engines, as it may stand in a page."""
    return dumps(described).decode().replace("<", "\\u003c")


def published_at(release: OpenRelease) -> str:
    """When a release was published, on the city's clocks; a moment without a zone is on them already."""
    moment: datetime = release.manifest.published_at
    if moment.tzinfo is not None:
        moment = moment.astimezone(ZoneInfo(release.catalog.city.timezone))
    return moment.strftime("%Y-%m-%d %H:%M")


def licence_link(licence: str) -> str:
    """A licence given by its address becomes a link with a short name, any other is written as it is."""
    address = _WEB_ADDRESS.fullmatch(licence)
    if address is None:
        return escape(licence)
    known = _CREATIVE_COMMONS.fullmatch(address["rest"])
    name = f"CC {known['kind'].upper()} {known['version']}" if known else address["rest"]
    return f'<a href="{escape(licence)}">{escape(name)}</a>'


def files_of(view: View) -> str:
    """Links to the files of a dataset that can be sent."""
    return "\n".join(_file(view, file) for file in view.distributions if file.sha256)


def _file(view: View, file: Distribution) -> str:
    label = f"{escape(file.format.upper())} <small>{_size(file.bytes)}</small>"
    return f'<a href="{escape(file_link(view, file))}">{label}</a>'


def _size(count: float) -> str:
    for unit in _UNITS[:-1]:
        if count < 1000:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} {_UNITS[-1]}"


@cache
def _template(name: str) -> Template:
    return Template(_read(name))


@cache
def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")
