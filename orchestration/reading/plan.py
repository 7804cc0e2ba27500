"""Which landed batches a load reads, in the order they arrived, and how they are cut into bounded pieces of work."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from catalog.contract.model import FeedContract
from orchestration.landing.ledger import Ledger
from orchestration.landing.records import Batch, Receipt
from orchestration.reading.source import Piece

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

CHUNK_BYTES = 128 << 20
PIECES = "_pieces"


@dataclass(frozen=True)
class PlannedBatch:
    """A batch to be read: `number` is its place in the order of arrival within the load."""

    number: int
    batch: Batch
    pieces: tuple[Piece, ...]

    @property
    def size(self) -> int:
        """Landed bytes of the batch."""
        return sum(piece.receipt.size for piece in self.pieces)

    def of_table(self, table: str, role: str = "data") -> list[Piece]:
        """The batch's objects of one table and role."""
        return [p for p in self.pieces if p.receipt.table == table and p.receipt.role == role]


def plan(ledger: Ledger, contract: FeedContract, done: Iterable[str]) -> list[PlannedBatch]:
    """Closed batches of the feed that are not `done`, in order of arrival.

    Arrival is what decides which version of a row came before another; it is by business date except for late
    batches, and it does not depend on how batches are grouped into loads.
    """
    skip = set(done)
    batches = [batch for batch in ledger.batches(contract.id) if batch.batch_id not in skip]
    return number_batches(ledger, contract, batches)


def number_batches(ledger: Ledger, contract: FeedContract, batches: Iterable[Batch]) -> list[PlannedBatch]:
    """The batches in order of arrival with their objects; objects of tables the contract has not are left out."""
    known = {table.name for table in contract.tables}
    ordered = sorted(batches, key=lambda b: (b.closed_at, b.business_date, b.batch_id))
    planned, count = [], 0
    for number, batch in enumerate(ordered):
        receipts: list[Receipt] = [r for r in ledger.objects(batch.batch_id) if r.table in known]
        pieces = tuple(Piece(count + i, r, ledger.object_path(r.object_id)) for i, r in enumerate(receipts))
        count += len(pieces)
        planned.append(PlannedBatch(number, batch, pieces))
    return planned


def chunks(batches: Sequence[PlannedBatch], limit: int = CHUNK_BYTES) -> Iterator[list[PlannedBatch]]:
    """Consecutive batches of together at most `limit` landed bytes; one larger batch is a chunk of its own."""
    chunk: list[PlannedBatch] = []
    for batch in batches:
        if chunk and sum(b.size for b in chunk) + batch.size > limit:
            yield chunk
            chunk = []
        chunk.append(batch)
    if chunk:
        yield chunk


def register_pieces(con: duckdb.DuckDBPyConnection, batches: Sequence[PlannedBatch]) -> None:
    """Make the temporary table `_pieces` tell batch, date, object and file of every piece number."""
    con.register("_piece_rows", _piece_table(batches))
    con.execute(f"CREATE OR REPLACE TEMP TABLE {PIECES} AS SELECT * FROM _piece_rows")
    con.unregister("_piece_rows")


def _piece_table(batches: Sequence[PlannedBatch]) -> pa.Table:
    import pyarrow as pa

    rows = [
        {
            "_piece": piece.number,
            "_seq": planned.number,
            "_batch_id": planned.batch.batch_id,
            "_business_date": planned.batch.business_date,
            "_object_id": piece.receipt.object_id,
            "_file_name": piece.receipt.file_name,
            "_landed_at": planned.batch.closed_at.replace(tzinfo=None),
            "_variant": piece.receipt.variant,
            "_role": piece.receipt.role,
            "_table": piece.receipt.table,
        }
        for planned in batches
        for piece in planned.pieces
    ]
    schema = pa.schema(
        [
            ("_piece", pa.int32()),
            ("_seq", pa.int32()),
            ("_batch_id", pa.string()),
            ("_business_date", pa.date32()),
            ("_object_id", pa.string()),
            ("_file_name", pa.string()),
            ("_landed_at", pa.timestamp("us")),
            ("_variant", pa.int16()),
            ("_role", pa.string()),
            ("_table", pa.string()),
        ]
    )
    return pa.Table.from_pylist(rows, schema=schema)
