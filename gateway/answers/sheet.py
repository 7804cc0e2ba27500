"""Rows as a spreadsheet (XLSX, ISO/IEC 29500): the engine writes the rows' markup, a ZIP file is made around it."""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

from sqlglot import exp

from gateway.answers.fields import Field
from gateway.answers.text_rows import text_of
from gateway.view.types import Family
from gateway.web.codings import Tape

if TYPE_CHECKING:
    import pyarrow as pa

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_048_575  # of a sheet, the line of names taken off
_LONGEST = 32_767  # characters of a cell
_SAFE_DIGITS = 15  # digits a spreadsheet keeps of a number
_XML = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_CONTROL = r"[\x00-\x08\x0B\x0C\x0E-\x1F]"  # what XML cannot hold
_MADE = (1980, 1, 1, 0, 0, 0)  # the same rows are the same bytes
_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>'
    '<sheet name="data" sheetId="1" r:id="rId1"/></sheets></workbook>',
}


def row(fields: Sequence[Field]) -> exp.Expr:
    """Expression that gives a row's markup. Numbers a spreadsheet would round, dates and times are text."""
    parts: list[exp.Expr] = [exp.Literal.string("<row>")]
    parts += [exp.Coalesce(this=_cell(field), expressions=[exp.Literal.string("<c/>")]) for field in fields]
    return exp.Concat(expressions=[*parts, exp.Literal.string("</row>")], safe=False, coalesce=False)


def _cell(field: Field) -> exp.Expr:
    family, kind = field.kind.family, field.kind
    text: exp.Expr = exp.cast(field.ref, "TEXT", dialect="duckdb")
    if family is Family.NESTED:
        text = exp.cast(exp.Anonymous(this="to_json", expressions=[field.ref]), "TEXT", dialect="duckdb")
    if family is Family.INTEGER or (family is Family.DECIMAL and kind.precision <= _SAFE_DIGITS):
        safe = exp.LTE(this=exp.Length(this=text.copy()), expression=exp.Literal.number(_SAFE_DIGITS))
        return exp.Case().when(safe, _around("<c><v>", text, "</v></c>")).else_(_text_cell(text.copy()))
    if family is Family.FLOAT:
        finite = exp.Anonymous(this="isfinite", expressions=[field.ref])
        return exp.Case().when(finite, _around("<c><v>", text, "</v></c>")).else_(_text_cell(text.copy()))
    if family is Family.BOOLEAN:
        number = exp.cast(exp.cast(field.ref, "INTEGER", dialect="duckdb"), "TEXT", dialect="duckdb")
        return _around('<c t="b"><v>', number, "</v></c>")
    return _text_cell(text)


def _text_cell(text: exp.Expr) -> exp.Expr:
    """A cell of text, without what XML or a cell cannot hold; it is never a formula."""
    found: exp.Expr = exp.Left(this=text, expression=exp.Literal.number(_LONGEST))
    found = exp.Anonymous(
        this="regexp_replace",
        expressions=[found, exp.Literal.string(_CONTROL), exp.Literal.string("\ufffd"), exp.Literal.string("g")],
    )
    for sign, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;")):
        old = exp.Chr(expressions=[exp.Literal.number(13)]) if sign == "\r" else exp.Literal.string(sign)
        found = exp.Anonymous(this="replace", expressions=[found, old, exp.Literal.string(entity)])
    return _around('<c t="inlineStr"><is><t xml:space="preserve">', found, "</t></is></c>")


def _around(begin: str, middle: exp.Expr, end: str) -> exp.Expr:
    """Nothing where the middle is missing."""
    found = exp.DPipe(this=exp.Literal.string(begin), expression=middle)
    return exp.DPipe(this=found, expression=exp.Literal.string(end))


class SheetWriter:
    """A workbook of one sheet, its first line the names."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self._tape = Tape()
        self._zip = zipfile.ZipFile(self._tape, "w", zipfile.ZIP_DEFLATED, compresslevel=5)
        for name, text in _PARTS.items():
            self._zip.writestr(_info(name), _XML + text)
        self._sheet = self._zip.open(_info("xl/worksheets/sheet1.xml"), "w", force_zip64=False)
        names = "".join(f'<c t="inlineStr"><is><t>{escape(field.name)}</t></is></c>' for field in fields)
        self._sheet.write(f'{_XML}<worksheet xmlns="{_MAIN}"><sheetData><row>{names}</row>'.encode())

    def write(self, rows: pa.RecordBatch) -> bytes:
        """The markup of some rows, compressed."""
        self._sheet.write(text_of(rows))
        return self._tape.take()

    def close(self) -> bytes:
        """The end of the sheet and the directory of the workbook."""
        self._sheet.write(b"</sheetData></worksheet>")
        self._sheet.close()
        self._zip.close()
        return self._tape.take()


def _info(name: str) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name, _MADE)
    found.compress_type = zipfile.ZIP_DEFLATED
    return found
