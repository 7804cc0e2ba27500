"""The store: migrations without drift, one writer at a time, a revision that tells of every change."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import IntegrityError

from gateway.control.errors import StoreError
from gateway.control.migrate import CHAIN
from gateway.control.store import ControlStore
from gateway.control.tables.identity import Organisation

NOW = datetime(2024, 5, 1, 8, tzinfo=UTC)


def organisation(code: str) -> Organisation:
    return Organisation(
        code=code, kind="department", title_zh=code, title_en=code, divisions=[], registered_at=NOW, registered_by="t"
    )


def test_tables_and_migrations_say_the_same(store: ControlStore) -> None:
    with store.engine.begin() as connection:
        command.check(CHAIN.configuration(connection))


def test_migrations_are_one_chain_in_the_order_of_their_names(store: ControlStore) -> None:
    with store.engine.begin() as connection:
        script = ScriptDirectory.from_config(CHAIN.configuration(connection))
    chain = list(script.walk_revisions())
    assert [step.revision for step in chain] == [f"{number:04d}" for number in range(len(chain), 0, -1)]
    assert script.get_heads() == [CHAIN.newest()]
    assert all(step.path.rpartition("/")[2].startswith(step.revision) for step in chain)


def test_migrating_at_the_same_time_and_again_does_no_harm(store_url: str) -> None:
    stores = [ControlStore(store_url) for _ in range(4)]
    start = threading.Barrier(len(stores))

    def run(store: ControlStore) -> None:
        start.wait()
        store.migrate()

    with ThreadPoolExecutor(len(stores)) as pool:
        assert list(pool.map(run, stores)) == [None] * len(stores)
    stores[0].migrate()
    assert stores[0].revision() == 0
    for store in stores:
        store.close()


def test_a_connection_in_use_is_closed_when_it_is_given_back_to_a_closed_store(store: ControlStore) -> None:
    used = store.engine.connect()
    driver = used.connection.dbapi_connection
    assert driver is not None
    closed: list[object] = []
    event.listen(store.engine, "close", lambda connection, _record: closed.append(connection))
    store.close()
    assert driver not in closed
    used.close()
    assert driver in closed
    assert store.revision() == 0  # whoever asks a closed store all the same is answered


def test_a_store_of_a_newer_program_is_refused(store: ControlStore) -> None:
    with store.engine.begin() as connection:
        connection.execute(text(f"UPDATE {CHAIN.version_table} SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"9999.*newer program"):
        store.migrate()


def test_every_writing_transaction_raises_the_revision_and_no_other_does(store: ControlStore) -> None:
    with store.begin() as session:
        session.add(organisation("A"))
    assert store.revision() == 1
    with store.read() as session:
        assert session.scalar(select(func.count()).select_from(Organisation)) == 1
    with store.note() as session:
        session.execute(text("UPDATE organisation SET title_en = 'B'"))
    assert store.revision() == 1
    with pytest.raises(IntegrityError), store.begin() as session:
        session.add(organisation("A"))
    assert store.revision() == 1


def test_what_a_writer_has_read_still_holds_when_it_writes(store: ControlStore) -> None:
    """Eight threads count and add one more each: with a race, two would take the same number and collide."""

    def add(_: int) -> None:
        for _ in range(5):
            with store.begin() as session:
                count = session.scalar(select(func.count()).select_from(Organisation))
                session.add(organisation(f"N{count}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(8)))
    with store.read() as session:
        codes = set(session.scalars(select(Organisation.code)))
    assert codes == {f"N{number}" for number in range(40)}
    assert store.revision() == 40


def test_times_keep_their_moment_and_naive_ones_are_refused(store: ControlStore) -> None:
    with store.begin() as session:
        session.add(organisation("A"))
    with store.read() as session:
        assert session.scalars(select(Organisation.registered_at)).one() == NOW
    naive = organisation("B")
    naive.registered_at = NOW.replace(tzinfo=None)
    with pytest.raises(Exception, match="without a zone"), store.begin() as session:
        session.add(naive)
