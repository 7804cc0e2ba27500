"""Spans and parts of times: `date_trunc_ym` and its like, and `date_extract_m` and its like, as columns of answers."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from gateway.answers.fields import Field
from gateway.query.buckets import BUCKETS, Bucket
from gateway.view.types import Family, ValueType

SPANS = {"date_trunc_y": "year", "date_trunc_ym": "month", "date_trunc_ymd": "day"}
"""Functions that give the beginning of a span, and our buckets."""
YEAR = "date_extract_y"
"""The part of a time that conditions and groups may be about, too: years are spans."""
PARTS = {
    YEAR: "year", "date_extract_m": "month", "date_extract_d": "day", "date_extract_hh": "hour",
    "date_extract_mm": "minute", "date_extract_ss": "second", "date_extract_dow": "dayofweek",
    "date_extract_woy": "week",
}  # fmt: skip
"""Functions that give a part of a time as a number, and what the engine calls the part; weeks begin on Sunday (0)."""
TIMES = (Family.DATE, Family.TIMESTAMP)


def bucket_of(word: str) -> Bucket | None:
    """By which spans a function groups; None where it does not."""
    name = "year" if word == YEAR else SPANS.get(word)
    return None if name is None else BUCKETS[name]


@dataclass(frozen=True)
class Timed:
    """A function of a time as a column of an answer."""

    name: str
    time: Field
    word: str

    @property
    def kind(self) -> ValueType:
        """The type of its values."""
        return ValueType(Family.INTEGER) if self.word in PARTS else BUCKETS[SPANS[self.word]].kind

    @property
    def ref(self) -> exp.Expr:
        """Its value in the statement."""
        if self.word in SPANS:
            return BUCKETS[SPANS[self.word]].build(self.time.ref)
        part = exp.Literal.string(PARTS[self.word])
        return exp.Anonymous(this="date_part", expressions=[part, self.time.ref])
