"""Time buckets: each is one object that gives its SQL, the types it takes, its values' type and its sentence."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from gateway.view.types import Family, ValueType

_TIMES = frozenset({Family.DATE, Family.TIMESTAMP})


@dataclass(frozen=True)
class Bucket:
    """One way to lay times into spans, written `column__name`. A span is told by the moment it begins with."""

    name: str
    families: frozenset[Family]
    kind: ValueType
    sentence: str

    def fits(self, kind: ValueType) -> bool:
        """Whether the bucket takes columns of this type."""
        return kind.family in self.families

    def build(self, column: exp.Expr) -> exp.Expr:
        """SQL of the moment the span of a value begins with; nothing for a missing value."""
        begin = exp.Anonymous(this="date_trunc", expressions=[exp.Literal.string(self.name), column])
        return exp.cast(begin, "DATE" if self.kind.family is Family.DATE else "TIMESTAMP", dialect="duckdb")


_DAY = ValueType(Family.DATE)
BUCKETS: dict[str, Bucket] = {
    bucket.name: bucket
    for bucket in (
        Bucket("year", _TIMES, _DAY, "The year, as its first day."),
        Bucket("quarter", _TIMES, _DAY, "The quarter of the year, as its first day."),
        Bucket("month", _TIMES, _DAY, "The month, as its first day."),
        Bucket("week", _TIMES, _DAY, "The week (ISO 8601), as its Monday."),
        Bucket("day", _TIMES, _DAY, "The day."),
        Bucket("hour", frozenset({Family.TIMESTAMP}), ValueType(Family.TIMESTAMP), "The hour, as its beginning."),
    )
}


def buckets_of(kind: ValueType) -> tuple[Bucket, ...]:
    """The buckets that take columns of a type, from the widest to the narrowest."""
    return tuple(bucket for bucket in BUCKETS.values() if bucket.fits(kind))
