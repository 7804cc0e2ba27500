"""Where in its text something of a question stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlglot import exp


@dataclass(frozen=True)
class Place:
    """Line and column, both counted from 1."""

    line: int
    column: int

    @classmethod
    def at(cls, text: str, offset: int) -> Place:
        """The place of a character."""
        return cls(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))

    @property
    def plain(self) -> dict[str, int]:
        """As a problem tells it."""
        return {"line": self.line, "column": self.column}


def position_of(node: exp.Expr, text: str) -> dict[str, Any]:
    """The member `position` of a problem: where a node, or the first part of it that is known, stands."""
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return {"position": Place.at(text, min(starts)).plain} if starts else {}
