"""A dataset as a caller sees it, with what documents about it need besides: addresses, release, times."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from catalog.compiled import CityInfo
from catalog.standards import FileFormat, Frequency, Licence, Standards, load_standards
from gateway.view.view import Column, Distribution, View

_WEB_ADDRESS = re.compile(r"https?://[^\s<>\"{}|\\^`]+")


@dataclass(frozen=True)
class Site:
    """What all documents of one answer share: the city, the release, and the address we are reached under.

    `origin` is such as `https://data.example.org`, without a path. `pinned` tells that this release was asked for by
    its number: then all addresses name it.
    """

    city: CityInfo
    number: int
    published: datetime
    origin: str
    pinned: bool = False

    @property
    def words(self) -> Standards:
        """What the standards call things."""
        return load_standards()

    @property
    def query(self) -> str:
        """What addresses end in, so that they lead to the same release."""
        return f"?release={self.number}" if self.pinned else ""

    @property
    def catalogue(self) -> str:
        """Address of the catalogue."""
        return f"{self.origin}/v1/catalog"

    def licence(self, text: str) -> Licence | None:
        """The known licence that a catalog names by its address or its SPDX name."""
        for address, licence in self.words.licences.items():
            if text in {address, address.rstrip("/"), licence.spdx}:
                return licence
        return None

    def licence_address(self, text: str) -> str | None:
        """Web address of a licence, None for terms that have none."""
        for address, licence in self.words.licences.items():
            if text == licence.spdx:
                return address
        return text if _WEB_ADDRESS.fullmatch(text) else None


@dataclass(frozen=True)
class Entry:
    """One dataset. `modified` is when what the caller sees of it last changed, as far as that can be told.

    `withdrawn_on` is the city's last day on which one of its rows was withdrawn, where that is told. `previous` is the
    release before in which it can be read, None where there is none.
    """

    site: Site
    view: View
    modified: datetime
    withdrawn_on: date | None = None
    previous: int | None = None

    def changed_since(self, moment: datetime) -> bool:
        """Whether it has changed at that moment or later; of a withdrawal only the day is known."""
        if self.modified >= moment:
            return True
        day = moment.astimezone(ZoneInfo(self.site.city.timezone)).date()
        return self.withdrawn_on is not None and self.withdrawn_on >= day

    @property
    def latest(self) -> str:
        """Address of the dataset, whatever the release."""
        return f"{self.site.origin}/v1/datasets/{self.view.dataset}"

    @property
    def address(self) -> str:
        """Address of the dataset, which is its name as well; that of one release of it if that was asked for."""
        return self.latest + self.site.query

    @property
    def page(self) -> str:
        """Address of the dataset's page for people."""
        return f"{self.site.origin}/datasets/{self.view.dataset}"

    def release_address(self, number: int) -> str:
        """Address of the dataset in a release."""
        return f"{self.latest}?release={number}"

    def rows_address(self, suffix: str = "") -> str:
        """Address of its rows, in the format of a suffix such as `.csv`."""
        return f"{self.latest}/rows{suffix}{self.site.query}"

    @property
    def files(self) -> list[Distribution]:
        """The files that can be sent."""
        return [file for file in self.view.distributions if file.sha256]

    def file_address(self, file: Distribution) -> str:
        """Address of one of its files."""
        return f"{self.latest}/files/{file.name}{self.site.query}"

    def columns_of(self, file: Distribution) -> list[Column]:
        """The columns of one of its files, in the order they stand there."""
        return [column for name in file.columns if (column := self.view.column(name)) is not None]

    @property
    def frequency(self) -> Frequency | None:
        """How often it is renewed, where there is a word for it."""
        return self.site.words.frequencies.get(self.view.facts.frequency)

    @property
    def keywords(self) -> list[tuple[str, str]]:
        """Its themes as (word, language); one that the standards do not list stands as it is, in no language."""
        found: list[tuple[str, str]] = []
        for theme in self.view.facts.themes:
            known = self.site.words.themes.get(theme)
            found += [(known.title.zh, "zh"), (known.title.en, "en")] if known else [(theme, "")]
        return found

    def format_of(self, file: Distribution) -> FileFormat | None:
        """What the standards call the format of a file."""
        return self.site.words.formats.get(file.format)
