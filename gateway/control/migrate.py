"""The migrations of the control store."""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from sqlalchemy import Engine, MetaData

from gateway.control import tables
from gateway.control.errors import StoreError
from gateway.control.store import READING
from gateway.control.tables.base import Base
from gateway.store_forms import Chain, NewerFormError, begun

CHAIN = Chain(
    name="control store",
    setting="CIVICLAKE_GATEWAY_CONTROL_URL",
    folder=Path(__file__).with_name("migrations"),
    version_table="control_version",
    lock=0x0C1F1C,
)


def upgrade(engine: Engine) -> None:
    """Run what is missing. StoreError when the store was made by a newer program."""
    try:
        CHAIN.upgrade(begun(engine, **READING), begun(engine))
    except NewerFormError as error:
        raise StoreError(str(error)) from error


def all_tables() -> MetaData:
    """The metadata with every table of the package in it."""
    for module in pkgutil.iter_modules(tables.__path__):
        importlib.import_module(f"{tables.__name__}.{module.name}")
    return Base.metadata
