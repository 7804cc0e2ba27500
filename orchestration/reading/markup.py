"""XML records as Arrow text columns: parsed in bounded blocks, entities never expanded, the network never asked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catalog.contract.options import XmlFormat
from orchestration.reading.header import resolve
from orchestration.reading.source import Target, row_batch

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK_RECORDS = 5_000
# Separators: the last two private-use characters of Unicode; they are dropped from values that hold them.
FIELD, RECORD = "\U0010fffd", "\U0010fffc"
UNREADABLE = "B1: the document cannot be read as XML"


class RefusedDocumentError(ValueError):
    """A document with a DTD: entities could be declared there, so it is not read."""


def read_markup(path: Path, form: XmlFormat, target: Target) -> Iterator[pa.RecordBatch]:
    """Batches of the records of one document; a document that is not well formed becomes a fault of the piece."""
    import pyarrow as pa
    from lxml import etree

    start, names = 1, list[str]()
    try:
        for block in _blocks(path, form):
            names += [name for name in _names(block) if name not in names]
            layout = resolve(names, target.table)
            size, columns = _columns(block, names)
            chosen = [None if at is None else columns[at] for at in layout.positions]
            yield row_batch(target, layout, chosen, pa.arange(start, start + size))
            start += size
    except (etree.XMLSyntaxError, RefusedDocumentError) as error:
        target.fault(f"{UNREADABLE} ({error})")
        return
    if start > 1:
        target.admit(resolve(names, target.table))


def _blocks(path: Path, form: XmlFormat) -> Iterator[Any]:
    """Roots of small documents that hold up to BLOCK_RECORDS records each."""
    from lxml import etree

    encoding = None if form.encoding == "declared" else form.encoding
    with path.open("rb") as file:
        walk = etree.iterparse(
            file,
            events=("end",),
            tag=form.record,
            encoding=encoding,
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        block = etree.Element("records")
        for _, record in walk:
            _refuse_doctype(record)
            block.append(record)
            if len(block) == BLOCK_RECORDS:
                yield block
                block = etree.Element("records")
        _refuse_doctype(walk.root)
        if len(block):
            yield block


def _refuse_doctype(element: Any) -> None:
    if element is not None and element.getroottree().docinfo.doctype:
        raise RefusedDocumentError("it has a document type declaration, which is refused")


def _names(block: Any) -> list[str]:
    """Names of the record children in order of first appearance, found by one pass of the XSLT engine."""
    text = str(_names_sheet()(block))
    return list(dict.fromkeys(text.split(RECORD)[:-1]))


def _columns(block: Any, names: list[str]) -> tuple[int, list[pa.Array]]:
    """(number of records, one text array per name); an absent child gives NULL."""
    import pyarrow as pa
    from pyarrow import compute as pc

    text = str(_values_sheet(tuple(names))(block))
    records = pc.split_pattern(pa.array([text], pa.large_string()), RECORD)[0].values
    records = records.slice(0, len(records) - 1)
    fields = pc.split_pattern(records, FIELD)
    columns = []
    for index in range(len(names)):
        marked = pc.list_element(fields, index)
        # The first character of a field says whether the child is there: `=` value, `-` none.
        present = pc.starts_with(marked, "=")
        columns.append(pc.if_else(present, pc.utf8_slice_codeunits(marked, 1), None).cast(pa.string()))
    return len(records), columns


def _names_sheet() -> Any:
    body = f'<xsl:for-each select="/*/*/*"><xsl:value-of select="local-name()"/>{RECORD}</xsl:for-each>'
    return _sheet(f'<xsl:template match="/">{body}</xsl:template>')


def _values_sheet(names: tuple[str, ...]) -> Any:
    fields = FIELD.join(
        f"<xsl:choose><xsl:when test=\"*[local-name()='{name}']\">="
        f"<xsl:value-of select=\"translate(*[local-name()='{name}'][1], '{FIELD}{RECORD}', '')\"/>"
        "</xsl:when><xsl:otherwise>-</xsl:otherwise></xsl:choose>"
        for name in names
    )
    return _sheet(f'<xsl:template match="/"><xsl:for-each select="/*/*">{fields}{RECORD}</xsl:for-each></xsl:template>')


def _sheet(body: str) -> Any:
    from lxml import etree

    text = (
        '<xsl:stylesheet version="1.0" xmlns:xsl="http://www.w3.org/1999/XSL/Transform">'
        f'<xsl:output method="text" encoding="UTF-8"/>{body}</xsl:stylesheet>'
    )
    return etree.XSLT(etree.fromstring(text.encode()))
