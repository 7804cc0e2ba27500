"""A city of one feed for the landing tests, and what its ledger says apart from times."""

from __future__ import annotations

import hashlib
from datetime import date, timedelta
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from catalog.city import City
from catalog.contract.model import FeedContract
from catalog.workspace import Workspace
from orchestration.landing.ledger import Ledger
from orchestration.landing.pull import pull

DAY = date(2026, 1, 5)
DAYS = [DAY + timedelta(days=number) for number in range(3)]
TITLE = {"zh": "测试", "en": "Test"}


def properties(**options: Any) -> list[dict[str, Any]]:
    return [{"property": name, "value": value} for name, value in options.items()]


def column(name: str, *, key: bool = False) -> dict[str, Any]:
    return {
        "name": name,
        "logicalType": "string",
        "physicalType": "VARCHAR",
        "classification": "L1",
        "primaryKey": key,
        "customProperties": properties(title=TITLE),
    }


def table(name: str, *variants: dict[str, Any], **options: Any) -> dict[str, Any]:
    return {
        "name": name,
        "physicalName": f"feed_{name}",
        "description": "Test",
        "dataGranularityDescription": "One row per thing.",
        "properties": [column("id", key=True), column("text")],
        "customProperties": properties(title=TITLE, delivery="upsert", variants=list(variants), **options),
    }


def city(root: Path, transport: dict[str, Any], *tables: dict[str, Any], **options: Any) -> City:
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
        "customProperties": properties(
            title=TITLE,
            transport=transport,
            start_date="2026-01-01",
            lateness={"days": 30},
            owner_org="X",
            steward="x@example.org",
            **options,
        ),
    }
    return City(
        id="town",
        title=TITLE,
        country="CN",
        timezone="Asia/Shanghai",
        area_code="990000",
        bbox=(100.0, 20.0, 110.0, 30.0),
        default_crs="EPSG:4490",
        licence="CC-BY-4.0",
        publisher=TITLE,
        root=root,
        feeds={"feed": FeedContract.model_validate(document)},
    )


def account(workspace: Workspace) -> list[tuple[Any, ...]]:
    """Everything the ledger says about batches and their objects, times apart; every object's bytes are checked."""
    found: list[tuple[Any, ...]] = []
    with Ledger(workspace) as ledger:
        assert ledger.open_pulls("feed") == []
        for batch in ledger.batches("feed"):
            found.append((batch.batch_id, batch.business_date, batch.late_days))
            for r in ledger.objects(batch.batch_id):
                content = ledger.object_path(r.object_id).read_bytes()
                assert hashlib.sha256(content).hexdigest() == r.object_id
                assert len(content) == r.size
                found.append((r.table, r.role, r.variant, r.file_name, r.object_id, r.cursor_before, r.cursor_after))
        found += [(n.kind, n.table, n.file_name, n.object_id) for n in ledger.notices("feed")]
    return found


def pull_days(city: City, home: Path) -> None:
    """Every one of DAYS into a workspace."""
    for day in DAYS:
        pull(city, "feed", day, Workspace(home))


def ready_to_pull(city: City, home: Path, ready: Event) -> None:
    """In a process of its own: say when the work begins, then do it."""
    ready.set()
    pull_days(city, home)
