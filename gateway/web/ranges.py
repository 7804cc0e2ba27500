"""The Range header of RFC 9110: which bytes of a representation are asked for."""

from __future__ import annotations

import re

_RANGE = re.compile(r"(\d{0,18})-(\d{0,18})")
_MAX_RANGES = 16

Span = tuple[int, int]


def parse_ranges(header: str | None, size: int) -> list[Span] | None:
    """Spans (first byte, end exclusive) of a representation of `size` bytes.

    None means: answer with everything (no header, another unit, not readable, or more ranges than is decent,
    all of which a server may ignore). An empty list means that no asked byte exists. Spans that touch or overlap
    are joined and come in ascending order, so no answer is ever longer than the file.
    """
    if header is None or not header.strip().lower().startswith("bytes="):
        return None
    asked = [part.strip() for part in header.strip()[len("bytes=") :].split(",")]
    if len(asked) > _MAX_RANGES:
        return None
    spans: list[Span] = []
    for part in asked:
        match = _RANGE.fullmatch(part)
        if match is None or match.group() == "-":
            return None
        first, last = match.groups()
        if first and last and int(first) > int(last):
            return None
        span = _span(first, last, size)
        if span[0] < span[1]:
            spans.append(span)
    return _joined(spans)


def _span(first: str, last: str, size: int) -> Span:
    if not first:
        return max(size - int(last), 0), size
    return int(first), min(int(last) + 1, size) if last else size


def _joined(spans: list[Span]) -> list[Span]:
    joined: list[Span] = []
    for first, end in sorted(spans):
        if joined and first <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((first, end))
    return joined
