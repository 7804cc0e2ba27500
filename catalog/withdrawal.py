"""Withdrawn rows as data: the columns that name them, why they are withdrawn, and what may be told of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from pydantic import TypeAdapter

from catalog.contract.options import Strict, Title
from catalog.yamlfile import read_yaml

REASONS_FILE = Path(__file__).with_name("withdrawal.yml")
WITHDRAWALS_FILE = "withdrawals.parquet"
WITHDRAWAL_COLUMNS = ("dataset_id", "reason_code", "effective_on", "basis")


class WithdrawalReason(Strict):
    """Why a row is withdrawn; `told` is the word for it everyone may read, None when nothing is told of the row."""

    title: Title
    basis: str
    told: str | None = None
    manual: bool = False


def withdrawal_key(columns: Iterable[str]) -> tuple[str, ...]:
    """The columns of a model of withdrawn rows that name the row, in their order."""
    return tuple(name for name in columns if name not in WITHDRAWAL_COLUMNS)


@cache
def load_reasons() -> Mapping[str, WithdrawalReason]:
    """All reasons by code; CatalogError when the file cannot be read."""
    authored = read_yaml(REASONS_FILE).data
    return MappingProxyType(TypeAdapter(dict[str, WithdrawalReason]).validate_python(authored))
