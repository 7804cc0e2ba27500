"""The formats of an answer to SQL: the sandbox writes its rows, the gateway what stands around them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from gateway.answers import csv_rows, json_lines, json_rows
from gateway.answers.fields import Field
from gateway.answers.forms import FORMS
from gateway.view.types import ValueType


@dataclass(frozen=True)
class AnswerField:
    """One column of an answer."""

    name: str
    kind: ValueType
    place: int

    @property
    def ref(self) -> exp.Expr:
        """Its value in the kept answer, brought to its API type."""
        column = exp.column(exp.to_identifier(f"c{self.place}", quoted=True))
        return column if self.kind.cast is None else exp.cast(column, self.kind.cast, dialect="duckdb")


@dataclass(frozen=True)
class SqlForm:
    """One format: the columns the sandbox makes of the answer's, what it puts `between` rows that are text, whether the
    rows are `columns` (Arrow) instead, and what is put around them, given the members of a JSON document."""

    name: str
    outputs: Callable[[Sequence[Field]], list[exp.Expr]]
    around: Callable[[Sequence[Field], dict[str, Any], bytes], bytes]
    between: str = ""
    columns: bool = False

    @property
    def media_type(self) -> str:
        """The media type, as everywhere else."""
        return FORMS[self.name].media_type

    @property
    def essence(self) -> str:
        """The media type without parameters."""
        return FORMS[self.name].essence


def _object(fields: Sequence[Field]) -> list[exp.Expr]:
    parts = [exp.Literal.string(","), json_lines.line(fields)]
    return [exp.Concat(expressions=parts, safe=False, coalesce=False)]


def _document(fields: Sequence[Field], members: dict[str, Any], rows: bytes) -> bytes:
    head = {**members, "columns": [{"name": field.name, "type": field.kind.name} for field in fields]}
    return json_rows.dumps(head)[:-1] + b',"rows":[' + rows + b"]}"


SQL_FORMS: dict[str, SqlForm] = {
    form.name: form
    for form in (
        SqlForm("json", _object, _document, between=","),
        SqlForm("csv", FORMS["csv"].outputs, lambda fields, _members, rows: csv_rows.header(fields, bom=False) + rows),
        SqlForm("ndjson", FORMS["ndjson"].outputs, lambda _fields, _members, rows: rows),
        SqlForm("arrow", FORMS["arrow"].outputs, lambda _fields, _members, rows: rows, columns=True),
    )
}
