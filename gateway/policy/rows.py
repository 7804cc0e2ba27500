"""Row filters: conjunctions over the scope columns of a dataset, less what is denied; intersected and compared here.

Pure values without a database: a filter is compiled to SQL elsewhere, and elsewhere only.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import date

from catalog.policy.divisions import DivisionTree
from catalog.policy.model import RowScope, ScopeColumns

Atom = tuple[str, frozenset[str]]


@dataclass(frozen=True)
class Clause:
    """Holds for a row when one of the atoms does: the column has one of the values."""

    atoms: frozenset[Atom]

    @classmethod
    def of(cls, atoms: Iterable[Atom]) -> Clause:
        """A clause whose atoms name each column once; atoms without values are dropped."""
        values: dict[str, frozenset[str]] = {}
        for column, chosen in atoms:
            if chosen:
                values[column] = values.get(column, frozenset()) | chosen
        return cls(frozenset(values.items()))

    def implies(self, other: Clause) -> bool:
        """Whether every row of this clause is a row of the other."""
        wide = dict(other.atoms)
        return all(values <= wide.get(column, frozenset()) for column, values in self.atoms)


@dataclass(frozen=True)
class Period:
    """Holds for a row whose `column` lies in [since, until); None does not restrict."""

    column: str
    since: date | None
    until: date | None

    @property
    def empty(self) -> bool:
        """Whether no moment lies in it."""
        return self.since is not None and self.until is not None and self.since >= self.until

    def within(self, other: Period) -> bool:
        """Whether every row of this period is a row of the other."""
        late = other.since is None or (self.since is not None and self.since >= other.since)
        early = other.until is None or (self.until is not None and self.until <= other.until)
        return self.column == other.column and late and early


@dataclass(frozen=True)
class RowFilter:
    """Rows for which all clauses and periods hold, and none of the filters in `outside`. Made normalised only.

    A row without a value in a column that is asked for is in no scope; neither is it safely outside of one.
    """

    clauses: frozenset[Clause] = frozenset()
    periods: frozenset[Period] = frozenset()
    outside: frozenset[RowFilter] = frozenset()
    empty: bool = field(default=False)

    @property
    def all_rows(self) -> bool:
        """Whether it lets every row through."""
        return self == EVERYTHING

    def intersect(self, other: RowFilter) -> RowFilter:
        """The rows of both."""
        if self.empty or other.empty:
            return NOTHING
        clauses, periods = self.clauses | other.clauses, self.periods | other.periods
        return _normal(clauses, periods, self.outside | other.outside)

    def minus(self, denied: RowFilter) -> RowFilter:
        """The rows of this filter that are certainly not rows of `denied`, which must have no `outside` itself."""
        if denied.empty or self.empty:
            return self
        return _normal(self.clauses, self.periods, self.outside | {denied})

    def contains(self, other: RowFilter) -> bool:
        """Whether every row of the other filter is provably one of this; False also where that cannot be told."""
        if other.empty or self.empty:
            return other.empty
        return (
            all(any(tight.implies(wide) for tight in other.clauses) for wide in self.clauses)
            and all(any(tight.within(wide) for tight in other.periods) for wide in self.periods)
            and all(any(more.contains(less) for more in other.outside) for less in self.outside)
        )

    def over(self, columns: Collection[str]) -> RowFilter:
        """The filter over a table that has these columns only: what it cannot test lets no row through."""
        clauses = [Clause.of(atom for atom in clause.atoms if atom[0] in columns) for clause in self.clauses]
        if self.empty or any(period.column not in columns for period in self.periods):
            return NOTHING
        return _normal(clauses, self.periods, {denied._widened(columns) for denied in self.outside})

    def _widened(self, columns: Collection[str]) -> RowFilter:
        kept = frozenset(c for c in self.clauses if all(column in columns for column, _ in c.atoms))
        return replace(self, clauses=kept, periods=frozenset(p for p in self.periods if p.column in columns))

    @property
    def plain(self) -> list[object]:
        """The filter as nested lists in a fixed order: the same filter gives the same lists in every process."""
        clauses = sorted(sorted([column, sorted(values)] for column, values in c.atoms) for c in self.clauses)
        periods = sorted([p.column, str(p.since), str(p.until)] for p in self.periods)
        outside = sorted((denied.plain for denied in self.outside), key=repr)
        return [self.empty, clauses, periods, outside]


EVERYTHING = RowFilter()
NOTHING = RowFilter(empty=True)


def _normal(clauses: Iterable[Clause], periods: Iterable[Period], outside: Iterable[RowFilter]) -> RowFilter:
    """The one form of a conjunction: no clause or period that another implies, NOTHING when it cannot hold."""
    single: dict[str, frozenset[str]] = {}
    several: set[Clause] = set()
    for clause in clauses:
        if len(clause.atoms) != 1:
            several.add(clause)
            continue
        ((column, values),) = clause.atoms
        single[column] = single[column] & values if column in single else values
    kept = several | {Clause(frozenset({atom})) for atom in single.items()}
    spans: dict[str, Period] = {}
    for period in periods:
        spans[period.column] = _overlap(spans[period.column], period) if period.column in spans else period
    if not all(single.values()) or Clause(frozenset()) in several or any(span.empty for span in spans.values()):
        return NOTHING
    found = RowFilter(
        frozenset(c for c in kept if not any(d != c and d.implies(c) for d in kept)), frozenset(spans.values())
    )
    denied = {rows for rows in outside if not rows.empty}
    if any(rows.contains(found) for rows in denied):
        return NOTHING
    widest = frozenset(rows for rows in denied if not any(d != rows and d.contains(rows) for d in denied))
    return replace(found, outside=widest)


def _overlap(first: Period, second: Period) -> Period:
    since = max(filter(None, (first.since, second.since)), default=None)
    until = min(filter(None, (first.until, second.until)), default=None)
    return Period(first.column, since, until)


def rows_in(scope: RowScope, columns: ScopeColumns, tree: DivisionTree) -> RowFilter:
    """The rows that certainly lie in a scope. A dataset that lacks a column it needs has none."""
    return _compile(scope, columns, tree, surely=True)


def rows_touching(scope: RowScope, columns: ScopeColumns, tree: DivisionTree) -> RowFilter:
    """The rows that may lie in a scope, for denying them. What cannot be tested may hold."""
    return _compile(scope, columns, tree, surely=False)


def _compile(scope: RowScope, columns: ScopeColumns, tree: DivisionTree, *, surely: bool) -> RowFilter:
    clauses: list[Clause] = []
    periods: list[Period] = []
    if scope.divisions:
        parts = [_division(code, columns, tree, surely=surely) for code in scope.divisions]
        if surely or None not in parts:
            clauses.append(Clause.of(part for part in parts if part is not None))
    if scope.organisations and (surely or columns.organisations):
        clauses.append(Clause.of((column, frozenset(scope.organisations)) for column in columns.organisations))
    if scope.since is not None or scope.until is not None:
        if columns.time is not None:
            periods.append(Period(columns.time, scope.since, scope.until))
        elif surely:
            return NOTHING
    return _normal(clauses, periods, ())


def _division(code: str, columns: ScopeColumns, tree: DivisionTree, *, surely: bool) -> Atom | None:
    """Which values of which column say that a row lies in a division; None when no column can say it.

    The column of the division's own level is best, then the next finer one. A coarser one cannot say that a row
    lies in the division, only that it may.
    """
    level = tree.level(code)
    if level is None:
        return None
    for finer in sorted(found for found in columns.divisions if found >= level):
        known = tree.below(code, finer)
        return (columns.divisions[finer], known) if known or surely else None
    for coarser in sorted(columns.divisions, reverse=True):
        above = tree.above(code, coarser)
        if not surely and above is not None:
            return columns.divisions[coarser], frozenset({above})
    return None
