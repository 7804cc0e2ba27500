"""What changed between two releases of a dataset, as its caller sees both: one statement over the two relations."""

from __future__ import annotations

from dataclasses import dataclass

from sqlglot import exp

from gateway.answers import json_lines
from gateway.query.compile import RELATION, Binds, Statement
from gateway.query.keyset import Term, after
from gateway.view.types import Scalar, ValueType
from gateway.view.view import Column, View

_BEFORE = "#before"


@dataclass(frozen=True)
class Changes:
    """A question for changes: the view before and after, the columns compared, which are in both and of one type.

    Both views have the same key, and it is seen. `place` are the key's values after which to go on.
    """

    before: View
    after: View
    columns: tuple[Column, ...]
    limit: int
    place: tuple[Scalar | None, ...] = ()

    @property
    def terms(self) -> tuple[Term, ...]:
        """The order of changes: by key, whichever of the two has the row."""
        return tuple(
            Term(exp.Coalesce(this=_ref(RELATION, c.name), expressions=[_ref(_BEFORE, c.name)]), c.kind, nullable=False)
            for c in self.after.key
        )


@dataclass(frozen=True)
class _Side:
    """A column of one of the two releases."""

    name: str
    kind: ValueType
    side: str

    @property
    def ref(self) -> exp.Expr:
        """Its value."""
        return _ref(self.side, self.name)


def shared_columns(before: View, after: View) -> tuple[Column, ...]:
    """The columns that are seen in both, of the same type."""
    old = {column.name: column.kind for column in before.columns}
    return tuple(column for column in after.columns if old.get(column.name) == column.kind)


def compile_changes(changes: Changes) -> Statement:
    """At most `limit + 1` changes as JSON texts, each with the key's values behind it."""
    binds = Binds(changes.after)
    names = [column.name for column in changes.after.key]
    same = exp.and_(*(exp.EQ(this=_ref(RELATION, name), expression=_ref(_BEFORE, name)) for name in names))
    came, went = _missing(_BEFORE, names[0]), _missing(RELATION, names[0])
    others = [c.name for c in changes.columns if c.name not in names]
    differs = [exp.NullSafeNEQ(this=_ref(RELATION, name), expression=_ref(_BEFORE, name)) for name in others]
    places = [exp.alias_(term.expression, f"#sort{n}", quoted=True) for n, term in enumerate(changes.terms)]
    select = (
        exp.select(_text(changes, came, went), *places, copy=False)
        .from_(exp.table_(RELATION, quoted=True), copy=False)
        .join(exp.table_(_BEFORE, quoted=True), on=same, join_type="full outer", copy=False)
        .where(exp.or_(came.copy(), went.copy(), *differs), copy=False)
    )
    if changes.place:
        select = select.where(after(changes.terms, changes.place, binds), copy=False)
    select = select.order_by(*(term.ordered for term in changes.terms), copy=False)
    binds.values.update(changes.before.binds)
    return Statement(
        select.limit(changes.limit + 1, copy=False),
        binds.values,
        1,
        changes.after.relation_text,
        ((_BEFORE, changes.before.relation_text),),
    )


def _text(changes: Changes, came: exp.Expr, went: exp.Expr) -> exp.Expr:
    """A change as a JSON object: what it is, the row before and the row after."""
    kind = exp.Case().when(came, _string("insert")).when(went, _string("delete")).else_(_string("update"))
    old = exp.Case().when(came.copy(), _string("null")).else_(json_lines.line(_sides(changes, _BEFORE)))
    new = exp.Case().when(went.copy(), _string("null")).else_(json_lines.line(_sides(changes, RELATION)))
    parts = [_string('{"change":"'), kind, _string('","before":'), old, _string(',"after":'), new, _string("}")]
    return exp.Concat(expressions=parts, safe=False, coalesce=False)


def _sides(changes: Changes, side: str) -> list[_Side]:
    return [_Side(column.name, column.kind, side) for column in changes.columns]


def _missing(side: str, key: str) -> exp.Expr:
    """Whether a release has no such row: keys have no missing values."""
    return exp.Is(this=_ref(side, key), expression=exp.Null())


def _ref(side: str, name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True), table=exp.to_identifier(side, quoted=True))


def _string(text: str) -> exp.Expr:
    return exp.Literal.string(text)
