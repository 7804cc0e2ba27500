"""Ids of rows: the values of a row's key in one text that can stand in an address, and back."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from gateway.query.operators import EQUALS
from gateway.query.tree import Condition
from gateway.view.types import Family
from gateway.view.view import Column, View

_SIGNS = (("~", "~0"), ("/", "~1"), (",", "~2"))  # in this order; back in the reverse order
_BETWEEN = "~."  # in no value: a tilde of a text has a digit behind


def identity(view: View) -> exp.Expr | None:
    """JSON text of the id of a row: a number where the key is one whole number. None where no key is seen."""
    if not view.key:
        return None
    if len(view.key) == 1 and view.key[0].kind.family is Family.INTEGER:
        return exp.cast(view.key[0].ref, "TEXT", dialect="duckdb")
    return exp.cast(exp.Anonymous(this="to_json", expressions=[id_text(view.key)]), "TEXT", dialect="duckdb")


def id_text(key: Sequence[Column]) -> exp.Expr:
    """The id of a row with that key, which is not empty."""
    parts: list[exp.Expr] = []
    for column in key:
        parts += [exp.Literal.string(_BETWEEN)] if parts else []
        parts.append(_written(column))
    return exp.Concat(expressions=parts, safe=False, coalesce=False)


def found_by(view: View, text: str) -> tuple[Condition, ...] | None:
    """The conditions that the row of an id meets; None where no row can have it."""
    parts = text.split(_BETWEEN)
    if not view.key or len(parts) != len(view.key):
        return None
    try:
        return tuple(
            Condition(column, EQUALS, (column.kind.parse(_read(part)),))
            for column, part in zip(view.key, parts, strict=True)
        )
    except ValueError:
        return None


def _written(column: Column) -> exp.Expr:
    text: exp.Expr = exp.cast(column.ref, "TEXT", dialect="duckdb")
    if column.kind.family is not Family.TEXT:
        return text
    for sign, written in _SIGNS:
        text = exp.Anonymous(this="replace", expressions=[text, exp.Literal.string(sign), exp.Literal.string(written)])
    return text


def _read(text: str) -> str:
    for sign, written in reversed(_SIGNS):
        text = text.replace(written, sign)
    return text
