"""Requests in the words of GeoReport, row by row as the engine writes them, in JSON or XML."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlglot import exp

from gateway.answers import json_lines
from gateway.facades.identity import id_text
from gateway.facades.open311.parse import Part, Requests
from gateway.view.types import Family, ValueType

_TEXT = ValueType(Family.TEXT)
_TEXTS: tuple[tuple[str, Part], ...] = (
    ("status_notes", "status_notes"), ("service_name", "service_name"), ("service_code", "service_code"),
    ("description", "description"), ("agency_responsible", "agency"), ("address", "address"),
)  # fmt: skip
_TIMES: tuple[tuple[str, Part], ...] = (
    ("requested_datetime", "requested"), ("updated_datetime", "updated"), ("expected_datetime", "expected"),
)  # fmt: skip
_PLACE = ("lat", "long")
_UNFIT = r"[^\t\n\r\x20-\x{d7ff}\x{e000}-\x{fffd}\x{10000}-\x{10ffff}]"  # what XML cannot hold
_ESCAPES = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"))
_REQUEST = "request"


@dataclass(frozen=True)
class _Told:
    """One member of a request."""

    name: str
    kind: ValueType
    value: exp.Expr

    @property
    def ref(self) -> exp.Expr:
        """Its value over the rows."""
        return self.value.copy()


@dataclass(frozen=True)
class Form:
    """How requests are written: the line of one, and what stands around and between them."""

    line: Callable[[Requests], exp.Expr]
    around: Callable[[bytes], bytes]


def _members(requests: Requests) -> list[_Told]:
    found: dict[str, exp.Expr] = {"service_request_id": id_text(requests.view.key), "status": _status(requests)}
    found |= {name: _ref(requests, part) for name, part in _TEXTS}
    named = exp.Nullif(this=found["service_name"], expression=exp.Literal.string(""))
    found["service_name"] = exp.Coalesce(this=named, expressions=[found["service_code"].copy()])
    found |= {name: _moment(requests, part) for name, part in _TIMES}
    told = [_Told(name, _TEXT, value) for name, value in found.items()]
    places = {name: column for name in _PLACE if (column := requests.parts.get(name)) is not None}
    return told + [
        _Told(name, places[name].kind, places[name].ref) if name in places else _Told(name, _TEXT, exp.Null())
        for name in _PLACE
    ]


def _ref(requests: Requests, part: Part) -> exp.Expr:
    column = requests.column(part)
    return exp.Null() if column is None else column.ref


def _status(requests: Requests) -> exp.Expr:
    states = [exp.Literal.string(state) for state in requests.said.closed]
    closed = exp.In(this=requests.needed("status").ref, expressions=states)
    return exp.Case().when(closed, exp.Literal.string("closed")).else_(exp.Literal.string("open"))


def _moment(requests: Requests, part: Part) -> exp.Expr:
    """A time on the city's clocks with their offset from UTC then; a day is from its beginning."""
    column = requests.column(part)
    if column is None:
        return exp.Null()
    local = exp.cast(column.ref, "TIMESTAMP", dialect="duckdb")
    there = _call("timezone", exp.Literal.string(requests.zone.key), local)
    utc = _call("timezone", exp.Literal.string("UTC"), there)
    minutes = _call("date_diff", exp.Literal.string("minute"), utc, local)
    sign = exp.Case().when(exp.LT(this=minutes, expression=exp.Literal.number(0)), exp.Literal.string("-"))
    text = _call("replace", _as_text(local), exp.Literal.string(" "), exp.Literal.string("T"))
    hour = exp.IntDiv(this=_call("abs", minutes), expression=exp.Literal.number(60))
    rest = exp.Mod(this=_call("abs", minutes), expression=exp.Literal.number(60))
    parts = [text, sign.else_(exp.Literal.string("+")), _two(hour), exp.Literal.string(":"), _two(rest)]
    return exp.Case().when(exp.Is(this=local.copy(), expression=exp.Null()), exp.Null()).else_(_joined(parts))


def _json(requests: Requests) -> exp.Expr:
    return _joined([exp.Literal.string(",{"), *json_lines.members(_members(requests)), exp.Literal.string("}")])


def _xml(requests: Requests) -> exp.Expr:
    parts: list[exp.Expr] = [exp.Literal.string(f"<{_REQUEST}>")]
    for told in _members(requests):
        text = _fit(_as_text(told.ref)) if told.kind.family is Family.TEXT else _as_text(told.ref)
        element = [exp.Literal.string(f"<{told.name}>"), text, exp.Literal.string(f"</{told.name}>")]
        missing = exp.Is(this=told.ref, expression=exp.Null())
        parts.append(exp.Case().when(missing, exp.Literal.string(f"<{told.name}/>")).else_(_joined(element)))
    return _joined([*parts, exp.Literal.string(f"</{_REQUEST}>")])


def _fit(text: exp.Expr) -> exp.Expr:
    """A text as it may stand in XML; a carriage return is written out, because readers take it for a line end."""
    text = _call("regexp_replace", text, *map(exp.Literal.string, (_UNFIT, "\ufffd", "g")))
    for sign, written in _ESCAPES:
        text = _call("replace", text, exp.Literal.string(sign), exp.Literal.string(written))
    return _call("replace", text, _call("chr", exp.Literal.number(13)), exp.Literal.string("&#13;"))


def _two(number: exp.Expr) -> exp.Expr:
    return _call("lpad", _as_text(number), exp.Literal.number(2), exp.Literal.string("0"))


def _as_text(value: exp.Expr) -> exp.Expr:
    return exp.cast(value.copy(), "TEXT", dialect="duckdb")


def _call(name: str, *arguments: exp.Expr) -> exp.Expr:
    return exp.Anonymous(this=name, expressions=[argument.copy() for argument in arguments])


def _joined(parts: Sequence[exp.Expr]) -> exp.Expr:
    return exp.Concat(expressions=list(parts), safe=False, coalesce=False)


def _list(rows: bytes) -> bytes:
    return b"[" + rows[1:] + b"]"


def _document(rows: bytes) -> bytes:
    begin = b"<?xml version='1.0' encoding='utf-8'?>\n<service_requests>"
    return begin + rows + b"</service_requests>"


FORMS: Mapping[str, Form] = {"json": Form(_json, _list), "xml": Form(_xml, _document)}
"""By the ends of addresses."""
