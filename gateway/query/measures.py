"""The measures of a group: each is one object that gives its SQL, the types it takes, its own type, its sentence."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sqlglot import exp

from gateway.view.types import Family, ValueType

_DIGITS = 38
_NUMBERS = frozenset({Family.INTEGER, Family.DECIMAL, Family.FLOAT})
_COMPARABLE = frozenset(Family) - {Family.NESTED}
_ORDERED = _COMPARABLE - {Family.BOOLEAN}
_COUNT, _FLOAT = ValueType(Family.INTEGER), ValueType(Family.FLOAT)


@dataclass(frozen=True)
class Measure:
    """One measure of a column, written `column__name`. `count` alone counts rows.

    `telling` are measures whose value is that of a single row, or may be: they are not taken of columns that are
    seen in large enough groups only.
    """

    name: str
    families: frozenset[Family]
    sentence: str
    build: Callable[[exp.Expr, ValueType], exp.Expr]
    kind: Callable[[ValueType], ValueType]
    telling: bool = False

    def fits(self, kind: ValueType) -> bool:
        """Whether the measure takes columns of this type."""
        return kind.family in self.families


def count_rows() -> exp.Expr:
    """The number of rows of a group."""
    return exp.Count(this=exp.Star(), big_int=True)


def _count(column: exp.Expr, _kind: ValueType) -> exp.Expr:
    return exp.Count(this=column, big_int=True)


def _distinct(column: exp.Expr, _kind: ValueType) -> exp.Expr:
    return exp.Count(this=exp.Distinct(expressions=[column]), big_int=True)


def _sum(column: exp.Expr, kind: ValueType) -> exp.Expr:
    if kind.family is Family.FLOAT:
        return exp.Sum(this=_in_order(column))
    total = exp.Sum(this=column)
    return total if kind.family is Family.DECIMAL else exp.cast(total, f"DECIMAL({_DIGITS}, 0)", dialect="duckdb")


def _avg(column: exp.Expr, kind: ValueType) -> exp.Expr:
    return exp.Avg(this=_in_order(column) if kind.family is Family.FLOAT else column)


def _in_order(column: exp.Expr) -> exp.Expr:
    """Floats added up in the order of their values: in any other order the last digits change from run to run."""
    return exp.Order(this=column, expressions=[exp.Ordered(this=column.copy())])


def _median(column: exp.Expr, _kind: ValueType) -> exp.Expr:
    return exp.Anonymous(this="median", expressions=[exp.cast(column, "DOUBLE", dialect="duckdb")])


def _own(kind: ValueType) -> ValueType:
    return kind


def _summed(kind: ValueType) -> ValueType:
    if kind.family is Family.FLOAT:
        return kind
    return ValueType(Family.DECIMAL, scale=kind.scale, precision=_DIGITS)


MEASURES: dict[str, Measure] = {
    measure.name: measure
    for measure in (
        Measure("count", frozenset(Family), "How many rows have a value.", _count, lambda _: _COUNT),
        Measure("distinct", _COMPARABLE, "How many different values there are.", _distinct, lambda _: _COUNT, True),
        Measure("sum", _NUMBERS, "The values added up; exact but for floats.", _sum, _summed),
        Measure("avg", _NUMBERS, "The arithmetic mean of the values, as a float.", _avg, lambda _: _FLOAT),
        Measure("median", _NUMBERS, "The value in the middle, as a float.", _median, lambda _: _FLOAT, True),
        Measure("min", _ORDERED, "The least value.", lambda column, _: exp.Min(this=column), _own, True),
        Measure("max", _ORDERED, "The greatest value.", lambda column, _: exp.Max(this=column), _own, True),
    )
}


def measures_of(kind: ValueType) -> tuple[Measure, ...]:
    """The measures that take columns of a type, in documentation order."""
    return tuple(measure for measure in MEASURES.values() if measure.fits(kind))
