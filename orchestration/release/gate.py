"""The gate before a release: which checks of a run forbid it, and which feeds the first one waits for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalog.release import list_releases
from orchestration.landing.days import never_read
from orchestration.release.errors import FailedCheck, PublishBlockedError, UnreadFeedsError

if TYPE_CHECKING:
    from datetime import date

    from duckdb import DuckDBPyConnection

    from catalog.city import City
    from catalog.workspace import Workspace

_FAILED = """
SELECT subject, rule, any_value(unexpected_count), any_value(element_count), any_value(observed), any_value(threshold)
FROM lake.ops.check_result
WHERE run_id = ? AND severity = 'block' AND NOT passed
GROUP BY subject, rule
ORDER BY subject, rule
"""


def require_passed(con: DuckDBPyConnection, run_id: str) -> None:
    """PublishBlockedError when a blocking check of run `run_id` failed.

    A held batch is no failed check: its rows never entered the lake, and what is published stays as good as before.
    """
    failures = [
        FailedCheck(subject, rule, _finding(unexpected, elements, observed, threshold))
        for subject, rule, unexpected, elements, observed, threshold in con.execute(_FAILED, [run_id]).fetchall()
    ]
    if failures:
        raise PublishBlockedError(failures)


def require_read(city: City, workspace: Workspace, as_of: date) -> None:
    """UnreadFeedsError when there is no release yet and a feed that begins by `as_of` has never been read.

    Later a source that fails does no harm: its last good state stays. Before the first release there is none, and
    what has never been read would be published as empty.
    """
    if not list_releases(workspace) and (unread := never_read(city, workspace, as_of)):
        raise UnreadFeedsError(unread)


def _finding(unexpected: int | None, elements: int | None, observed: float | None, threshold: str | None) -> str:
    if unexpected:
        return f"{unexpected:,} of {elements:,} fail" if elements else f"{unexpected:,} fail"
    found = "no value" if observed is None else f"{observed:g}"
    return f"found {found}, expected {threshold}" if threshold else f"found {found}"
