"""The form of the log: migrations without drift, adoption of older logs, refusal of newer ones, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine, text

from gateway.audit.migrate import CHAIN
from gateway.audit.store import AuditStore
from gateway.store_forms import NewerFormError
from tests.gateway.audit.logs import running, verified, write
from tests.gateway.control.conftest import postgres_url, store_url

__all__ = ["postgres_url", "store_url"]


def change(url: str, statement: str) -> None:
    """Change something behind the program's back."""
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def log_url(store_url: str, tmp_path: Path) -> str:
    """URL of a log of three rows whose keys lie in `tmp_path / "keys"`."""
    write(store_url, tmp_path / "keys", (1, 2))
    return store_url


def test_tables_and_migrations_say_the_same(log_url: str) -> None:
    engine = create_engine(log_url)
    with engine.begin() as connection:
        command.check(CHAIN.configuration(connection))
        script = ScriptDirectory.from_config(CHAIN.configuration(connection))
    engine.dispose()
    chain = [step.revision for step in script.walk_revisions()]
    assert chain == [f"{number:04d}" for number in range(len(chain), 0, -1)]
    assert script.get_heads() == [CHAIN.newest()]


def test_a_log_from_before_there_were_migrations_goes_on(log_url: str, tmp_path: Path) -> None:
    change(log_url, f"DROP TABLE {CHAIN.version_table}")
    write(log_url, tmp_path / "keys", (2,), first=4)
    report = verified(log_url, tmp_path / "keys")
    assert (report.sound, report.rows) == (True, 5), report.findings


def test_a_log_of_a_newer_program_takes_no_rows(log_url: str, tmp_path: Path) -> None:
    change(log_url, f"UPDATE {CHAIN.version_table} SET version_num = '9999'")
    store = AuditStore(log_url)
    with pytest.raises(NewerFormError, match=r"audit log has form 9999.*newer program.*AUDIT_URL"):
        store.prepare()
    store.close()
    with running(log_url, tmp_path / "keys") as log:
        assert not log.open
    assert verified(log_url, tmp_path / "keys").rows == 3


def test_several_programs_may_make_the_log_at_the_same_time(store_url: str, tmp_path: Path) -> None:
    stores = [AuditStore(store_url) for _ in range(4)]
    start = threading.Barrier(len(stores))

    def prepare(store: AuditStore) -> None:
        start.wait()
        store.prepare()

    with ThreadPoolExecutor(len(stores)) as pool:
        assert list(pool.map(prepare, stores)) == [None] * len(stores)
    for store in stores:
        store.close()
    write(store_url, tmp_path / "keys", (1,))
    assert verified(store_url, tmp_path / "keys").sound
