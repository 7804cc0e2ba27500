"""What a Retry-After field asks for."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime


def retry_after(value: str | None, otherwise: float) -> float:
    """Seconds a Retry-After field asks to wait: delta seconds or an HTTP date; `otherwise` when it says neither."""
    if value is None:
        return otherwise
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return otherwise
