"""The tree of administrative divisions, as row scopes ask it: levels, what lies below, what lies above."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from catalog.policy.model import Division


class DivisionTree:
    """Divisions by code. A code that is not in the tree has no level and nothing above or below it."""

    def __init__(self, divisions: Iterable[Division]) -> None:
        self._levels: dict[str, int] = {}
        self._parents: dict[str, str | None] = {}
        self._children: dict[str, list[str]] = {}
        for division in divisions:
            self._levels[division.code] = division.level
            self._parents[division.code] = division.parent
            if division.parent is not None:
                self._children.setdefault(division.parent, []).append(division.code)

    def level(self, code: str) -> int | None:
        """1 province to 5 community."""
        return self._levels.get(code)

    def below(self, code: str, level: int) -> frozenset[str]:
        """Codes of that level at or under a division."""
        found: set[str] = set()
        pending, seen = [code], set[str]()
        while pending:
            current = pending.pop()
            if current in seen or self._levels.get(current, level + 1) > level:
                continue
            seen.add(current)
            if self._levels[current] == level:
                found.add(current)
            else:
                pending.extend(self._children.get(current, ()))
        return frozenset(found)

    def above(self, code: str, level: int) -> str | None:
        """The division of that level that a division lies in; itself when it is of that level."""
        current: str | None = code
        for _ in range(len(self._levels)):
            if current is None or self._levels.get(current, 0) <= level:
                break
            current = self._parents.get(current)
        return current if current is not None and self._levels.get(current) == level else None
