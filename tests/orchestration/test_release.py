"""Releases: all or nothing, immutable, verifiable, comparable, reversible."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from catalog.breach import breach_ids, read_breach
from catalog.compiled import CityInfo, CompiledCatalog, CompiledColumn, CompiledDataset, CompiledModel
from catalog.contract.options import Strict, Title
from catalog.errors import CatalogError
from catalog.workspace import Workspace
from orchestration.breaches import tell_unpublished
from orchestration.lake.connect import open_lake
from orchestration.lake.schema import ensure_ops
from orchestration.release.diff import diff
from orchestration.release.errors import DamagedReleaseError, PublishBlockedError, ReleaseError
from orchestration.release.publish import Publication, publish
from orchestration.release.rollback import rollback
from orchestration.release.store import ReleaseStore
from orchestration.release.verify import verify

Lake = duckdb.DuckDBPyConnection
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TITLE = Title(zh="许可", en="Permits")


class Lineage(Strict):
    """Stands for any lineage document."""

    edges: tuple[str, ...] = ()


def dataset(name: str, opening: str = "unconditional") -> CompiledDataset:
    columns = [
        ("doc_no", "VARCHAR", "L1"),
        ("party", "VARCHAR", "L1"),
        ("fine", "DECIMAL(18,2)", "L1"),
        ("person", "VARCHAR", "L4"),
    ]
    return CompiledDataset.model_validate(
        {
            "id": name, "model": f"open_{name}", "title": TITLE, "description": "One row per permit.",
            "grain": "One row per permit", "level": "L4", "key": ["doc_no"], "order": ["doc_no"],
            "columns": [
                CompiledColumn(name=c, type=t, title=TITLE, description="", level=level, nullable=c != "doc_no")  # type: ignore[arg-type]
                for c, t, level in columns
            ],
            "sharing": "unconditional", "opening": opening, "publisher": TITLE, "owner": None, "licence": "CC-BY-4.0",
            "frequency": "daily", "themes": [], "upstream": [], "feeds": [],
        }
    )  # fmt: skip


CATALOG = CompiledCatalog(
    city=CityInfo(
        id="tiny", title=TITLE, country="CN", timezone="Asia/Shanghai", area_code="990100",
        bbox=(1, 1, 2, 2), licence="CC-BY-4.0", publisher=TITLE,
    ),
    datasets=(dataset("penalty", "none"), dataset("permit")),
    models=(),
    feeds=(),
)  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


@pytest.fixture
def lake(workspace: Workspace) -> Iterator[Lake]:
    with open_lake(workspace) as con:
        ensure_ops(con)
        for name in ("permit", "penalty"):
            con.execute(
                f"CREATE TABLE lake.open.open_{name} AS"
                " SELECT format('D{:04d}', 1000 - i) AS doc_no, 'P' || i AS party,"
                " CASE WHEN i % 7 = 0 THEN NULL ELSE (i * 1.25)::DECIMAL(18,2) END AS fine, 'id' || i AS person"
                " FROM range(500) t(i)"
            )
        yield con


def make(
    workspace: Workspace, lake: Lake, run_id: str = "r", *, force: bool = False, catalog: CompiledCatalog = CATALOG
) -> Publication:
    return publish(workspace, lake, catalog, Lineage(), run_id=run_id, as_of=NOW.date(), at=NOW, force=force)


def test_release_holds_what_the_manifest_says(workspace: Workspace, lake: Lake) -> None:
    made = make(workspace, lake)
    store = ReleaseStore(workspace)
    assert (made.outcome, store.current(), store.numbers()) == ("published", 1, [1])
    assert verify(store, 1) == []
    folder = store.path(1)
    public = (folder / "files" / "permit.csv").read_text(encoding="utf-8").splitlines()
    assert public[:2] == ["doc_no,party,fine", "D0501,P499,623.75"]
    assert len(public) == 501
    assert [d.name for d in made.manifest.dataset("penalty").distributions] == []
    assert json.loads((folder / "release.json").read_text(encoding="utf-8"))["datasets"][0]["id"] == "penalty"
    with duckdb.connect(str(folder / "serving.duckdb"), read_only=True) as con:
        assert con.execute("SELECT count(person) FROM open.penalty").fetchone() == (500,)
    assert not list(workspace.releases.glob(".staging-*"))


def test_a_dataset_tells_the_quality_of_its_own_rows(workspace: Workspace, lake: Lake) -> None:
    lake.execute(
        "INSERT INTO lake.ops.check_result BY NAME SELECT 'r' AS run_id, subject, 'x' AS rule, 'warn' AS severity,"
        " 'accuracy' AS dimension, unexpected = 0 AS passed, unexpected AS unexpected_count, 500 AS element_count,"
        " now()::TIMESTAMP AS checked_at FROM (VALUES ('open_permit', 5), ('topic_permit', 250)) t(subject, unexpected)"
    )
    manifest = make(workspace, lake).manifest
    quality = manifest.dataset("permit").quality
    assert quality is not None
    assert (quality.score, quality.by_dimension) == (0.99, {"accuracy": 0.99})
    assert manifest.quality.by_dimension == {"accuracy": 0.745}
    assert manifest.dataset("penalty").quality is None


def test_same_content_makes_no_release(workspace: Workspace, lake: Lake) -> None:
    first = make(workspace, lake)
    assert make(workspace, lake).outcome == "unchanged"
    forced = make(workspace, lake, force=True)
    assert (forced.outcome, forced.manifest.number) == ("published", 2)
    assert forced.manifest.content_hash == first.manifest.content_hash


def test_a_release_carries_the_list_of_withdrawn_rows(workspace: Workspace, lake: Lake) -> None:
    columns = ("dataset_id", "doc_no", "reason_code", "effective_on", "basis")
    model = CompiledModel(
        name="withdrawal_permit", layer="withdrawal", title=TITLE, grain="One row", level="L4", owner=None, group=None,
        columns=tuple(CompiledColumn(name=c, type="VARCHAR", title=TITLE, description="", level="L4", nullable=True)
                      for c in columns),
        reads=(),
    )  # fmt: skip
    lake.execute(
        "CREATE TABLE lake.withdrawal.withdrawal_permit AS SELECT 'permit' AS dataset_id, 'D' || i AS doc_no,"
        " 'ordered' AS reason_code, DATE '2026-01-01' + i::INTEGER AS effective_on, 'b' AS basis"
        " FROM range(3, 0, -1) t(i)"
    )
    catalog = CATALOG.model_copy(update={"models": (model,)})
    made = make(workspace, lake, catalog=catalog)
    store = ReleaseStore(workspace)
    assert made.manifest.withdrawals is not None
    assert (made.manifest.withdrawals.rows, made.manifest.withdrawals.as_of) == (3, NOW.date())
    listed = duckdb.sql(f"FROM '{store.path(1) / 'withdrawals.parquet'}'").fetchall()
    assert listed[0] == ("permit", ["D1"], "ordered", date(2026, 1, 2), "b")
    assert verify(store, 1) == []
    assert make(workspace, lake, catalog=catalog).outcome == "unchanged"
    lake.execute("DELETE FROM lake.withdrawal.withdrawal_permit WHERE doc_no = 'D1'")
    assert make(workspace, lake, catalog=catalog).outcome == "published"  # what must be hidden is content of a release
    (store.path(2) / "withdrawals.parquet").write_bytes(b"")
    assert any("withdrawals.parquet" in finding for finding in verify(store, 2))


def test_hidden_columns_count_as_content(workspace: Workspace, lake: Lake) -> None:
    first = make(workspace, lake)
    lake.execute("UPDATE lake.open.open_penalty SET person = 'someone else' WHERE doc_no = 'D0501'")
    second = make(workspace, lake)
    assert second.outcome == "published"
    assert second.manifest.content_hash != first.manifest.content_hash


def test_blocking_check_prevents_the_switch(workspace: Workspace, lake: Lake) -> None:
    make(workspace, lake)
    lake.execute("DELETE FROM lake.open.open_permit WHERE doc_no = 'D0501'")
    lake.execute(
        "INSERT INTO lake.ops.check_result VALUES"
        " ('bad', 'open_permit', 'P9', 'block', 'conformity', false, NULL, NULL, 3, 500, NULL, now(), NULL),"
        " ('bad', 'open_permit', 'P8', 'warn', 'conformity', false, NULL, NULL, 3, 500, NULL, now(), NULL)"
    )
    with pytest.raises(PublishBlockedError, match="open_permit: P9: 3 of 500 fail") as blocked:
        make(workspace, lake, "bad")
    tell_unpublished(workspace, "bad-release", blocked.value.failures, datetime(2026, 11, 22, tzinfo=UTC))
    assert breach_ids(workspace) == [], "a failed check is told where it ran"
    assert ReleaseStore(workspace).numbers() == [1]
    assert make(workspace, lake, "good").outcome == "published"


@pytest.mark.parametrize("change", ["doc_no = 'D0502'", "doc_no = NULL"])
def test_a_key_must_be_a_key(workspace: Workspace, lake: Lake, change: str) -> None:
    lake.execute(f"UPDATE lake.open.open_permit SET {change} WHERE doc_no = 'D0501'")
    with pytest.raises(PublishBlockedError, match="dataset permit: key") as blocked:
        make(workspace, lake)
    tell_unpublished(workspace, "run-release", blocked.value.failures, datetime(2026, 11, 22, tzinfo=UTC))
    breach = read_breach(workspace, "run-release")
    assert [breach.concerns(entry) for entry in CATALOG.datasets] == [e.id == "permit" for e in CATALOG.datasets]
    assert ReleaseStore(workspace).current() is None
    assert not list(workspace.releases.glob(".staging-*"))
    assert lake.execute("SELECT count(*) FROM lake.open.open_permit").fetchone() == (500,)


def test_diff_counts_rows_and_columns(workspace: Workspace, lake: Lake) -> None:
    make(workspace, lake)
    lake.execute("DELETE FROM lake.open.open_permit WHERE doc_no < 'D0504'")
    lake.execute("UPDATE lake.open.open_permit SET fine = NULL WHERE doc_no IN ('D0600', 'D0602')")
    lake.execute("INSERT INTO lake.open.open_permit VALUES ('X1', 'new', 1, NULL)")
    lake.execute("ALTER TABLE lake.open.open_permit ALTER fine TYPE DECIMAL(20,2)")
    make(workspace, lake)
    penalty, permit = diff(ReleaseStore(workspace), 1, 2).datasets
    assert penalty.status == "same"
    assert (permit.rows.added, permit.rows.removed, permit.rows.changed) == (1, 3, 2)
    assert permit.rows.by_column == {"fine": 2}
    assert permit.rows.sample["added"] == [("X1",)]
    assert permit.schema == ("fine: type DECIMAL(18,2) → DECIMAL(20,2)",)


def test_rollback_switches_and_is_remembered(workspace: Workspace, lake: Lake) -> None:
    make(workspace, lake)
    lake.execute("DELETE FROM lake.open.open_permit WHERE doc_no < 'D0504'")
    make(workspace, lake)
    store = ReleaseStore(workspace)
    assert rollback(store, NOW) == 1
    assert make(workspace, lake).outcome == "withdrawn"
    assert store.current() == 1
    assert [(s.action, s.number, s.previous) for s in store.log()] == [
        ("publish", 1, None),
        ("publish", 2, 1),
        ("rollback", 1, 2),
    ]
    with pytest.raises(ReleaseError, match="already the one"):
        rollback(store, NOW, 1)


def test_damage_is_found_and_never_served(workspace: Workspace, lake: Lake) -> None:
    make(workspace, lake)
    make(workspace, lake, force=True)
    store = ReleaseStore(workspace)
    path = store.path(1) / "files" / "permit.csv"
    content = path.read_bytes()
    path.write_bytes(content.replace(b"P499", b"P498"))
    (store.path(1) / "stray.txt").write_text("x", encoding="utf-8")
    (store.path(1) / "lineage.json").unlink()
    findings = "\n".join(verify(store, 1))
    assert "files/permit.csv: sha256" in findings
    assert "stray.txt: the manifest does not know" in findings
    assert "lineage.json: missing" in findings
    with pytest.raises(DamagedReleaseError):
        rollback(store, NOW)
    assert store.current() == 2


@pytest.mark.parametrize(
    "change",
    [
        {"published_at": "2020-01-01T00:00:00Z"},
        {"lake_snapshot": 99},
        {"number": 7},
        {"title": {"zh": "别的", "en": "Other"}},
        {"quality": {"score": 1.0, "checks_passed": 9, "checks_warned": 0, "checks_failed": 0, "by_dimension": {}}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_manifest_that_was_changed_is_found(workspace: Workspace, lake: Lake, change: dict[str, object]) -> None:
    make(workspace, lake)
    store = ReleaseStore(workspace)
    path = store.path(1) / "release.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | change), "utf-8")
    findings = "\n".join(verify(store, 1))
    assert "release.json: sha256 is" in findings
    assert ("it is of release 0007, its folder is 0001" in findings) == ("number" in change)
    assert ("its quality is not that of quality.json" in findings) == ("quality" in change)


def test_a_manifest_nobody_sealed_is_found(workspace: Workspace, lake: Lake) -> None:
    make(workspace, lake)
    (workspace.releases / "log.jsonl").unlink()
    assert any("log.jsonl has no checksum" in finding for finding in verify(ReleaseStore(workspace), 1))


@pytest.mark.parametrize("text", ["0007\n", "latest"])
def test_rollback_mends_a_current_that_leads_nowhere(workspace: Workspace, lake: Lake, text: str) -> None:
    make(workspace, lake)
    workspace.current.write_text(text, "ascii")
    store = ReleaseStore(workspace)
    with pytest.raises(CatalogError, match="rollback NUMBER"):
        rollback(store, NOW)
    assert rollback(store, NOW, 1) == 1
    assert (store.current(), store.dangling()) == (1, None)


def test_crash_between_seal_and_switch_is_resumed(
    workspace: Workspace, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(workspace, lake)
    lake.execute("DELETE FROM lake.open.open_permit WHERE doc_no < 'D0504'")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(ReleaseStore, "switch", crash)
        with pytest.raises(KeyboardInterrupt):
            make(workspace, lake)
    store = ReleaseStore(workspace)
    assert (store.current(), store.numbers()) == (1, [1, 2])
    (workspace.releases / ".staging-0003").mkdir()
    resumed = make(workspace, lake)
    assert (resumed.outcome, store.current(), store.numbers()) == ("resumed", 2, [1, 2])
    assert not list(workspace.releases.glob(".staging-*"))
