"""Withdrawals that stewards order: written to the control store, and read from it by every gateway process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from catalog.withdrawal import load_reasons
from gateway.control.errors import ConflictError, ControlError
from gateway.control.rows import known, new_id, written
from gateway.control.store import ControlStore
from gateway.control.tables.withdrawals import WithdrawalRow
from gateway.withdrawal.sources import ManualWithdrawal


@dataclass(frozen=True)
class Order:
    """An order to withdraw: the row, one of the reasons stewards may give, its legal basis, and from which day."""

    dataset: str
    key: tuple[str, ...]
    reason: str
    basis: str
    effective_on: date


def withdraw(session: Session, order: Order, *, now: datetime, by: str) -> WithdrawalRow:
    """Order that a row be shown no more. ControlError says what is missing, ConflictError that it was ordered."""
    reasons = {code for code, reason in load_reasons().items() if reason.manual}
    if order.reason not in reasons:
        raise ControlError(f"reason {order.reason} is not one a steward gives; use one of {', '.join(sorted(reasons))}")
    if not order.key or not all(order.key):
        raise ControlError("name the row by every part of its key")
    if not order.basis.strip():
        raise ControlError("say on what basis the row is withdrawn")
    for row in standing(session):
        if (row.dataset, tuple(row.key), row.reason) == (order.dataset, order.key, order.reason):
            raise ConflictError(f"{row.id} withdraws this row already; lift it first to order it anew")
    row = WithdrawalRow(
        id=new_id("wdr"),
        dataset=order.dataset,
        key=list(order.key),
        reason=order.reason,
        basis=order.basis,
        effective_on=order.effective_on,
        ordered_at=now,
        ordered_by=by,
    )
    return written(session, row)


def lift(session: Session, withdrawal: str, reason: str, *, now: datetime, by: str) -> WithdrawalRow:
    """End an order: the row is shown again unless another reason withdraws it."""
    missing = f"there is no withdrawal {withdrawal}; `civiclake withdrawal list` shows the ids"
    row = known(session, WithdrawalRow, withdrawal, missing)
    if row.lifted_at is not None:
        raise ConflictError(f"withdrawal {withdrawal} was lifted already, on {row.lifted_at:%Y-%m-%d}")
    if not reason.strip():
        raise ControlError("say why the withdrawal is lifted")
    row.lifted_at, row.lifted_by, row.lifted_for = now, by, reason
    return row


def withdrawals(session: Session) -> Sequence[WithdrawalRow]:
    """All orders, the newest first, lifted ones included."""
    return session.scalars(select(WithdrawalRow).order_by(WithdrawalRow.ordered_at.desc(), WithdrawalRow.id)).all()


def standing(session: Session) -> Sequence[WithdrawalRow]:
    """The orders that were not lifted, by id."""
    query = select(WithdrawalRow).where(WithdrawalRow.lifted_at.is_(None)).order_by(WithdrawalRow.id)
    return session.scalars(query).all()


class ManualList:
    """The standing orders, read again when the control store has changed. Blocks."""

    def __init__(self, store: ControlStore) -> None:
        self._store = store
        self._revision: int | None = None
        self._held: tuple[ManualWithdrawal, ...] = ()

    def __call__(self) -> tuple[ManualWithdrawal, ...]:
        """The standing orders as they are now."""
        revision = self._store.revision()
        if revision != self._revision:
            with self._store.read() as session:
                found = [
                    ManualWithdrawal(row.dataset, tuple(row.key), row.reason, row.effective_on)
                    for row in standing(session)
                ]
            self._held, self._revision = tuple(found), revision
        return self._held
