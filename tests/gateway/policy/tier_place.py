"""The table of tiers, and one cell of it: what a caller gets of a dataset."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from ruamel.yaml import YAML

from tests.gateway.policy.city import COLUMNS, Holder, tables

TABLE: dict[str, Any] = YAML(typ="safe").load((Path(__file__).parent / "tier_matrix.yml").read_text(encoding="utf-8"))
CITY = tables()

Ask = Callable[..., Awaitable[httpx.Response]]
"""Asks an address with headers, as one caller; with a `body` by POST."""


@dataclass(frozen=True)
class Place:
    """One cell of the table: what a caller gets of a dataset."""

    holder: Holder
    dataset: str
    cell: dict[str, Any]

    @property
    def described(self) -> bool:
        return self.cell.get("status") != 404

    @property
    def readable(self) -> bool:
        return "rows" in self.cell

    @property
    def clear(self) -> list[str]:
        return [n for n in COLUMNS[self.dataset] if n in self.cell.get("clear", ())]

    @property
    def masked(self) -> list[str]:
        return [n for n in COLUMNS[self.dataset] if n in self.cell.get("masked", ())]

    @property
    def columns(self) -> list[str]:
        return [n for n in COLUMNS[self.dataset] if n in (*self.clear, *self.masked)]

    @property
    def whole(self) -> bool:
        return self.cell.get("rows") == len(CITY[self.dataset])

    @property
    def count(self) -> int | None:
        return self.cell["rows"] if self.readable and self.whole else None


Door = Callable[[Ask, str, Place], Awaitable[None]]
"""Holds what an address gives against a cell of the table."""
