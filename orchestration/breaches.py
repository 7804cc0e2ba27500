"""Tells of breached contracts: what a run held or was stopped by is written down for the gateway's subscribers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from catalog.breach import Breach, record_breach
from catalog.workspace import Workspace
from expectations.checks import CheckResult
from orchestration.reading.report import BatchAccount
from orchestration.release.errors import FailedCheck


def tell_held(workspace: Workspace, accounts: Iterable[BatchAccount], at: datetime) -> None:
    """One breach for each batch that was held; held again, it is told of no second time."""
    for account in accounts:
        if account.status == "held":
            record_breach(
                workspace, Breach(id=f"held-{account.batch_id}", kind="batch_held", at=at, feeds=(account.feed,))
            )


def tell_unpublished(workspace: Workspace, name: str, failures: Iterable[FailedCheck], at: datetime) -> None:
    """One breach of what was found wrong when the release was written; failed checks have been told where they ran."""
    models = tuple(sorted({failure.model for failure in failures if failure.model}))
    if models:
        record_breach(workspace, Breach(id=name, kind="release_blocked", at=at, models=models))


def tell_blocked(workspace: Workspace, name: str, results: Iterable[CheckResult], at: datetime) -> None:
    """One breach of everything that a blocking check found wrong; `name` is the run's and the asset's."""
    subjects = sorted({r.spec.subject for r in results if r.spec.severity == "block" and not r.passed})
    if subjects:
        feeds = {subject.partition(".")[0] for subject in subjects if "." in subject}
        models = tuple(subject for subject in subjects if "." not in subject)
        found = Breach(id=name, kind="release_blocked", at=at, feeds=tuple(sorted(feeds)), models=models)
        record_breach(workspace, found)
