"""A town whose one feed is written by the test itself: deliver bytes, load them, look into the lake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from catalog.city import City
from catalog.contract.model import FeedContract
from catalog.workspace import Workspace
from orchestration.lake.connect import open_lake
from orchestration.lake.schema import ensure_ops
from orchestration.landing.ledger import Ledger
from orchestration.landing.records import Receipt
from orchestration.reading.decisions import approve
from orchestration.reading.load import load_feed
from orchestration.reading.report import LoadReport
from orchestration.reading.retry import retry_quarantine

DAY = date(2024, 3, 1)
TITLE = {"zh": "测试", "en": "Test"}
CSV = {"kind": "csv"}


def custom(**values: Any) -> list[dict[str, Any]]:
    return [{"property": name, "value": value} for name, value in values.items()]


def column(name: str, kind: str = "VARCHAR", *, key: int = 0, required: bool = False, **rest: Any) -> dict[str, Any]:
    """A column of DuckDB type `kind`; `key` is its place in the key, from 1."""
    logical = {"VARCHAR": "string", "BIGINT": "integer", "INTEGER": "integer", "BOOLEAN": "boolean", "DATE": "date"}
    fallback = "timestamp" if kind.startswith("TIMESTAMP") else "number"
    options = rest.pop("options", {})
    return {
        "name": name,
        "logicalType": logical.get(kind, fallback),
        "physicalType": kind,
        "classification": "L1",
        "required": required,
        "primaryKey": bool(key),
        "primaryKeyPosition": key or -1,
        "customProperties": custom(title=TITLE, **options),
        **rest,
    }


def rule(name: str, implementation: str, severity: str = "quarantine", **options: Any) -> dict[str, Any]:
    return {
        "name": name,
        "description": f"rule {name}",
        "type": "custom",
        "engine": "civiclake",
        "implementation": implementation,
        "severity": severity,
        "dimension": "conformity",
        "customProperties": custom(**options),
    }


def table(
    name: str, columns: Sequence[dict[str, Any]], *formats: dict[str, Any], rules: Sequence[Any] = (), **options: Any
) -> dict[str, Any]:
    """A table with one variant per format (CSV when none is given)."""
    variants = [
        {"source": {"kind": "folder", "pattern": ".*", "fixed_date": DAY}, "format": f} for f in formats or [CSV]
    ]
    settings = {"delivery": "append", **options}
    return {
        "name": name,
        "physicalName": f"feed_{name}",
        "description": "Test",
        "dataGranularityDescription": "One row per thing.",
        "properties": list(columns),
        "quality": list(rules),
        "customProperties": custom(title=TITLE, variants=variants, **settings),
    }


def contract(*tables: dict[str, Any], **options: Any) -> FeedContract:
    settings = {"lateness": {"days": 30}, "batch": {"max_bad_share": 1.0}, **options}
    document = {
        "apiVersion": "v3.1.0",
        "kind": "DataContract",
        "id": "feed",
        "name": "Feed",
        "version": "1.0.0",
        "status": "active",
        "domain": "test",
        "description": {"purpose": "Test"},
        "schema": list(tables),
        "customProperties": custom(
            title=TITLE,
            transport={"kind": "folder", "path": "/nowhere"},
            start_date="2024-01-01",
            owner_org="X",
            steward="x@example.org",
            **settings,
        ),
    }
    return FeedContract.model_validate(document)


class Town:
    """One workspace with its lake open for writing."""

    def __init__(self, home: Path, feed: FeedContract) -> None:
        self.workspace = Workspace(home)
        self.home = home
        self.con = open_lake(self.workspace)
        ensure_ops(self.con)
        self.use(feed)

    def use(self, feed: FeedContract) -> None:
        """From now on the feed has this contract."""
        self.feed = feed
        self.city = City(
            id="town",
            title=TITLE,
            country="CN",
            timezone="Asia/Shanghai",
            area_code="990000",
            bbox=(100.0, 20.0, 110.0, 30.0),
            default_crs="EPSG:4490",
            licence="CC-BY-4.0",
            publisher=TITLE,
            root=self.home,
            feeds={"feed": feed},
        )

    def deliver(
        self,
        files: Mapping[str, bytes | str],
        *,
        day: date = DAY,
        table: str = "thing",
        variant: int = 0,
        role: Any = "data",
    ) -> list[str]:
        """Land files of one table as one pull; returns the ids of its batches."""
        return self.deliver_many([(table, variant, role, name, body) for name, body in files.items()], day)

    def deliver_many(self, files: Sequence[tuple[str, int, Any, str, bytes | str]], day: date = DAY) -> list[str]:
        """Land (table, variant, role, file name, content) as one pull."""
        with Ledger(self.workspace) as ledger:
            pull = ledger.open_pull("feed", day, self.feed.version)
            receipts = []
            for name, variant, role, file_name, body in files:
                content = body.encode() if isinstance(body, str) else body
                stored = ledger.store.put([content])
                now = datetime.now(UTC)
                receipts.append(
                    Receipt(
                        "feed",
                        name,
                        role,
                        variant,
                        file_name,
                        stored.object_id,
                        stored.size,
                        "test:",
                        now,
                        day,
                        "1.0.0",
                    )
                )
            ledger.record(pull, receipts)
            return [batch.batch_id for batch in ledger.close_pull(pull)]

    def load(self) -> LoadReport:
        return load_feed(self.con, self.city, "feed", self.workspace, DAY + timedelta(days=400))

    def retry(self, approved: Sequence[str] = ()) -> LoadReport:
        for batch in approved:
            approve(self.con, batch, "seen and right", "lin")
        return retry_quarantine(self.con, self.city, "feed", self.workspace)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        return self.con.execute(query).fetchall()

    def account(self, table: str = "thing") -> tuple[int, int, int, int]:
        """(in, accepted, quarantined, duplicate) over all loaded batches of a table, each proven to close."""
        found = self.rows(
            "SELECT rows_in, rows_accepted, rows_quarantined, rows_duplicate, rows_deleted, batch_id FROM ops.batch "
            f"WHERE table_name = '{table}' AND status = 'loaded'"
        )
        for rows_in, accepted, quarantined, duplicate, deleted, batch in found:
            assert rows_in == accepted + quarantined + duplicate
            where = f"_batch_id = '{batch}'"
            assert self.rows(f"SELECT count(*) FROM landed.feed_{table} WHERE {where} AND _line > 0") == [(accepted,)]
            assert self.rows(f"SELECT count(*) FROM landed.feed_{table} WHERE {where} AND _line = 0") == [(deleted,)]
        return tuple(sum(row[i] for row in found) for i in range(4))  # type: ignore[return-value]
