"""Rows of a table in a page (HTML): the engine writes the markup, in which nothing of the data acts as such."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from gateway.answers.fields import Field
from gateway.view.types import Family

_NUMBERS = (Family.INTEGER, Family.DECIMAL, Family.FLOAT)
_UNFIT = r"[\x00-\x08\x0B\x0C\x0E-\x1F]"  # what a page cannot hold
_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_NOTHING = '<td class="none">–</td>'


def row(fields: Sequence[Field]) -> exp.Expr:
    """Expression that gives a row's markup, line end included."""
    cells = [exp.Coalesce(this=_cell(field), expressions=[exp.Literal.string(_NOTHING)]) for field in fields]
    end = exp.Chr(expressions=[exp.Literal.number(10)])
    parts = [exp.Literal.string("<tr>"), *cells, exp.Literal.string("</tr>"), end]
    return exp.Concat(expressions=parts, safe=False, coalesce=False)


def _cell(field: Field) -> exp.Expr:
    value = field.ref
    if field.kind.family is Family.NESTED:
        value = exp.Anonymous(this="to_json", expressions=[value])
    text: exp.Expr = exp.cast(value, "TEXT", dialect="duckdb")
    begin = '<td class="n">' if field.kind.family in _NUMBERS else "<td>"
    if field.kind.family in (Family.TEXT, Family.NESTED):
        text = _escaped(text)
    opened = exp.DPipe(this=exp.Literal.string(begin), expression=text)
    return exp.DPipe(this=opened, expression=exp.Literal.string("</td>"))


def _escaped(text: exp.Expr) -> exp.Expr:
    marks = [exp.Literal.string(mark) for mark in (_UNFIT, "\ufffd", "g")]
    text = exp.Anonymous(this="regexp_replace", expressions=[text, *marks])
    for sign, entity in _ESCAPES:
        written = [exp.Literal.string(sign), exp.Literal.string(entity)]
        text = exp.Anonymous(this="replace", expressions=[text, *written])
    return text
