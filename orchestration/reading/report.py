"""The account of a load: for every batch and table, where each delivered row ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal


class AccountingError(RuntimeError):
    """Rows went missing or were counted twice; nothing of the load was committed."""


@dataclass(frozen=True)
class BatchAccount:
    """One row of `ops.batch`. A loaded batch has rows_in = rows_accepted + rows_quarantined + rows_duplicate.

    `rows_deleted` counts derived delete markers, which are not part of `rows_in`.
    """

    feed: str
    table_name: str
    batch_id: str
    business_date: date
    status: Literal["loaded", "held", "dismissed"]
    rows_in: int
    rows_accepted: int
    rows_quarantined: int
    rows_duplicate: int
    rows_deleted: int
    late_days: int
    reasons: tuple[str, ...]
    load_id: int
    contract_version: str
    landed_at: datetime
    loaded_at: datetime

    @property
    def closes(self) -> bool:
        """Whether every delivered row is accounted for exactly once."""
        ended = self.rows_accepted + self.rows_quarantined + self.rows_duplicate
        return ended == (self.rows_in if self.status == "loaded" else 0)


@dataclass(frozen=True)
class LoadReport:
    """What a load did; `load_id` is None when there was nothing to read. `released` counts rows a retry let in."""

    feed: str
    load_id: int | None
    accounts: tuple[BatchAccount, ...] = ()
    released: int = 0

    def total(self, field: str) -> int:
        """Sum of one `rows_…` field over all accounts."""
        return sum(int(getattr(account, field)) for account in self.accounts)

    @property
    def held(self) -> Sequence[BatchAccount]:
        """Accounts of batches that were held."""
        return [account for account in self.accounts if account.status == "held"]
