"""What random requests about a dataset are made of: names of columns, values of them, nonsense."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Picks:
    """Picks for requests about a dataset. `column` gives a name, `told` one by which groups may be asked for, `value`
    a value of a column; all of them now and then something that is none."""

    rng: random.Random
    dataset: str
    column: Callable[[], str]
    told: Callable[[], str]
    value: Callable[[str], Any]

    def quoted(self, column: str) -> str:
        """A value of a column as a text in quotation marks."""
        return "'" + str(self.value(column)).replace("'", "''") + "'"


def quoted_name(name: str) -> str:
    """A name as SQL has it."""
    return '"' + name.replace('"', '""') + '"'
