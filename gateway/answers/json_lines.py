"""Rows as JSON texts made by the engine: one object per row, for NDJSON, for streamed JSON and for GeoJSON.

Decimals are numbers with all their places; dates and times are ISO 8601; not-a-number and infinities are null, as
JSON has no word for them.
"""

from __future__ import annotations

from collections.abc import Sequence

import orjson
from sqlglot import exp

from gateway.answers.fields import Field
from gateway.view.types import Family

_NULL = exp.Literal.string("null")


def line(fields: Sequence[Field]) -> exp.Expr:
    """Expression that gives a row's object, without a line end."""
    return _joined([exp.Literal.string("{"), *members(fields), exp.Literal.string("}")])


def values(fields: Sequence[Field]) -> exp.Expr:
    """Expression that gives a row's values as an array, without a line end."""
    parts: list[exp.Expr] = [exp.Literal.string("[")]
    for place, field in enumerate(fields):
        parts += [exp.Literal.string(",")] if place else []
        parts.append(exp.Coalesce(this=_value(field), expressions=[_NULL.copy()]))
    return _joined([*parts, exp.Literal.string("]")])


def members(fields: Sequence[Field], zone: str | None = None) -> list[exp.Expr]:
    """Texts that put together are the members of a row's object. With a `zone` our local times in it are written as
    moments, in UTC with a `Z` behind."""
    parts: list[exp.Expr] = []
    for place, field in enumerate(fields):
        name = orjson.dumps(field.name).decode()
        parts.append(exp.Literal.string(f"{',' if place else ''}{name}:"))
        value = _value(field) if zone is None or field.kind.family is not Family.TIMESTAMP else _moment(field, zone)
        parts.append(exp.Coalesce(this=value, expressions=[_NULL.copy()]))
    return parts


def feature(
    fields: Sequence[Field],
    point: tuple[Field, Field] | None,
    identity: exp.Expr | None = None,
    zone: str | None = None,
) -> exp.Expr:
    """Expression that gives a row's GeoJSON feature; one without both coordinates has no geometry.

    `point` are longitude and latitude, `identity` is the JSON text of its id, `zone` is as for `members`.
    """
    parts: list[exp.Expr] = [exp.Literal.string('{"type":"Feature",')]
    if identity is not None:
        parts += [exp.Literal.string('"id":'), identity, exp.Literal.string(",")]
    parts += [exp.Literal.string('"geometry":'), _NULL.copy() if point is None else _point(*point)]
    names = () if point is None else tuple(field.name for field in point)
    properties = [field for field in fields if field.name not in names]
    return _joined(
        [*parts, exp.Literal.string(',"properties":{'), *members(properties, zone), exp.Literal.string("}}")],
    )


def _point(lon: Field, lat: Field) -> exp.Expr:
    point = _concat(
        [
            exp.Literal.string('{"type":"Point","coordinates":['),
            _value(lon),
            exp.Literal.string(","),
            _value(lat),
            exp.Literal.string("]}"),
        ]
    )
    return exp.Coalesce(this=point, expressions=[_NULL.copy()])


def _joined(parts: list[exp.Expr]) -> exp.Expr:
    """The parts end to end, none of which is missing."""
    return exp.Concat(expressions=parts, safe=False, coalesce=False)


def _concat(parts: list[exp.Expr]) -> exp.Expr:
    """The parts end to end; nothing where one of them is missing."""
    found = parts[0]
    for part in parts[1:]:
        found = exp.DPipe(this=found, expression=part)
    return found


def _value(field: Field) -> exp.Expr:
    family = field.kind.family
    if family in (Family.TEXT, Family.NESTED):
        return _text(exp.Anonymous(this="to_json", expressions=[field.ref]))
    text = _text(field.ref)
    if family is Family.FLOAT:
        finite = exp.Anonymous(this="isfinite", expressions=[field.ref])
        return exp.Case().when(finite, _text(exp.Anonymous(this="to_json", expressions=[field.ref])))
    if family in (Family.INTEGER, Family.DECIMAL, Family.BOOLEAN):
        return text
    if family is Family.TIMESTAMP:
        text = exp.Anonymous(this="replace", expressions=[text, exp.Literal.string(" "), exp.Literal.string("T")])
    return _concat([exp.Literal.string('"'), text, exp.Literal.string('"')])


def _moment(field: Field, zone: str) -> exp.Expr:
    there = exp.Anonymous(this="timezone", expressions=[exp.Literal.string(zone), field.ref])
    text = _text(exp.Anonymous(this="timezone", expressions=[exp.Literal.string("UTC"), there]))
    text = exp.Anonymous(this="replace", expressions=[text, exp.Literal.string(" "), exp.Literal.string("T")])
    return _concat([exp.Literal.string('"'), text, exp.Literal.string('Z"')])


def _text(expression: exp.Expr) -> exp.Expr:
    return exp.cast(expression, "TEXT", dialect="duckdb")
