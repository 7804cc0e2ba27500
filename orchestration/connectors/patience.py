"""How long to try: retries with back-off and jitter, Retry-After honoured, never beyond the pull's deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryCallState, Retrying, retry_if_exception_type, wait_random_exponential

from orchestration.connectors.base import PullTask

FIRST_WAIT_SECONDS = 0.5
LONGEST_WAIT_SECONDS = 60.0
Result = TypeVar("Result")


class TransientError(Exception):
    """A failure that may pass; `text` says what happened without secrets."""


class ThrottledError(TransientError):
    """The source asks to wait `seconds`; being asked does not use up an attempt."""

    def __init__(self, text: str, seconds: float) -> None:
        self.seconds = seconds
        super().__init__(text)


def patiently(task: PullTask, attempt: Callable[[], Result], *, key: str) -> Result:
    """The result of `attempt`, repeated while it raises TransientError; SourceError when patience ends."""
    failures = 0
    back_off = wait_random_exponential(multiplier=FIRST_WAIT_SECONDS, max=LONGEST_WAIT_SECONDS)

    def wait(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        return error.seconds if isinstance(error, ThrottledError) else back_off(state)

    def stop(state: RetryCallState) -> bool:
        nonlocal failures
        error = state.outcome.exception() if state.outcome else None
        failures += not isinstance(error, ThrottledError)
        if state.upcoming_sleep >= task.deadline - time.monotonic():
            raise task.deadline_error() from None
        return failures >= task.retry.attempts

    retrying = Retrying(stop=stop, wait=wait, retry=retry_if_exception_type(TransientError), reraise=True)
    try:
        return retrying(attempt)
    except TransientError as error:
        text = f"{error} ({task.retry.attempts} attempts)"
        raise task.error(key, text, "See whether the department's system is up, then pull again") from None
