"""Entity tags: how they are made, and what If-None-Match and If-Range say about them."""

from __future__ import annotations

import hashlib


def make_etag(*parts: str) -> str:
    """A strong entity tag over parts that together determine the bytes of an answer."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
    return f'"{digest[:40]}"'


def not_modified(if_none_match: str | None, etag: str) -> bool:
    """Whether the caller already holds this representation. The comparison is weak, as RFC 9110 asks."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    return etag in (tag.strip().removeprefix("W/") for tag in if_none_match.split(","))


def range_still_valid(if_range: str | None, etag: str) -> bool:
    """Whether a Range may be honoured: no If-Range, or exactly this strong tag. Dates are never taken as proof."""
    return if_range is None or if_range.strip() == etag
