"""Table of withdrawals that stewards ordered; those the rules demand come with the releases."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from gateway.control.tables.base import Base


class WithdrawalRow(Base):
    """One row of a dataset that must not be shown from a day on, until the order is lifted.

    `key` are the texts of the row's key in the dataset's key order. Orders are never deleted.
    """

    __tablename__ = "withdrawal"

    id: Mapped[str] = mapped_column(primary_key=True)
    dataset: Mapped[str]
    key: Mapped[list[str]] = mapped_column(JSON)
    reason: Mapped[str]
    basis: Mapped[str]
    effective_on: Mapped[date]
    ordered_at: Mapped[datetime]
    ordered_by: Mapped[str]
    lifted_at: Mapped[datetime | None]
    lifted_by: Mapped[str | None]
    lifted_for: Mapped[str | None]
