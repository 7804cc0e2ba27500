"""The formats of a datastore's rows: each gives the line the engine writes, and what becomes of the lines."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlglot import exp

from gateway.answers import csv_rows, json_lines
from gateway.answers.fields import Field
from gateway.answers.forms import FORMS, Form
from gateway.answers.text_rows import TextWriter
from gateway.facades.ckan.datastore import type_name

_TAB = "\t"


@dataclass(frozen=True)
class Records:
    """One format of the records of a page."""

    line: Callable[[Sequence[Field]], exp.Expr]
    join: Callable[[bytes], Any]


def _after_comma(text: exp.Expr) -> exp.Expr:
    return exp.Concat(expressions=[exp.Literal.string(","), text], safe=False, coalesce=False)


def _array(text: bytes) -> orjson.Fragment:
    return orjson.Fragment(b"[" + text.removeprefix(b",") + b"]")


RECORDS: dict[str, Records] = {
    "objects": Records(lambda fields: _after_comma(json_lines.line(fields)), _array),
    "lists": Records(lambda fields: _after_comma(json_lines.values(fields)), _array),
    "csv": Records(csv_rows.line, bytes.decode),
    "tsv": Records(lambda fields: csv_rows.line(fields, _TAB), bytes.decode),
}


def _json_writer(fields: Sequence[Field], _bom: bool) -> TextWriter:
    named = [{"id": field.name, "type": type_name(field.kind)} for field in fields]
    begin = b'{"fields":' + orjson.dumps(named) + b',"records":['
    return TextWriter(begin, between=b",", end=b"]}")


DUMPS: dict[str, Form] = {
    "csv": FORMS["csv"],
    "tsv": Form(
        "tsv",
        "text/tab-separated-values; charset=utf-8",
        "As CSV, with tabs.",
        lambda fields: [csv_rows.line(fields, _TAB)],
        lambda fields, bom: TextWriter(csv_rows.header(fields, bom=bom, separator=_TAB)),
    ),
    "json": Form(
        "json",
        "application/json",
        "The columns, and each row as a list.",
        lambda fields: [_after_comma(json_lines.values(fields))],
        _json_writer,
    ),
}
"""The formats of a dump by the word that asks for them."""
