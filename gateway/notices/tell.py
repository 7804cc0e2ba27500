"""What one listener is told of an event: a CloudEvent under today's policy, or nothing at all."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, TypeVar

from sqlglot import exp

from catalog.contract.options import Strict
from catalog.policy.model import Action, ColumnPolicy, CompiledPolicy, DatasetPolicy
from gateway.control.tables.notices import OutboxEvent
from gateway.identity.service import ISSUER
from gateway.policy.actor import Actor
from gateway.policy.decide import decide
from gateway.release.opened import OpenRelease
from gateway.withdrawal.register import WithdrawalRegister
from gateway.withdrawal.tables import Tombstone, tombstone_digest
from gateway.withdrawal.tombstones import are_told, tombstone_document

MEDIA_TYPE = "application/cloudevents+json"
_Model = TypeVar("_Model", bound=Strict)
_ABOUT_COLUMNS: tuple[Action, ...] = ("describe", "read")


@dataclass(frozen=True)
class Listener:
    """Who is told, and what for."""

    actor: Actor
    purpose: str | None


class Teller:
    """Tells events from one release and one policy, for one round; on the event loop, as every view is made there.

    `origin` is our public address; without one, addresses in events are paths.
    """

    def __init__(self, release: OpenRelease, withdrawals: WithdrawalRegister, origin: str | None) -> None:
        self._release, self._withdrawals, self._origin = release, withdrawals, origin
        self._tombstones: dict[str, list[Tombstone]] = {}

    async def told(self, event: OutboxEvent, listener: Listener) -> dict[str, Any] | None:
        """The event as a CloudEvent 1.0 document; None when the listener may not read about the dataset."""
        data = await self._data(event, listener)
        if data is None:
            return None
        return {
            "specversion": "1.0",
            "id": event.id,
            "source": self._origin or ISSUER,
            "type": event.type,
            "subject": event.dataset,
            "time": instant(event.at),
            "datacontenttype": "application/json",
            "data": data,
        }

    async def _data(self, event: OutboxEvent, listener: Listener) -> dict[str, Any] | None:
        if event.data.get("gone"):
            removed = self._columns(event, "removed", listener)
            return {**event.data, "removed": removed, "gone": True} if removed else None
        if self._release.described(event.dataset, listener.actor, listener.purpose) is None:
            return None
        if event.type == "withdrawal":
            return await self._withdrawal(event, listener)
        stored = dict(event.data)
        if event.type == "schema.changed":
            columns = {kind: self._columns(event, kind, listener) for kind in ("added", "removed", "retyped")}
            if not any(columns.values()):
                return None  # what changed is nothing the listener may read about
            stored |= columns
        return {**stored, "href": self._href(event.dataset)}

    async def _withdrawal(self, event: OutboxEvent, listener: Listener) -> dict[str, Any] | None:
        """To whoever would see one of the rows. They are named as the list of tombstones does now, or not at all."""
        view = self._release.view(event.dataset, listener.actor, listener.purpose)
        if view is None:
            return None
        digests = set(event.data["digests"])
        some = view.governed.rows if view.governed else None
        if some is not None and digests.isdisjoint(await self._met(event.dataset, some)):
            return None  # only rows this listener never saw: that there were any is not for it to learn
        entries: list[dict[str, Any]] = []
        if are_told(self._release, event.dataset):
            if event.dataset not in self._tombstones:
                self._tombstones[event.dataset] = await self._withdrawals.tombstones(event.dataset)
            entries = [tombstone_document(e) for e in self._tombstones[event.dataset] if e.digest in digests]
        return {"withdrawals": entries, "href": self._href(event.dataset, "/withdrawals")}

    async def _met(self, dataset: str, rows: exp.Expr) -> list[str]:
        """Digests of the withdrawn rows of the release that meet a condition."""
        hidden = self._release.datasets[dataset].hidden
        keys = await asyncio.to_thread(hidden.withdrawn.met, rows) if hidden is not None else []
        return [tombstone_digest(dataset, key) for key in keys]

    def _columns(self, event: OutboxEvent, kind: str, listener: Listener) -> list[str]:
        policy = self._release.policies.current
        if policy is None:
            return []
        columns = [ColumnPolicy.model_validate(column) for column in event.data[kind]]
        today = self._release.policies.today(self._release.catalog.city.timezone)
        actor = listener.actor.at(self._release.policies.now)
        gone = event.data.get("gone")
        entry = policy.dataset(event.dataset) or (DatasetPolicy.model_validate(gone) if gone else None)
        seen = _seen(policy, Listener(actor, listener.purpose), entry, columns, today)
        return [column.name for column in columns if column.name in seen]

    def _href(self, dataset: str, rest: str = "") -> str:
        return f"{self._origin or ''}/v1/datasets/{dataset}{rest}"


def instant(at: datetime) -> str:
    """A moment as RFC 3339 writes it, in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _seen(
    policy: CompiledPolicy,
    listener: Listener,
    entry: DatasetPolicy | None,
    columns: Sequence[ColumnPolicy],
    today: date,
) -> set[str]:
    """Names of columns that the listener may see or read about; those the policy has lost count as they last stood."""
    if entry is None:
        return set()
    lost = tuple(column for column in columns if column.name not in entry.by_name)
    if lost or policy.dataset(entry.id) is None:
        policy = _with(policy, datasets=(_with(entry, columns=(*entry.columns, *lost)),))
    decisions = (decide(policy, listener.actor, asked, entry.id, listener.purpose, today) for asked in _ABOUT_COLUMNS)
    return {name for found in decisions if found.allow for branch in found.branches for name in branch.columns}


def _with(model: _Model, **changes: Any) -> _Model:
    """A copy with other fields that has remembered nothing of the one before."""
    fields = {name: getattr(model, name) for name in type(model).model_fields}
    return type(model)(**(fields | changes))
