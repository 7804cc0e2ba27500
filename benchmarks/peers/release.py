"""The tickets as a CivicLake workspace: a release by the product's own writer, and the policy that ships."""

from __future__ import annotations

import hashlib
import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from benchmarks.peers.tickets import COLUMNS, TABLE
from catalog.canonical import write_json
from catalog.compiled import CATALOG_FILE, CityInfo, CompiledCatalog, CompiledColumn, CompiledDataset
from catalog.contract.options import Title
from catalog.policy.compile import matrix_rules
from catalog.policy.load import shared_policy
from catalog.policy.model import ColumnPolicy, CompiledPolicy, DatasetPolicy, TierLimits
from catalog.release import LOOK_UP_FILE, QualitySummary, ReleaseManifest, write_manifest
from catalog.workspace import Workspace
from orchestration.release.files import SERVING, describe_file, release_hash, serving_database, write_dataset
from orchestration.release.lookup import write_look_ups
from orchestration.release.store import ReleaseStore

CITY = "yunzhou"
_TITLE = Title(zh="工单", en="Tickets")
_AMPLE = TierLimits(requests_per_minute=10**9, cost_per_minute=10**12, concurrent_exports=64, page_rows=10_000)
"""Counted on every request like any other limit, and never reached."""
_AT = datetime(2026, 11, 22, tzinfo=UTC)


def publish_tickets(tickets: Path, home: Path) -> Path:
    """Write the tickets of a DuckDB file as the current release of a fresh workspace; its folder of files."""
    shutil.rmtree(home, ignore_errors=True)
    workspace, entry = Workspace(home), _entry()
    store = ReleaseStore(workspace)
    with duckdb.connect() as con, store.staging(1) as folder:
        con.execute(f"ATTACH '{tickets}' AS lake (READ_ONLY)")
        (folder / "files").mkdir()
        with serving_database(con, folder) as schema:
            datasets = (write_dataset(con, entry, schema, folder),)
            write_look_ups(con, (entry,), schema, folder)
        CompiledCatalog(city=_city(), datasets=(entry,), models=(), feeds=()).save(folder / CATALOG_FILE)
        write_manifest(
            ReleaseManifest(
                number=1, city=CITY, title=_TITLE, published_at=_AT, content_hash=release_hash(datasets, None),
                lake_snapshot=1, datasets=datasets,
                quality=QualitySummary(score=1.0, checks_passed=0, checks_warned=0, checks_failed=0),
                files=tuple(describe_file(folder, name) for name in (CATALOG_FILE, SERVING, LOOK_UP_FILE)),
            ),
            folder,
        )  # fmt: skip
        store.seal(folder, 1)
    store.switch(1, "publish", _AT)
    write_json(_policy(entry), workspace.policy)
    return store.path(1) / "files"


def _entry() -> CompiledDataset:
    return CompiledDataset(
        id=TABLE, model=TABLE, title=_TITLE, description="Tickets.", grain="One row per ticket.", level="L1",
        columns=tuple(
            CompiledColumn(name=name, type=kind, title=_TITLE, description="", level="L1", nullable=name == "closed_at")
            for name, kind in COLUMNS.items()
        ),
        key=("ticket_no",), order=("ticket_no",), sharing="unconditional", opening="unconditional", publisher=_TITLE,
        owner=None, licence="CC-BY-4.0", frequency="daily", themes=(), upstream=(), feeds=(),
        access=(("district", "-opened_at"), ("~text",)),
    )  # fmt: skip


def _city() -> CityInfo:
    return CityInfo(
        id=CITY, title=_TITLE, country="CN", timezone="Asia/Shanghai", area_code="990100",
        bbox=(120.0, 30.0, 121.0, 31.0), licence="CC-BY-4.0", publisher=_TITLE,
    )  # fmt: skip


def _policy(entry: CompiledDataset) -> CompiledPolicy:
    shared = shared_policy()
    return CompiledPolicy(
        version=hashlib.sha256(CITY.encode()).hexdigest()[:8],
        city=CITY,
        rules=tuple(matrix_rules(shared.matrix)),
        datasets=(
            DatasetPolicy(
                id=entry.id,
                sharing=entry.sharing,
                opening=entry.opening,
                columns=tuple(ColumnPolicy(name=column.name, level=column.level) for column in entry.columns),
            ),
        ),
        limits=dict.fromkeys(shared.matrix.tiers, _AMPLE),
        clocks={},
        minimum_cell=5,
    )
