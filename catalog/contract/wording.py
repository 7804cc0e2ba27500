"""Words for values in the sentences of a contract diff: as YAML writes them, cut where they begin to differ."""

from __future__ import annotations

from itertools import takewhile
from typing import Any

from pydantic import BaseModel

WIDTH, LEAD = 60, 20  # characters shown, and how many of them before the first difference


def from_to(old: Any, new: Any) -> str:
    """``from `a` to `b` ``; of long values the part that differs is shown."""
    before, after = _text(old), _text(new)
    start = 0
    if max(len(before), len(after)) > WIDTH:
        start = max(0, _common(before, after) - LEAD)
    return f"from {_window(before, start)} to {_window(after, start)}"


def shown(value: Any) -> str:
    """One value between backticks, cut at its end."""
    return _window(_text(value), 0)


def _common(before: str, after: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))


def _window(text: str, start: int) -> str:
    rest = text[start:]
    cut = rest if len(rest) <= WIDTH else f"{rest[: WIDTH - 1]}…"
    return f"`{'…' if start else ''}{cut}`"


def _text(value: Any) -> str:
    if isinstance(value, BaseModel):
        return _text(value.model_dump(by_alias=True, exclude_none=True))
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    return str(value)
