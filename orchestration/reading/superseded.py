"""Held batches that a later delivery replaced for certain: the same day and table came again and was accepted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.city import City
from catalog.contract.model import FeedContract, Table
from catalog.contract.options import FolderTransport
from catalog.workspace import Workspace
from orchestration.connectors.filenames import version_of
from orchestration.landing.ledger import Ledger
from orchestration.landing.records import Version

if TYPE_CHECKING:
    import duckdb

_LATER = """
SELECT h.feed, h.table_name, h.batch_id, l.batch_id
FROM lake.ops.batch h JOIN lake.ops.batch l USING (feed, table_name, business_date)
WHERE h.status = 'held' AND l.status = 'loaded' AND l.rows_in > 0 AND l.landed_at > h.landed_at
ORDER BY l.landed_at
"""


def superseded(con: duckdb.DuckDBPyConnection, city: City, workspace: Workspace) -> dict[tuple[str, str], str]:
    """The newest accepted batch that replaces each held one, by (held batch, table); the uncertain are left out."""
    found: dict[tuple[str, str], str] = {}
    with Ledger(workspace) as ledger:
        for feed, name, held, later in con.execute(_LATER).fetchall():
            contract = city.feeds.get(feed)
            table = next((t for t in contract.tables if t.name == name), None) if contract else None
            if contract and table and _replaces(ledger, contract, table, held, later):
                found[held, name] = later
    return found


def _replaces(ledger: Ledger, contract: FeedContract, table: Table, held: str, later: str) -> bool:
    """Whether the later batch holds all that the earlier of the same day would: not so for a further file of it.

    A snapshot holds everything, an interface or a database is asked for the whole day again, and a file's newer
    version replaces the older.
    """
    if table.options.delivery == "snapshot" or not isinstance(contract.options.transport, FolderTransport):
        return True
    return _version(ledger, contract, table, held) < _version(ledger, contract, table, later)


def _version(ledger: Ledger, contract: FeedContract, table: Table, batch: str) -> Version:
    of_table = (receipt for receipt in ledger.objects(batch) if receipt.table == table.name)
    return max((version_of(contract, table.name, receipt.file_name) for receipt in of_table), default=())
