"""Switch back to an earlier release."""

from __future__ import annotations

from datetime import datetime

from orchestration.release.errors import DamagedReleaseError, ReleaseError
from orchestration.release.store import ReleaseStore
from orchestration.release.verify import verify


def rollback(store: ReleaseStore, at: datetime, number: int | None = None) -> int:
    """Serve release `number`, by default the one before the current; returns it. Nothing is deleted.

    The target is verified first: DamagedReleaseError leaves CURRENT as it was. Works forwards too, to undo a rollback.
    """
    current = store.served()
    target = store.manifest(current).previous if number is None else number
    if target is None:
        raise ReleaseError(f"release {current:04d} is the first: there is none before it to roll back to")
    if target == current:
        raise ReleaseError(f"release {current:04d} is already the one that is served")
    findings = verify(store, target)
    if findings:
        raise DamagedReleaseError(target, findings)
    store.switch(target, "rollback", at)
    return target
