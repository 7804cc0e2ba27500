"""From branches to SQL: the condition of the visible rows, and for each column what is shown of its cells."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from catalog.policy.model import MaskKind, Treatment
from gateway.policy.decision import Decision, united
from gateway.policy.masks import masked
from gateway.policy.rows import Clause, Period, RowFilter
from gateway.view.types import Family, ValueType
from gateway.view.view import stored_column


@dataclass(frozen=True)
class Cells:
    """What a decision lets through of a stored table.

    `shown` holds an expression per row-visible column that the table has. `rows` is the condition of the visible
    rows, None for all. `clear` are the columns that are clear on every visible row, `whole` those that are clear
    on every row there is.
    """

    shown: Mapping[str, exp.Expr]
    rows: exp.Expr | None
    clear: frozenset[str]
    whole: frozenset[str]

    @property
    def plain(self) -> bool:
        """Whether nothing is filtered and nothing masked: then the table is read as it is stored."""
        return self.whole.issuperset(self.shown)


def cells_of(decision: Decision, stored: Mapping[str, str], published: Collection[str], *, joinable: bool) -> Cells:
    """The cells of a table with these stored types. A filter on a column the table lacks lets no row through.

    `published` are the columns that may be shown at all; `joinable` tells that the key of join keys is bound.
    """
    table = _Table(decision, stored, published, joinable=joinable)
    rows = table.where(table.branches)
    return Cells(
        shown={name: table.cell(name) for name in decision.columns if name in table.named},
        rows=None if any(branch.all_rows for branch in table.branches) else rows,
        clear=frozenset(name for name in table.named if table.cover(table.holding(name, "clear"))),
        whole=frozenset(
            name
            for branch, columns in table.branches.items()
            if branch.all_rows
            for name, treatment in columns.items()
            if treatment == "clear"
        ),
    )


_Some = tuple[int, ...]


class _Table:
    """A decision brought down to the columns that a table has."""

    def __init__(
        self, decision: Decision, stored: Mapping[str, str], published: Collection[str], *, joinable: bool
    ) -> None:
        self._masks, self._stored, self._joinable = decision.masks, stored, joinable
        over = [
            (rows.over(stored), {name: seen for name, seen in columns.items() if name in published})
            for rows, columns in decision.by_rows.items()
        ]
        self.branches = united((rows, columns) for rows, columns in over if not rows.empty)
        self.named = {name for columns in self.branches.values() for name in columns}
        # Most columns are seen on the same few sets of rows: what is found of a set is kept.
        self._rows, self._columns = tuple(self.branches), tuple(self.branches.values())
        self._covers: dict[_Some, bool] = {}
        self._texts: dict[_Some, str] = {}

    def holding(self, name: str, treatment: Treatment) -> _Some:
        """The branches that give a column a treatment, by their places."""
        return tuple(place for place, columns in enumerate(self._columns) if columns.get(name) == treatment)

    def cover(self, some: _Some) -> bool:
        """Whether these branches hold every visible row."""
        if some not in self._covers:
            wide = [self._rows[place] for place in some]
            self._covers[some] = all(any(one.contains(rows) for one in wide) for rows in self._rows)
        return self._covers[some]

    def where(self, some: Iterable[RowFilter]) -> exp.Expr:
        """The condition that a row is in one of these branches; NULL, as good as false, where that is unknown."""
        conditions = [exp.true() if rows.all_rows else self._condition(rows) for rows in some]
        return exp.or_(*conditions, copy=False) if conditions else exp.false()

    def cell(self, name: str) -> exp.Expr:
        """What is shown of a column: its value, its mask, or by row the one, the other or nothing."""
        clear, as_mask = self.holding(name, "clear"), self.holding(name, "masked")
        if self.cover(clear):
            return _value(name, self._stored[name])
        if not clear and self.cover(as_mask):
            return self._mask(name)
        found = exp.Case()
        if clear:
            found.when(self._on(clear), _value(name, self._stored[name]), copy=False)
        if as_mask:
            found.when(self._on(as_mask), self._mask(name), copy=False)
        return found

    def _on(self, some: _Some) -> exp.Expr:
        """The condition that a row is in one of these branches, written once."""
        if some not in self._texts:
            condition = self.where(self._rows[place] for place in some)
            self._texts[some] = condition.sql(dialect="duckdb", copy=False)
        return exp.Var(this=self._texts[some])

    def _mask(self, name: str) -> exp.Expr:
        """The mask of a text; other types have none that would keep their type, so nothing is shown of them."""
        if ValueType.of(self._stored[name]).family is Family.TEXT:
            return exp.Var(this=_mask_text(self._masks[name], name, self._stored[name], joinable=self._joinable))
        empty = ValueType.of(self._stored[name]).cast or self._stored[name]
        return exp.cast(exp.Null(), empty, dialect="duckdb")

    def _condition(self, rows: RowFilter) -> exp.Expr:
        """One branch's rows. Outside of a denied scope is only what certainly is: NOT of unknown is unknown."""
        parts = [self._clause(clause) for clause in sorted(rows.clauses, key=_order)]
        parts += [part for period in sorted(rows.periods, key=repr) for part in self._bounds(period)]
        parts += [
            exp.Not(this=exp.Paren(this=self._condition(denied)))
            for denied in sorted(rows.outside, key=lambda denied: repr(denied.plain))
        ]
        return exp.and_(*parts, copy=False)

    def _clause(self, clause: Clause) -> exp.Expr:
        return exp.or_(
            *(self._is_one_of(column, values) for column, values in sorted(clause.atoms, key=_name)), copy=False
        )

    def _bounds(self, period: Period) -> Iterable[exp.Expr]:
        """A time that cannot be read lies in no period; reading it must not fail, for that would tell of it."""
        column: exp.Expr = stored_column(period.column)
        if ValueType.of(self._stored[period.column]).family not in (Family.DATE, Family.TIMESTAMP):
            column = exp.TryCast(this=column, to=exp.DataType.build("TIMESTAMP", dialect="duckdb"))
        if period.since is not None:
            yield exp.GTE(this=column, expression=_day(period.since.isoformat()))
        if period.until is not None:
            yield exp.LT(this=column.copy(), expression=_day(period.until.isoformat()))

    def _is_one_of(self, column: str, values: frozenset[str]) -> exp.Expr:
        value: exp.Expr = stored_column(column)
        if ValueType.of(self._stored[column]).family is not Family.TEXT:
            value = exp.cast(value, "TEXT", dialect="duckdb")
        chosen = [exp.Literal.string(text) for text in sorted(values)]
        return exp.EQ(this=value, expression=chosen[0]) if len(chosen) == 1 else exp.In(this=value, expressions=chosen)


def _value(name: str, stored: str) -> exp.Expr:
    """The value in its API type. What cannot be brought to it is missing: a failure would tell of hidden rows."""
    kind = ValueType.of(stored)
    if kind.cast is None:
        return stored_column(name)
    return exp.TryCast(this=stored_column(name), to=exp.DataType.build(kind.cast, dialect="duckdb"))


@lru_cache(maxsize=4096)
def _mask_text(kind: MaskKind, name: str, stored: str, *, joinable: bool) -> str:
    """SQL of the mask of a stored column, written once: there are as many as masked columns in the catalog."""
    return masked(kind, _value(name, stored), joinable=joinable).sql(dialect="duckdb", copy=False)


def _day(text: str) -> exp.Expr:
    return exp.cast(exp.Literal.string(text), "DATE", dialect="duckdb")


def _order(clause: Clause) -> str:
    return repr(sorted((column, sorted(values)) for column, values in clause.atoms))


def _name(atom: tuple[str, frozenset[str]]) -> str:
    return atom[0]
