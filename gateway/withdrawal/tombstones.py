"""Of which datasets tombstones are told, and how one is written."""

from __future__ import annotations

from typing import Any

from gateway.policy.actor import PUBLIC
from gateway.release.opened import OpenRelease
from gateway.withdrawal.tables import Tombstone


def are_told(release: OpenRelease, dataset: str) -> bool:
    """Whether tombstones are told: to everybody, of a dataset of which everybody sees every row and its key.

    Of any other they are told to nobody: who was shown which rows is not for others to learn.
    """
    public = release.view(dataset, PUBLIC)
    return public is not None and public.facts.row_count is not None and bool(public.key)


def tombstone_document(entry: Tombstone) -> dict[str, Any]:
    """A tombstone as it is told."""
    return {"digest": entry.digest, "reason": entry.reason, "effective_on": entry.since.isoformat()}
