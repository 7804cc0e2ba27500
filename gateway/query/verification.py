"""Verification: one row named by its key, and claims about its values; only whether each holds is ever told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import orjson
from sqlglot import exp

from catalog.texts import BLANKS, FULL_WIDTH, HALF_WIDTH, same
from gateway.problems import BadValue, TooManyConditions, UnknownOperator
from gateway.query.compile import Binds, Statement, filtered, holds
from gateway.query.operators import EQUALS, Arity, Bind, Operator
from gateway.query.parse import known_column
from gateway.query.tree import Condition
from gateway.view.types import Family, Scalar, to_text
from gateway.view.view import Column, View

Said = str | int | float | bool
"""A value as a caller says it in JSON."""


@dataclass(frozen=True)
class Verification:
    """A question about one row: `key` are the conditions that name it, `claims` those that may hold for it.

    `view` is that of the action verify: its values are compared, and no door may give them out.
    """

    view: View
    key: tuple[Condition, ...]
    claims: tuple[Condition, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns asked about, those of the key first."""
        return tuple(condition.column.name for condition in (*self.key, *self.claims))

    @property
    def row(self) -> bytes:
        """The row asked about, written in one way; for digests only."""
        told = sorted((part.column.name, _one_way(part.values[0])) for part in self.key)
        return orjson.dumps([self.view.dataset, told])


def parse_verification(
    view: View, keys: Sequence[str], key: Mapping[str, Said], claims: Mapping[str, Said], most: int
) -> Verification:
    """The question, typed against a view; `keys` are the columns of the dataset's key, `most` the claims allowed.

    Raises the problems of a column or value that cannot be used. What is not in the view is not known here.
    """
    named = [(known_column(view, name, f"key.{name}"), said) for name, said in key.items()]
    if set(key) != set(keys):
        raise BadValue(f"`key`: name the row by {', '.join(keys)}, each once and nothing else.", parameter="key")
    claimed = [(known_column(view, name, f"claims.{name}"), said) for name, said in claims.items()]
    if not claimed:
        raise BadValue("`claims`: expected at least one column with a value.", parameter="claims")
    if len(claimed) > most:
        raise TooManyConditions(f"{len(claimed)} claims were made, {most} are allowed.")
    for column, _ in claimed:
        if column.name in key:
            raise BadValue(f"`claims`: `{column.name}` names the row already.", parameter="claims")
        if not EQUALS.fits(column.kind):
            raise UnknownOperator(f"`{column.name}` is {column.kind.name} and cannot be compared.", parameter="claims")
    # Rows that lack a part of the key are numbered in other views, which takes a pass over all of them: here the key is
    # always given, and such rows never meet it.
    keyed = replace(view, key=tuple(column for column, _ in named))
    return Verification(
        keyed,
        tuple(Condition(column, EQUALS, (_value(column, said, "key"),)) for column, said in named),
        tuple(Condition(column, _operator(column), (_value(column, said, "claims"),)) for column, said in claimed),
    )


def compile_verification(question: Verification) -> Statement:
    """One row of booleans, a claim each. No row of the key, a hidden one and a missing value are all false."""
    binds = Binds(question.view)
    found = [
        exp.Coalesce(this=exp.LogicalOr(this=holds(claim, binds)), expressions=[exp.false()])
        for claim in question.claims
    ]
    select = filtered(question.key, list(found), binds)
    return Statement(select, binds.values, len(found), question.view.relation_text)


def _operator(column: Column) -> Operator:
    return _SAME_TEXT if column.kind.family is Family.TEXT else EQUALS


def _same_text(column: exp.Expr, values: tuple[Scalar, ...], bind: Bind) -> exp.Expr:
    wide, narrow, blanks = (exp.Literal.string(signs) for signs in (FULL_WIDTH, HALF_WIDTH, BLANKS))
    narrowed = exp.Anonymous(this="translate", expressions=[column, wide, narrow])
    trimmed = exp.Anonymous(this="trim", expressions=[narrowed, blanks])
    return exp.EQ(this=trimmed, expression=bind(same(str(values[0]))))


_SAME_TEXT = Operator(
    "same", Arity.ONE, frozenset({Family.TEXT}), "Equals but for outer blanks and the width of signs.", _same_text
)


def _value(column: Column, said: Said, parameter: str) -> Scalar:
    text = str(said).lower() if isinstance(said, bool) else str(said)
    try:
        return column.kind.parse(text.strip(BLANKS))
    except ValueError as error:
        raise BadValue(f"`{parameter}.{column.name}`: {error}.", parameter=parameter) from error


def _one_way(value: Scalar) -> str | None:
    """Equal numbers as equal texts, however many zeros they were given."""
    return str(value.as_integer_ratio()) if isinstance(value, Decimal) else to_text(value)
