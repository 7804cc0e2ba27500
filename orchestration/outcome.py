"""What a finished Dagster run came to: its release or why there is none, in words for people."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster import ExecuteInProcessResult
    from dagster_shared.error import SerializableErrorInfo
    from duckdb import DuckDBPyConnection

# Our own errors say all in their text; of any other error the class is half of what is said.
_OURS = re.compile(r"(?:catalog|expectations|orchestration|dagster)[\w.]*: ")


def outcome_of(
    con: DuckDBPyConnection, result: ExecuteInProcessResult, *, waits: bool
) -> tuple[str, int | None, tuple[str, ...]]:
    """What a Publication says and the number of the release; or `blocked`, `failed` or `unread`, None, and reasons.

    `waits` says that there is no release yet and a feed was never read: whatever else stops the run, it comes first.
    """
    from orchestration.defs.release import RELEASE
    from orchestration.release.errors import PublishBlockedError
    from orchestration.release.gate import require_passed

    for event in result.get_asset_materialization_events():
        if event.asset_key == RELEASE:
            metadata = event.materialization.metadata
            return str(metadata["outcome"].value), int(str(metadata["number"].value)), ()
    try:
        require_passed(con, result.run_id)
    except PublishBlockedError as blocked:
        return "unread" if waits else "blocked", None, tuple(str(failure) for failure in blocked.failures)
    found = [(e.step_key, *_innermost(e.step_failure_data.error)) for e in result.get_step_failure_events()]
    kind = "blocked" if any("PublishBlockedError" in names for _, names, _ in found) else "failed"
    return "unread" if waits else kind, None, tuple(f"{step}: {text}" for step, _, text in found)


def problems_of(result: ExecuteInProcessResult) -> dict[str, str]:
    """Feeds whose source could not be read, and why."""
    from orchestration.defs.feeds import SOURCE_ANSWERED

    checks = result.get_asset_check_evaluations()
    return {
        check.asset_key.path[1]: check.description or "the source could not be read"
        for check in checks
        if check.check_name == SOURCE_ANSWERED and not check.passed
    }


def _innermost(error: SerializableErrorInfo | None) -> tuple[list[str], str]:
    """Class names of the error and its causes, and what the innermost that says anything says."""
    names, text = [], ""
    while error is not None:
        names.append(error.cls_name or "")
        text = said(error) or text
        error = error.cause
    return names, text


def said(error: SerializableErrorInfo) -> str:
    """The text of an error; its class stands before it only when it is none of ours."""
    text = error.message.strip()
    ours = _OURS.match(text)
    return text[ours.end() :] if ours else text
