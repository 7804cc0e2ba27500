"""The questions by which a city code is answered: each is one of a dataset as the caller sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from catalog.city_codes import is_city_code
from gateway.query.operators import EQUALS, OPERATORS
from gateway.query.parse import own_order
from gateway.query.tree import Condition, Query
from gateway.view.view import Column, View

MOST_MATCHES = 50
"""Things that are told of where another code is that of several, such as an address."""
SEPARATOR = ";"


def written(text: str) -> str:
    """A city code as it is kept, whatever the case of its letters; any other text as it is."""
    capital = text.upper()
    return capital if is_city_code(capital) else text


def rows_with(view: View, name: str, values: Sequence[str], limit: int) -> Query | None:
    """Rows in which a column has one of the values; None where the caller does not see the column, or no value is one
    that a text can be."""
    column = view.column(name)
    if column is None or column.summed or not values:
        return None
    try:
        asked = tuple(column.kind.parse(value) for value in values)
    except ValueError:
        return None
    condition = Condition(column, OPERATORS["in"] if len(asked) > 1 else EQUALS, asked)
    select = tuple(found for found in view.columns if not found.summed)
    return Query(view, select, (condition,), own_order(view), limit)


@dataclass(frozen=True)
class Found:
    """Rows of a dataset as the caller sees them; `complete` is false where there are more."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[object, ...], ...]
    complete: bool

    def objects(self) -> list[dict[str, object]]:
        """The rows by the names of their columns."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.rows]

    def values(self, name: str) -> list[str]:
        """The values of one column, each once, in order."""
        return list(dict.fromkeys(str(row[name]) for row in self.objects() if row.get(name) is not None))
