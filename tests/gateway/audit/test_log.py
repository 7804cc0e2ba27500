"""The log: whatever one does to what was written is found, by several writers too, in SQLite and PostgreSQL."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy.exc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

from gateway.audit.chain import FIELDS
from gateway.audit.keys import load_or_make
from gateway.audit.store import AuditStore, LogAlteredError
from gateway.audit.writer import ANCHOR_FILE, KEY_FILE
from tests.gateway.audit.logs import BEGAN, intruder, row, running, verified, write
from tests.orchestration.postgres_server import fresh_database

BATCHES = (1, 4, 2, 5, 1)
ROWS = sum(BATCHES)


@pytest.fixture(scope="module")
def postgres_url(postgres_server: str) -> str:
    return fresh_database(postgres_server.replace("postgresql://", "postgresql+psycopg://", 1), "audit_log")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/audit.sqlite"
        return
    server = request.getfixturevalue("postgres_url")
    yield server
    engine = create_engine(server)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS audit_access, audit_checkpoint, audit_version CASCADE"))
    engine.dispose()


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a log and its keys."""
    folder = tmp_path_factory.mktemp("written")
    write(f"sqlite:///{folder}/audit.sqlite", folder / "keys", BATCHES)
    return folder


def test_what_was_written_is_sound(url: str, tmp_path: Path) -> None:
    write(url, tmp_path / "keys", BATCHES)
    write(url, tmp_path / "keys", (3,), first=ROWS + 1)  # another start of the server goes on with the chain
    report = verified(url, tmp_path / "keys")
    assert (report.findings, report.rows, report.checkpoints) == ([], ROWS + 3, len(BATCHES) + 1)


@pytest.mark.parametrize("change", ["UPDATE audit_access SET rows = 0", "DELETE FROM audit_access"])
def test_the_database_itself_refuses_changes(url: str, tmp_path: Path, change: str) -> None:
    write(url, tmp_path / "keys", (2,))
    engine = create_engine(url)
    with pytest.raises(sqlalchemy.exc.DBAPIError, match="append-only"), engine.begin() as connection:
        connection.execute(text(change))
    engine.dispose()


OTHER: dict[str, Any] = {"rows": 6, "bytes": 0, "status": 404, "complete": 0, "release": 2}


def tamper(how: str, place: int, column: str) -> list[str]:
    """SQL of one thing an intruder may do, at a row."""
    columns = ", ".join([*FIELDS, "prev_hash", "hash"])
    value = OTHER.get(column, "'x'")
    if how == "alter":
        return [f"UPDATE audit_access SET {column} = {value} WHERE seq = {place}"]
    if how == "empty":
        return [f"UPDATE audit_access SET {column} = CASE WHEN {column} IS NULL THEN '' END WHERE seq = {place}"]
    if how == "delete":
        return [f"DELETE FROM audit_access WHERE seq = {place}"]
    if how == "delete and close up":
        return [
            f"DELETE FROM audit_access WHERE seq = {place}",
            f"UPDATE audit_access SET seq = -seq + 1 WHERE seq > {place}",
            "UPDATE audit_access SET seq = -seq WHERE seq < 0",
        ]
    if how == "cut off":
        return [f"DELETE FROM audit_access WHERE seq >= {place}"]
    if how == "cut off with the seals":
        return [
            f"DELETE FROM audit_access WHERE seq >= {place}",
            f"DELETE FROM audit_checkpoint WHERE seq >= {place}",
        ]
    if how == "swap":
        other = place % ROWS + 1
        return [
            f"UPDATE audit_access SET seq = 0 WHERE seq = {place}",
            f"UPDATE audit_access SET seq = {place} WHERE seq = {other}",
            f"UPDATE audit_access SET seq = {other} WHERE seq = 0",
        ]
    if how == "double":
        copied = f"SELECT {ROWS + 1}, {columns} FROM audit_access WHERE seq = {place}"
        return [f"INSERT INTO audit_access (seq, {columns}) {copied}"]
    raise AssertionError(how)


