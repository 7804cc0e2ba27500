"""Migrations of a store run from the program: one linear chain, forward only, each upgrade as one transaction."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, MetaData, inspect, text

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import Engine

Opened = Callable[[], AbstractContextManager[Connection]]
_ONE_AT_A_TIME = threading.Lock()  # Alembic keeps what it is at in globals of the process


class NewerFormError(Exception):
    """The store was made by a newer program."""


@dataclass(frozen=True)
class Chain:
    """The migrations of one store: its `name` and `setting` for people, their `folder`, where its form is written
    down, and any number that is the same for every process that migrates the store on PostgreSQL."""

    name: str
    setting: str
    folder: Path
    version_table: str
    lock: int

    def newest(self) -> str:
        """Number of the newest migration, from the file names `NNNN_noun.py`: the chain is linear."""
        return max(path.name[:4] for path in (self.folder / "versions").glob("[0-9]*.py"))

    def upgrade(self, reading: Opened, writing: Opened) -> None:
        """Run what is missing, in one writing transaction. NewerFormError when the store was made by a newer program.

        `writing` holds the write lock of an SQLite database from its beginning.
        """
        with reading() as connection:
            found = self.form(connection)
        if found == self.newest():
            return
        if found is not None and found > self.newest():
            raise NewerFormError(
                f"the {self.name} has form {found}, this program knows {self.newest()}; run the newer program, or give"
                f" another store with {self.setting}"
            )
        from alembic import command

        with _ONE_AT_A_TIME, writing() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": self.lock})
            command.upgrade(self.configuration(connection), "head")

    def form(self, connection: Connection) -> str | None:
        """Number of the last migration the store has seen; None when there was none."""
        if not inspect(connection).has_table(self.version_table):
            return None
        found: str | None = connection.scalar(text(f"SELECT version_num FROM {self.version_table}"))
        return found

    def configuration(self, connection: Connection) -> Config:
        """Alembic's configuration over an open connection."""
        from alembic.config import Config

        config = Config(stdout=sys.stdout)
        config.set_main_option("script_location", str(self.folder).replace("%", "%%"))
        config.attributes["connection"] = connection
        return config

    def run(self, metadata: MetaData, render_item: Callable[..., Any] | None = None) -> None:
        """What an `env.py` does: run what was asked for, in the transaction of the connection it was given."""
        from alembic import context

        context.configure(
            connection=context.config.attributes["connection"],
            target_metadata=metadata,
            version_table=self.version_table,
            render_as_batch=True,
            compare_type=True,
            render_item=render_item,
        )
        with context.begin_transaction():
            context.run_migrations()


def begun(engine: Engine, **options: Any) -> Opened:
    """Opens a connection with these options, in a transaction."""

    def opened() -> AbstractContextManager[Connection]:
        return engine.execution_options(**options).begin()

    return opened
