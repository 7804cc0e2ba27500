"""Rows as CSV (RFC 4180): the engine writes whole lines, Python only passes them on.

Text is always quoted, everything else never is; so a missing value (nothing between the commas) and an empty
text ("") stay apart. Lists and structures are written as JSON text. Lines end in CR LF.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from gateway.answers.fields import Field
from gateway.view.types import Family

MEDIA_TYPE = "text/csv; charset=utf-8; header=present"
BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_QUOTE = exp.Literal.string('"')
FORMULAS = "=+-@\t\r＝＋－＠"
"""Characters by which spreadsheet programs know a formula when a text begins with one."""


def header(columns: Sequence[Field], *, bom: bool, separator: str = ",") -> bytes:
    """The first line, after a byte order mark if spreadsheet programs are to recognise UTF-8."""
    names = (f'"{column.name.replace(chr(34), chr(34) * 2)}"' for column in columns)
    return (BYTE_ORDER_MARK if bom else b"") + (separator.join(names) + "\r\n").encode()


def line(columns: Sequence[Field], separator: str = ",", *, guarded: bool = False) -> exp.Expr:
    """Expression that gives a row's line, line end included.

    A missing value in the only column is written "", because many readers skip an empty line, and a row with it.
    Where it is `guarded`, a text that would be taken for a formula begins with an apostrophe.
    """
    nothing = exp.Literal.string('""' if len(columns) == 1 else "")
    parts: list[exp.Expr] = []
    for place, column in enumerate(columns):
        if place:
            parts.append(exp.Literal.string(separator))
        parts.append(exp.Coalesce(this=_field(column, guarded=guarded), expressions=[nothing.copy()]))
    for code in (13, 10):
        parts.append(exp.Chr(expressions=[exp.Literal.number(code)]))
    return exp.Concat(expressions=parts, safe=False, coalesce=False)


def _field(column: Field, *, guarded: bool) -> exp.Expr:
    family = column.kind.family
    if family is Family.TEXT:
        return _quoted(_guarded(column.ref) if guarded else column.ref)
    if family is Family.NESTED:
        return _quoted(_text(exp.Anonymous(this="to_json", expressions=[column.ref])))
    if family is Family.TIMESTAMP:
        return _replace(_text(column.ref), " ", "T")
    return _text(column.ref)


def _guarded(text: exp.Expr) -> exp.Expr:
    first = exp.Left(this=text.copy(), expression=exp.Literal.number(1))
    formula = exp.And(
        this=exp.NEQ(this=text.copy(), expression=exp.Literal.string("")),
        expression=exp.Contains(this=exp.Literal.string(FORMULAS), expression=first),
    )
    marked = exp.DPipe(this=exp.Literal.string("'"), expression=text.copy())
    return exp.Case(ifs=[exp.If(this=formula, true=marked)], default=text.copy())


def _text(expression: exp.Expr) -> exp.Expr:
    return exp.cast(expression, "TEXT", dialect="duckdb")


def _quoted(expression: exp.Expr) -> exp.Expr:
    doubled = _replace(expression, '"', '""')
    return exp.DPipe(this=exp.DPipe(this=_QUOTE.copy(), expression=doubled), expression=_QUOTE.copy())


def _replace(expression: exp.Expr, old: str, new: str) -> exp.Expr:
    return exp.Anonymous(this="replace", expressions=[expression, exp.Literal.string(old), exp.Literal.string(new)])
