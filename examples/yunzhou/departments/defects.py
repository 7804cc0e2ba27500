"""Reads the rates at which defects are planted."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RATES = Path(__file__).with_name("defects.yml")


@dataclass(frozen=True)
class Defects:
    """Rates by table and rule; `files` are the defects of whole deliveries, by feed."""

    tables: Mapping[str, Mapping[str, float]]
    files: Mapping[str, Mapping[str, Any]]

    def rates(self, table: str) -> Mapping[str, float]:
        """Share of the rows of `table` to carry each defect; none for a table that is not named."""
        return self.tables.get(table, {})


def load_defects(path: Path = RATES) -> Defects:
    """The rates of a file in the form of defects.yml."""
    from ruamel.yaml import YAML

    stored = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    files = stored.pop("files", {})
    return Defects(stored, files)
