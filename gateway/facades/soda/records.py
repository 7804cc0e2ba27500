"""Rows as Socrata writes them: numbers as texts, floating timestamps, no member for a missing value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import orjson
from sqlglot import exp

from gateway.answers.fields import Field
from gateway.answers.forms import FORMS, Form
from gateway.answers.text_rows import TextWriter
from gateway.view.types import Family

TYPES = {
    Family.TEXT: "text",
    Family.INTEGER: "number",
    Family.DECIMAL: "number",
    Family.FLOAT: "number",
    Family.BOOLEAN: "boolean",
    Family.DATE: "floating_timestamp",
    Family.TIMESTAMP: "floating_timestamp",
    Family.TIME: "text",
    Family.NESTED: "json",
}
DATA_TYPES = TYPES | {
    Family.BOOLEAN: "checkbox",
    Family.DATE: "calendar_date",
    Family.TIMESTAMP: "calendar_date",
}
"""What the descriptions of datasets call the types."""

_MILLISECONDS, _MICROSECONDS = "%Y-%m-%dT%H:%M:%S.%g", "%Y-%m-%dT%H:%M:%S.%f"
_NUMBERS = (Family.INTEGER, Family.DECIMAL, Family.FLOAT)


def _line(fields: Sequence[Field]) -> exp.Expr:
    """A row's object with a comma in front."""
    members = exp.Concat(expressions=[_member(field) for field in fields], safe=False, coalesce=False)
    without_comma = exp.Anonymous(this="substr", expressions=[members, exp.Literal.number(2)])
    parts = [exp.Literal.string(",{"), without_comma, exp.Literal.string("}")]
    return exp.Concat(expressions=parts, safe=False, coalesce=False)


def _member(field: Field) -> exp.Expr:
    """A member with a comma in front, or nothing."""
    name = exp.Literal.string(f",{orjson.dumps(field.name).decode()}:")
    return exp.Coalesce(this=exp.DPipe(this=name, expression=_value(field)), expressions=[exp.Literal.string("")])


def _value(field: Field) -> exp.Expr:
    family = field.kind.family
    if family in (Family.DATE, Family.TIMESTAMP):
        return _quoted(_moment(exp.cast(field.ref, "TIMESTAMP", dialect="duckdb")))
    text = exp.cast(field.ref, "TEXT", dialect="duckdb")
    if family is Family.BOOLEAN:
        return text
    if family is Family.FLOAT:
        finite = exp.Anonymous(this="isfinite", expressions=[field.ref])
        return exp.Case().when(finite, _quoted(text))
    if family in _NUMBERS or family is Family.TIME:
        return _quoted(text)
    return exp.cast(exp.Anonymous(this="to_json", expressions=[field.ref]), "TEXT", dialect="duckdb")


def _moment(moment: exp.Expr) -> exp.Expr:
    """Milliseconds, and no more unless there are."""
    micros = exp.Anonymous(this="date_part", expressions=[exp.Literal.string("microseconds"), moment])
    exact = exp.EQ(this=exp.Mod(this=micros, expression=exp.Literal.number(1000)), expression=exp.Literal.number(0))
    return exp.Case().when(exact, _written(moment, _MILLISECONDS)).else_(_written(moment.copy(), _MICROSECONDS))


def _written(moment: exp.Expr, form: str) -> exp.Expr:
    return exp.Anonymous(this="strftime", expressions=[moment.copy(), exp.Literal.string(form)])


def _quoted(text: exp.Expr) -> exp.Expr:
    sign = exp.Literal.string('"')
    return exp.DPipe(this=exp.DPipe(this=sign, expression=text), expression=sign.copy())


RECORDS: dict[str, Form] = {
    "json": Form(
        "json",
        "application/json; charset=utf-8",
        "A list of objects.",
        lambda fields: [_line(fields)],
        lambda _fields, _bom: TextWriter(b"[", between=b",", end=b"]"),
    ),
    "csv": FORMS["csv"],
    "geojson": replace(FORMS["geojson"], media_type="application/vnd.geo+json; charset=utf-8"),
}
"""The formats of a resource by the end of its address."""
