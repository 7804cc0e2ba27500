"""Writes the files departments send: delimited text, Excel workbooks, XML. The same rows give the same bytes."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

Row = Sequence[object]
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest time a ZIP archive can hold
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
SHEET_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET_TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{SHEET_TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{RELATIONS}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def delimited(header: Row, rows: Iterable[Row], *, encoding: str, delimiter: str = ",") -> bytes:
    """Delimited text with CRLF line ends; None is an empty field."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue().encode(encoding)


def workbook(sheet: str, title: str, header: Row, rows: Iterable[Row]) -> bytes:
    """An Excel workbook of one sheet: a title row, the header row, then the rows; numbers become number cells."""
    lines = [[title], header, *rows]
    body = "".join(
        f'<row r="{number}">{"".join(_cell(value, place, number) for place, value in enumerate(line))}</row>'
        for number, line in enumerate(lines, start=1)
    )
    parts = {
        **PARTS,
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
        f'<sheet name="{escape(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{body}</sheetData></worksheet>',
    }
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(zipfile.ZipInfo(name, EPOCH), HEAD + content, zipfile.ZIP_DEFLATED)
    return target.getvalue()


def xml(record: str, header: Sequence[str], rows: Iterable[Row], *, encoding: str) -> bytes:
    """An XML document of `record` elements, one child a column; None leaves the child out."""
    lines = [f'<?xml version="1.0" encoding="{encoding.upper()}"?>', "<DATA>"]
    for row in rows:
        children = "".join(
            f"<{name}>{escape(str(value))}</{name}>"
            for name, value in zip(header, row, strict=True)
            if value is not None
        )
        lines.append(f"<{record}>{children}</{record}>")
    lines.append("</DATA>\n")
    return "\n".join(lines).encode(encoding)


def _cell(value: object, place: int, row: int) -> str:
    if value is None or value == "":
        return ""
    at = f"{_letters(place)}{row}"
    if isinstance(value, int | float):
        return f'<c r="{at}"><v>{value}</v></c>'
    return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def _letters(place: int) -> str:
    """Column letters of a 0-based place: 0 is A, 26 is AA."""
    first, last = divmod(place, 26)
    return (chr(64 + first) if first else "") + chr(65 + last)
