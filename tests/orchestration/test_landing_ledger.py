"""Objects are whole or absent; batches are named by what they hold."""

from __future__ import annotations

import hashlib
import io
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.workspace import Workspace
from orchestration.landing.ledger import Ledger, LedgerVersionError
from orchestration.landing.records import Receipt, batch_id
from orchestration.landing.store import LandingStore, ObjectTooLargeError
from tests.orchestration.landing_city import DAY

NOW = datetime(2026, 1, 6, tzinfo=UTC)


def receipt(name: str, content: bytes, *, day: date = DAY, table: str = "case") -> Receipt:
    sha = hashlib.sha256(content).hexdigest()
    return Receipt("feed", table, "data", 0, name, sha, len(content), "file:///drop", NOW, day, "1.0.0")


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path)


def test_an_object_is_stored_once_under_its_hash(workspace: Workspace) -> None:
    store = LandingStore(workspace)
    first, second = store.put(io.BytesIO(b"bytes")), store.put([b"by", b"tes"])
    assert first == second
    assert first.object_id == hashlib.sha256(b"bytes").hexdigest()
    file = store.path(first.object_id)
    assert file.read_bytes() == b"bytes"
    assert file.stat().st_mode & 0o222 == 0
    assert [entry for entry in store.root.rglob("*") if entry.is_file()] == [file]


def test_too_many_bytes_and_abandoned_writes_leave_nothing(workspace: Workspace) -> None:
    store = LandingStore(workspace)
    with pytest.raises(ObjectTooLargeError):
        store.put([b"12345", b"6"], limit=5)
    with store.writer() as writer:
        writer.write(b"never stored")
    assert not [entry for entry in store.root.rglob("*") if entry.is_file()]


def test_a_pull_closes_into_one_batch_per_business_date(workspace: Workspace) -> None:
    early = date(2026, 1, 2)
    with Ledger(workspace) as ledger:
        ledger.close_pull(ledger.open_pull("feed", early, "1.0.0"))  # asked in vain
        pull = ledger.open_pull("feed", DAY, "1.0.0")
        ledger.record(pull, [receipt("b", b"2"), receipt("a", b"1"), receipt("c", b"3", day=early)])
        assert ledger.batches("feed") == []
        closed = ledger.close_pull(pull)
    with Ledger(workspace) as ledger:
        assert ledger.batches("feed") == closed
        assert [(batch.business_date, batch.late_days) for batch in closed] == [(early, 3), (DAY, 0)]
        assert ledger.objects(closed[1].batch_id) == [receipt("a", b"1"), receipt("b", b"2")]
        assert ledger.batches("other") == ledger.objects("none") == []


def test_a_newer_version_of_a_file_is_a_batch_of_its_own(workspace: Workspace) -> None:
    broken, mended, side = receipt("case", b"?"), receipt("case_v2", b"1"), receipt("side", b"2", table="side")
    with Ledger(workspace) as ledger:
        pull = ledger.open_pull("feed", DAY, "1.0.0")
        ledger.record(pull, [mended, side, broken])
        closed = ledger.close_pull(pull, version=lambda r: ((2, ""),) if r.file_name.endswith("_v2") else ())
        assert [ledger.objects(batch.batch_id) for batch in closed] == [[broken], [mended, side]]
        assert closed[0].closed_at < closed[1].closed_at


def test_an_open_pull_is_continued_and_a_receipt_is_never_doubled(workspace: Workspace) -> None:
    with Ledger(workspace) as ledger:
        first = ledger.open_pull("feed", DAY, "1.0.0")
        ledger.record(first, [receipt("a", b"1")])
        again = ledger.open_pull("feed", DAY, "1.0.0")
        assert (again.pull_id, again.resumed) == (first.pull_id, True)
        with pytest.raises(Exception, match="UNIQUE"):
            ledger.record(again, [receipt("b", b"2"), receipt("a", b"1")])
        [batch] = ledger.close_pull(again)
        assert [r.file_name for r in ledger.objects(batch.batch_id)] == ["a"]


def test_a_ledger_of_a_newer_version_is_refused(workspace: Workspace) -> None:
    with Ledger(workspace) as ledger:
        ledger.execute("PRAGMA user_version = 99", ())
    with pytest.raises(LedgerVersionError, match="ledger version 99"):
        Ledger(workspace)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.text(max_size=5), st.binary(max_size=3)), min_size=1), st.randoms())
def test_a_batch_is_named_by_its_contents_in_any_order(files: list[tuple[str, str, bytes]], random: object) -> None:
    receipts = [receipt(name, content, table=table) for table, name, content in files]
    shuffled = receipts.copy()
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    name = batch_id("feed", DAY, receipts)
    assert batch_id("feed", DAY, shuffled) == name
    assert name.startswith("feed-20260105-")
    assert batch_id("feed", DAY, [*receipts, receipt("another name", b"x")]) != name
