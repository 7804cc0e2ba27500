"""Keyset paging: the total order of a query, and the condition that holds for rows after a given place in it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from gateway.query.operators import Bind
from gateway.query.tree import Query
from gateway.view.types import Family, Scalar, ValueType
from gateway.view.view import ORDINAL, Column

ORDERED_CHARACTERS = 200  # text is ordered by this many characters: cursors stay short enough for a URL

_ORDINAL = ValueType(Family.INTEGER)


@dataclass(frozen=True)
class Term:
    """One term of the total order: an expression over the relation, the type of its values, its direction, and
    whether rows without a value come first.

    Keys have no missing values: a release whose keys are not keys cannot be published.
    """

    expression: exp.Expr
    kind: ValueType
    descending: bool = False
    nullable: bool = True
    nulls_first: bool = False

    @property
    def ordered(self) -> exp.Ordered:
        """The term as it stands in ORDER BY."""
        return exp.Ordered(this=self.expression.copy(), desc=self.descending, nulls_first=self.nulls_first)


def total_order(query: Query) -> tuple[Term, ...]:
    """The requested order, made total by the key, or by the ordinal where there is no visible key.

    It ends where the key is complete: nothing that follows could matter. So the last term is never missing.
    """
    missing = {column.name: column for column in query.view.key}
    terms: list[Term] = []
    for sort in query.order:
        term = _term(sort.column, sort.descending, in_key=sort.column in query.view.key)
        terms.append(replace(term, nulls_first=sort.nulls_first))
        missing.pop(sort.column.name, None)
        if query.view.key and not missing:
            return tuple(terms)
    terms += [_term(column, descending=False, in_key=True) for column in missing.values()]
    if not query.view.key:
        terms.append(Term(exp.column(exp.to_identifier(ORDINAL, quoted=True)), _ORDINAL, nullable=False))
    return tuple(terms)


def _term(column: Column, descending: bool, *, in_key: bool) -> Term:
    expression: exp.Expr = column.ref
    if column.kind.family is Family.TEXT and not in_key:
        expression = exp.Left(this=expression, expression=exp.Literal.number(ORDERED_CHARACTERS))
    return Term(expression, column.kind, descending, nullable=not in_key)


def lies_sorted(query: Query) -> bool:
    """Whether the total order is the one the rows are stored in: then they come so without being sorted."""
    key = [column.name for column in query.view.key]
    requested = [sort.column.name for sort in query.order]
    ascending = not any(sort.descending for sort in query.order)
    return query.view.sorted and ascending and requested == key[: len(requested)]


def after(terms: tuple[Term, ...], values: tuple[Scalar | None, ...], bind: Bind) -> exp.Expr:
    """Condition of the rows that come after the row with these sort values.

    (a, b) after (x, y) is: a after x, or a is x and b after y. A row without a value comes last, so it is after
    every value and nothing is after it; or first, so that every value is after it. The first term's bound is repeated
    in front, because only a plain conjunct lets the engine skip the row groups that lie wholly before it.
    """
    alternatives: list[exp.Expr] = []
    same: list[exp.Expr] = []
    for place, (term, value) in enumerate(zip(terms, values, strict=True)):
        if value is not None or term.nulls_first:
            for before in range(len(same), place):  # bound only where it is used
                same.append(_equal(terms[before], values[before], bind))
            alternatives.append(exp.and_(*same, _beyond(term, value, bind)))
    reached = exp.or_(*alternatives) if alternatives else exp.false()
    if values[0] is None:
        return reached
    return exp.and_(_beyond(terms[0], values[0], bind, inclusive=True), reached)


def _beyond(term: Term, value: Scalar | None, bind: Bind, *, inclusive: bool = False) -> exp.Expr:
    missing = exp.Is(this=term.expression.copy(), expression=exp.Null())
    if value is None:  # of a term whose missing values come first
        return exp.Not(this=missing)
    if inclusive:
        node: type[exp.Binary] = exp.LTE if term.descending else exp.GTE
    else:
        node = exp.LT if term.descending else exp.GT
    further = node(this=term.expression.copy(), expression=bind(value))
    return exp.or_(further, missing) if term.nullable and not term.nulls_first else further


def _equal(term: Term, value: Scalar | None, bind: Bind) -> exp.Expr:
    if value is None:
        return exp.Is(this=term.expression.copy(), expression=exp.Null())
    return exp.EQ(this=term.expression.copy(), expression=bind(value))
