"""Names of dropped files: which table a file belongs to, its business date and its version."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

from catalog.contract.model import FeedContract, Table
from catalog.contract.options import FolderSource
from orchestration.landing.records import Version

Order = tuple[date, str, Version, str]


@dataclass(frozen=True)
class Offer:
    """A file name recognised as a delivery of a table; `business_date` is None when its date cannot be."""

    table: Table
    variant: int
    name: str
    business_date: date | None
    version: str

    @property
    def order(self) -> Order:
        """Landing order: by day, table, version (numbers by value), name."""
        return (self.business_date or date.max, self.table.name, _natural(self.version), self.name)


@dataclass(frozen=True)
class Matcher:
    """One table with its folder variants in contract order."""

    table: Table
    sources: tuple[tuple[int, FolderSource], ...]

    @cached_property
    def _patterns(self) -> list[tuple[int, FolderSource, re.Pattern[str]]]:
        return [(variant, source, re.compile(source.pattern)) for variant, source in self.sources]

    def offer(self, name: str) -> Offer | None:
        """What a relative path is to this table; None when no variant's pattern matches all of it."""
        for variant, source, pattern in self._patterns:
            if match := pattern.fullmatch(name):
                groups = match.groupdict()
                day = source.fixed_date or last_day(groups.get("date") or "")
                return Offer(self.table, variant, name, day, groups.get("version") or "")
        return None


def matchers(contract: FeedContract) -> list[Matcher]:
    """A matcher for every table that is delivered in files."""
    found = []
    for table in contract.tables:
        variants = enumerate(table.options.variants)
        sources = [(number, v.source) for number, v in variants if isinstance(v.source, FolderSource)]
        found.append(Matcher(table, tuple(sources)))
    return found


def version_of(contract: FeedContract, table: str, name: str) -> Version:
    """The version a delivered file's name tells, in a form that sorts (10 after 9); empty when it tells none."""
    of_table = (matcher for matcher in matchers(contract) if matcher.table.name == table)
    offers = (matcher.offer(name) for matcher in of_table)
    return next((_natural(offer.version) for offer in offers if offer is not None), ())


def last_day(text: str) -> date | None:
    """The last day of the period a name speaks of: yyyymmdd, yyyymm or yyyy, with or without separators.

    A delivery about a month or a year is complete, and so due, on its last day. None when there is no such day.
    """
    digits = re.sub(r"\D", "", text)
    try:
        if len(digits) == 8:
            return date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
        if len(digits) == 6:
            year, month = divmod(int(digits[:4]) * 12 + _month(digits[4:]), 12)
            return date(year, month + 1, 1) - timedelta(days=1)
        return date(int(digits), 12, 31) if len(digits) == 4 else None
    except ValueError:
        return None


def shown(name: str) -> str:
    """A file name as text: names that are not UTF-8 are read as GB18030, else their bytes are spelled out."""
    try:
        name.encode()
    except UnicodeEncodeError:
        raw = name.encode(errors="surrogateescape")
        try:
            return raw.decode("gb18030")
        except UnicodeDecodeError:
            return raw.decode(errors="backslashreplace")
    return name


def _month(text: str) -> int:
    month = int(text)
    if not 1 <= month <= 12:
        raise ValueError(text)
    return month


def _natural(text: str) -> Version:
    """A sort key in which 10 comes after 9."""
    return tuple((int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", text) if part)