HOWS = ("alter", "empty", "delete", "delete and close up", "cut off", "cut off with the seals", "swap", "double")
NULLABLE = ("tier", "organisation", "purpose", "dataset", "filter")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(how=st.sampled_from(HOWS), place=st.integers(1, ROWS), data=st.data())
def test_any_single_change_is_found(
    written: Path, tmp_path_factory: pytest.TempPathFactory, how: str, place: int, data: st.DataObject
) -> None:
    names = NULLABLE if how == "empty" else (*FIELDS, "prev_hash", "hash")
    column = data.draw(st.sampled_from(names))
    folder = tmp_path_factory.mktemp("tampered") / "log"
    shutil.copytree(written, folder)
    url = f"sqlite:///{folder}/audit.sqlite"
    with intruder(url) as connection:
        for statement in tamper(how, place, column):
            connection.exec_driver_sql(statement)
    report = verified(url, folder / "keys")
    assert not report.sound
    if how in ("alter", "empty") and column not in ("prev_hash", "hash"):
        assert [(found.kind, found.seq) for found in report.findings] == [("altered", place)]
    if how == "delete" and place < ROWS:
        assert ("missing", place) in [(found.kind, found.seq) for found in report.findings]
    shutil.rmtree(folder)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    number=st.integers(1, len(BATCHES)),
    how=st.sampled_from(["seq", "hash", "at", "key_id", "signature", "number", "delete"]),
)
def test_any_change_of_a_checkpoint_is_found(
    written: Path, tmp_path_factory: pytest.TempPathFactory, number: int, how: str
) -> None:
    folder = tmp_path_factory.mktemp("tampered") / "log"
    shutil.copytree(written, folder)
    url = f"sqlite:///{folder}/audit.sqlite"
    with intruder(url) as connection:
        value = "77" if how in ("seq", "number") else "'00'"
        connection.exec_driver_sql(
            f"DELETE FROM audit_checkpoint WHERE number = {number}"
            if how == "delete"
            else f"UPDATE audit_checkpoint SET {how} = {value} WHERE number = {number}"
        )
    assert not verified(url, folder / "keys").sound
    shutil.rmtree(folder)


def test_a_log_written_anew_with_another_key_is_found(url: str, tmp_path: Path) -> None:
    write(url, tmp_path / "keys", (3,))
    with intruder(url) as connection:
        for table in ("audit_access", "audit_checkpoint"):
            connection.execute(text(f"DELETE FROM {table}"))
    write(url, tmp_path / "other keys", (3,))
    assert {found.kind for found in verified(url, tmp_path / "keys").findings} >= {"forged", "rewritten"}


def test_nothing_is_added_to_a_log_that_was_cut_off(url: str, tmp_path: Path) -> None:
    """Else the next seal would make good what an intruder did."""
    with running(url, tmp_path / "keys") as log:
        log.put(row(1), kept=False)
        log.put(row(2), kept=False)
        assert log.flush(10)
        with intruder(url) as connection:
            connection.execute(text("DELETE FROM audit_access"))
            connection.execute(text("DELETE FROM audit_checkpoint"))
        log.put(row(3), kept=False)
        assert not log.flush(1)
        assert not log.open
    with running(url, tmp_path / "keys") as again:  # nor after a start, as long as the anchor is there
        assert not again.open
    (tmp_path / "keys" / ANCHOR_FILE).unlink()
    with running(url, tmp_path / "keys") as accepted:
        assert accepted.open


def test_a_forged_row_at_the_end_is_not_sealed(url: str, tmp_path: Path) -> None:
    write(url, tmp_path / "keys", (2,))
    with intruder(url) as connection:
        columns = ", ".join(FIELDS)
        connection.execute(
            text(
                f"INSERT INTO audit_access (seq, {columns}, prev_hash, hash) "
                f"SELECT 3, {columns}, hash, hash FROM audit_access WHERE seq = 2"
            )
        )
    store = AuditStore(url)
    with pytest.raises(LogAlteredError):
        store.append([row(4)], load_or_make(tmp_path / "keys" / KEY_FILE), BEGAN)
    store.close()
    assert {found.kind for found in verified(url, tmp_path / "keys").findings} == {"altered", "unsealed"}


WRITER = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.gateway.audit.logs import row, running
with running({url!r}, Path({keys!r})) as log:
    for number in range(400):
        log.put(row(number), kept=False)
        if number % 50 == 0:
            assert log.flush(30)
"""


def test_several_processes_write_one_chain(url: str, tmp_path: Path) -> None:
    root = str(Path(__file__).resolve().parents[3])
    code = WRITER.format(root=root, url=url, keys=str(tmp_path / "keys"))
    processes = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(3)]
    for process in processes:
        _, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors.decode()
    report = verified(url, tmp_path / "keys")
    assert (report.findings, report.rows) == ([], 1200)


def test_verification_of_a_log_in_use_finds_nothing(url: str, tmp_path: Path) -> None:
    done = threading.Event()
    reports = []

    def watch() -> None:
        while not done.is_set():
            reports.append(verified(url, tmp_path / "keys"))

    write(url, tmp_path / "keys", (1,))
    watcher = threading.Thread(target=watch)
    watcher.start()
    write(url, tmp_path / "keys", (20,) * 20, first=2)
    done.set()
    watcher.join()
    assert len(reports) > 2
    assert [report.findings for report in reports if not report.sound] == []
