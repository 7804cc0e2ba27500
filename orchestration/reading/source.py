"""What every reader of a format hands over: a relation of raw text, and what it noticed while reading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.contract.model import Table
from expectations.sql import literal
from orchestration.landing.records import Receipt
from orchestration.reading.header import Layout

if TYPE_CHECKING:
    import pyarrow as pa

TEXT_LIMIT = 10_000


@dataclass(frozen=True)
class Piece:
    """One landed object to be read: its number within the load, its receipt and its bytes."""

    number: int
    receipt: Receipt
    path: Path


@dataclass
class Findings:
    """What reading noticed, by piece number; complete when the relation has been read to its end.

    `faults` are block reasons (nothing of such a piece may land), `notes` warnings for the steward, `counts` the
    records the reader saw, `layouts` the headers met (the column `_layout` of the relation indexes them).
    """

    faults: dict[int, str] = field(default_factory=dict)
    notes: dict[int, str] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)
    layouts: list[Layout] = field(default_factory=list)

    def layout_number(self, layout: Layout) -> int:
        """Index of `layout` in `layouts`, added when new."""
        if layout not in self.layouts:
            self.layouts.append(layout)
        return self.layouts.index(layout)


@dataclass(frozen=True)
class Target:
    """What a file is read for: its table, the piece it is, and where to note what is odd."""

    table: Table
    piece: Piece
    findings: Findings

    def fault(self, reason: str) -> None:
        """Nothing of the piece may land."""
        self.findings.faults[self.piece.number] = reason

    def note(self, text: str) -> None:
        """The steward should know this, although the piece can be read."""
        notes = self.findings.notes
        notes[self.piece.number] = "; ".join(dict.fromkeys((*filter(None, [notes.get(self.piece.number)]), text)))

    def admit(self, layout: Layout) -> bool:
        """Note what is odd about a header; False when no column of it is known.

        The rows of a header with a fault are read all the same: the batch is held, and its account says how many.
        """
        if layout.note is not None:
            self.note(layout.note)
        if layout.fault is not None:
            self.fault(layout.fault)
        return any(at is not None for at in layout.positions)


@dataclass(frozen=True)
class Source:
    """A relation of RELATION_COLUMNS, `_shape` and one VARCHAR column per contract column; it can be read once.

    `_error` says why a record could not be read and `_text` is then its text; `_shape` is a JSON list of the keys
    of a document, NULL for formats with a header.
    """

    relation: str
    findings: Findings


RELATION_COLUMNS = ("_piece", "_line", "_error", "_text", "_layout")


def row_batch(target: Target, layout: Layout, columns: Sequence[pa.Array | None], lines: pa.Array) -> pa.RecordBatch:
    """Records that could be read: one text array per contract column (None when not delivered)."""
    import pyarrow as pa

    size = len(lines)
    empty = pa.nulls(size, pa.string())
    fixed = [
        pa.repeat(pa.scalar(target.piece.number, pa.int32()), size),
        lines,
        empty,
        empty,
        pa.repeat(pa.scalar(target.findings.layout_number(layout), pa.int16()), size),
    ]
    texts = [empty if column is None else column.cast(pa.string()) for column in columns]
    return pa.RecordBatch.from_arrays([*fixed, *texts], schema=arrow_schema(target.table))


def error_batch(target: Target, found: Sequence[tuple[int, str, str]]) -> pa.RecordBatch:
    """Records that could not be read: (record number, what is wrong, its text)."""
    import pyarrow as pa

    size = len(found)
    lines, messages, texts = zip(*found, strict=True)
    fixed = [
        pa.repeat(pa.scalar(target.piece.number, pa.int32()), size),
        pa.array(lines, pa.int64()),
        pa.array(messages, pa.string()),
        pa.array([text[:TEXT_LIMIT] for text in texts], pa.string()),
        pa.repeat(pa.scalar(-1, pa.int16()), size),
    ]
    empty = [pa.nulls(size, pa.string())] * len(target.table.properties)
    return pa.RecordBatch.from_arrays([*fixed, *empty], schema=arrow_schema(target.table))


def arrow_schema(table: Table) -> pa.Schema:
    """Schema of the streams the readers make for `table`."""
    import pyarrow as pa

    kinds = (pa.int32(), pa.int64(), pa.string(), pa.string(), pa.int16())
    fixed = list(zip(RELATION_COLUMNS, kinds, strict=True))
    return pa.schema([*fixed, *((column.name, pa.string()) for column in table.properties)])


def counted(batches: Iterator[pa.RecordBatch], target: Target) -> Iterator[pa.RecordBatch]:
    """The same batches, their rows added to the piece's count."""
    counts, number = target.findings.counts, target.piece.number
    for batch in batches:
        counts[number] = counts.get(number, 0) + batch.num_rows
        yield batch


def raw_json(table: Table, prefix: str = "_r_") -> str:
    """Expression for the delivered row as JSON by contract names, over `_text` and the raw names after `prefix`."""
    pairs = ", ".join(f"{literal(column.name)}, {prefix}{column.name}" for column in table.properties)
    return f"(CASE WHEN _text IS NOT NULL THEN json_object('_text', _text) ELSE json_object({pairs}) END)::VARCHAR"


def relabelled(table: Table, layouts: Sequence[Layout]) -> str:
    """Expression that turns `_raw` (JSON by contract names) into JSON by the headers of the row's `_layout`."""
    cases = "".join(f" WHEN {number} THEN {_object(table, layout)}" for number, layout in enumerate(layouts))
    return f"(CASE _layout{cases} ELSE _raw END)::VARCHAR" if cases else "_raw"


def _object(table: Table, layout: Layout) -> str:
    pairs = [
        f"{literal(name)}, _raw ->> {literal(f'$.{column.name}')}"
        for column, name in zip(table.properties, layout.names, strict=True)
        if name is not None
    ]
    return f"json_object({', '.join(pairs)})::VARCHAR"
