"""What happened, as events: a release that replaced another, columns that came and went, rows withdrawn, breaches."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from catalog.breach import Breach
from catalog.compiled import CompiledCatalog, CompiledColumn, CompiledDataset
from catalog.policy.compile import dataset_policy
from catalog.release import ReleaseManifest
from gateway.notices.outbox import NewEvent
from gateway.withdrawal.tables import Tombstone

TOLD_AT_ONCE = 500
"""So many tombstones stand in one event; more make several events."""


def of_release(
    manifest: ReleaseManifest, catalog: CompiledCatalog, before: CompiledCatalog | None, replaced: int | None, mark: str
) -> Iterator[NewEvent]:
    """One event for each dataset of a release that is served now, and one for each whose columns changed.

    A dataset that is served no more has lost them all; what the policy knew of it is kept, to tell who may hear that.
    """
    columns = {entry.id: entry for entry in before.datasets} if before is not None else {}
    facts = {"release": manifest.number, "replaces": replaced}
    for entry in catalog.datasets:
        told = {**facts, "published_at": manifest.published_at.isoformat()}
        yield NewEvent("release.published", entry.id, mark, told)
        changes = _changes(columns[entry.id], entry) if entry.id in columns else None
        if changes:
            yield NewEvent("schema.changed", entry.id, mark, {**facts, **changes})
    for name in sorted(columns.keys() - {entry.id for entry in catalog.datasets}):
        last = dataset_policy(columns[name])
        lost = {"added": [], "removed": _plain(columns[name].columns), "retyped": []}
        yield NewEvent("schema.changed", name, mark, {**facts, **lost, "gone": last.model_dump(mode="json")})


def of_withdrawals(dataset: str, fresh: Sequence[Tombstone], mark: str) -> Iterator[NewEvent]:
    """Tombstones that were not told of yet; only their digests are kept, what is told is read when it is told."""
    for start in range(0, len(fresh), TOLD_AT_ONCE):
        digests = [entry.digest for entry in fresh[start : start + TOLD_AT_ONCE]]
        yield NewEvent("withdrawal", dataset, f"{mark}.{start}", {"digests": digests})


def of_breach(breach: Breach, catalog: CompiledCatalog) -> Iterator[NewEvent]:
    """One event for each dataset that stands on what was breached."""
    for entry in catalog.datasets:
        if breach.concerns(entry):
            yield NewEvent("contract.breached", entry.id, breach.id, {"kind": breach.kind, "at": breach.at.isoformat()})


def _changes(old: CompiledDataset, new: CompiledDataset) -> dict[str, list[dict[str, Any]]]:
    """Columns added, removed and retyped, each with what a decision about it needs; empty when there are none."""
    before, after = {c.name: c for c in old.columns}, {c.name: c for c in new.columns}
    found = {
        "added": [c for name, c in after.items() if name not in before],
        "removed": [c for name, c in before.items() if name not in after],
        "retyped": [c for name, c in after.items() if name in before and before[name].type != c.type],
    }
    return {kind: _plain(columns) for kind, columns in found.items()} if any(found.values()) else {}


def _plain(columns: Iterable[CompiledColumn]) -> list[dict[str, Any]]:
    return [{"name": column.name, "level": column.level, "mask": column.mask} for column in columns]
