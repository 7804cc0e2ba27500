"""Switch back to an earlier release."""

from __future__ import annotations

from datetime import datetime

from orchestration.release.errors import DamagedReleaseError, ReleaseError
from orchestration.release.store import ReleaseStore
from orchestration.release.verify import verify


def rollback(store: ReleaseStore, at: datetime, number: int | None = None) -> int:
    """Serve release `number`, by default the one before the current; returns it. Nothing is deleted.

    A named release is served even when CURRENT leads nowhere.
    The target is verified first: DamagedReleaseError leaves CURRENT as it was. Works forwards too, to undo a rollback.
    """
    dangling = store.dangling()
    if dangling is not None and number is None:
        raise dangling
    target = _before(store) if number is None else number
    if dangling is None and target == store.served():
        raise ReleaseError(f"release {target:04d} is already the one that is served")
    findings = verify(store, target)
    if findings:
        raise DamagedReleaseError(target, findings)
    store.switch(target, "rollback", at)
    return target


def _before(store: ReleaseStore) -> int:
    current = store.served()
    previous = store.manifest(current).previous
    if previous is None:
        raise ReleaseError(f"release {current:04d} is the first: there is none before it to roll back to")
    return previous
