"""Migrations run from the program: one linear chain, forward only, each as one transaction."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from gateway.control import tables
from gateway.control.errors import StoreError
from gateway.control.store import READING
from gateway.control.tables.base import Base

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy import MetaData

FOLDER = Path(__file__).with_name("migrations")
VERSION_TABLE = "control_version"
_LOCK = 0x0C1F1C  # any number, the same for every process that migrates a PostgreSQL store


def newest() -> str:
    """Number of the newest migration, from the file names `NNNN_noun.py`: the chain is linear."""
    return max(path.name[:4] for path in (FOLDER / "versions").glob("[0-9]*.py"))


def upgrade(engine: Engine) -> None:
    """Run what is missing. StoreError when the store was made by a newer program."""
    with engine.connect().execution_options(**READING) as connection:
        found = _version(connection)
    if found == newest():
        return
    if found is not None and found > newest():
        raise StoreError(
            f"the control store has form {found}, this program knows {newest()}; run the newer program, or give"
            " another store with CIVICLAKE_GATEWAY_CONTROL_URL"
        )
    from alembic import command

    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        command.upgrade(configuration(connection), "head")


def configuration(connection: Connection) -> Config:
    """Alembic's configuration over an open connection."""
    from alembic.config import Config

    config = Config(stdout=sys.stdout)
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    return config


def all_tables() -> MetaData:
    """The metadata with every table of the package in it."""
    for module in pkgutil.iter_modules(tables.__path__):
        importlib.import_module(f"{tables.__name__}.{module.name}")
    return Base.metadata


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table(VERSION_TABLE):
        return None
    found: str | None = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))
    return found
