"""What every server is asked, in no server's words, and the rows an answer holds in one form."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from benchmarks.peers.tickets import COLUMNS, DISTRICTS, moment, number, poles

PAGE = 100
Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Row:
    """One ticket by its number."""

    ticket: str


@dataclass(frozen=True)
class Page:
    """The hundred newest tickets of a district that had come in by a moment, ordered by time, then number."""

    district: str
    until: datetime


@dataclass(frozen=True)
class Groups:
    """How many tickets there are by district and status, of those that came in since a moment."""

    since: datetime


@dataclass(frozen=True)
class Search:
    """The tickets whose text holds a word, by number, at most a hundred."""

    word: str


@dataclass(frozen=True)
class Slice:
    """Every ticket of a district as CSV, in any order."""

    district: str


@dataclass(frozen=True)
class Whole:
    """Every ticket, in a format."""

    format: Literal["csv", "parquet"]


Question = Row | Page | Groups | Search | Slice | Whole
COLUMNS_OF: dict[type[Question], tuple[str, ...]] = {
    Row: tuple(COLUMNS),
    Page: tuple(COLUMNS),
    Search: tuple(COLUMNS),
    Groups: ("district", "status", "count"),
    Slice: tuple(COLUMNS),
}


@dataclass(frozen=True)
class Call:
    """A question in the words of one server; with a body it is a POST."""

    path: str
    body: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def method(self) -> str:
        """The HTTP method."""
        return "GET" if self.body is None else "POST"


def draw(kind: type[Question], rows: int, chance: random.Random) -> Question:
    """A question of a kind over a dataset of so many rows, hardly ever the same twice."""
    if kind is Row:
        return Row(number(chance.randrange(rows)))
    if kind is Page:
        return Page(_district(chance), moment(rows, chance.uniform(0.1, 1)))
    if kind is Groups:
        return Groups(moment(rows, chance.uniform(0, 0.02)))
    if kind is Search:
        return Search(f"灯杆{chance.randrange(poles(rows)):06d}号")
    return Slice(_district(chance))


def normal(kind: type[Question], records: list[dict[str, Any]]) -> Rows:
    """Records as rows of plain values in one order of columns; groups, whose order is free, sorted.

    A server may leave out what is missing."""
    names = COLUMNS_OF[kind]
    rows = [tuple(_value(record.get(name)) for name in names) for record in records]
    return sorted(rows) if kind in (Groups, Slice) else rows


def read_csv(body: bytes) -> list[dict[str, Any]]:
    """The records of a CSV answer; what is empty is missing."""
    text = io.StringIO(body.decode("utf-8-sig"), newline="")
    return [{name: value or None for name, value in record.items()} for record in csv.DictReader(text)]


def _value(value: Any) -> Any:
    """Numbers as they are, times as the first 19 signs of ISO 8601, all else as text."""
    if value is None or isinstance(value, (int, float)):
        return "" if value is None else float(value)
    text = str(value)
    if len(text) >= 19 and text[4:5] == "-" and text[10] in "T ":
        return text[:10] + "T" + text[11:19]
    try:
        return float(text)
    except ValueError:
        return text


def _district(chance: random.Random) -> str:
    return f"区{chance.randrange(DISTRICTS):02d}"
