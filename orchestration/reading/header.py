"""From delivered header names to the columns of a contract: names and aliases, what is unknown, what is missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from catalog.contract.model import Column, Table


@dataclass(frozen=True)
class Layout:
    """Which delivered column each contract column is read from.

    `positions[i]` is the index in the delivered header of contract column i, None when it is not delivered, and
    `names[i]` the header as delivered. `unknown` headers belong to no column, `missing` required ones are absent,
    `repeated` are contract columns that two headers claim.
    """

    positions: tuple[int | None, ...]
    names: tuple[str | None, ...]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    repeated: tuple[str, ...]

    @property
    def fault(self) -> str | None:
        """Why nothing can be read with this header (rule B3); None when it fits the contract."""
        if self.missing:
            return f"B3: the header lacks the required column {', '.join(self.missing)}"
        if self.repeated:
            return f"B3: two headers claim the column {', '.join(self.repeated)}"
        return None

    @property
    def note(self) -> str | None:
        """What the steward should know although the file can be read; None when the header is as declared."""
        return f"W: unknown column {', '.join(self.unknown)} is not read" if self.unknown else None


def normalise(header: str) -> str:
    """A header without any white space or byte-order mark, in lower case: how headers are compared."""
    return re.sub(r"[\s\u00a0\u3000\ufeff]+", "", header).casefold()


def delivered_names(column: Column) -> tuple[str, ...]:
    """Header names under which a column may arrive, the preferred one first."""
    return tuple(dict.fromkeys((column.physical_name or column.name, *column.options.aliases, column.name)))


def resolve(header: Sequence[str], table: Table) -> Layout:
    """The layout of a delivered header; cells without text are ignored."""
    owner = {normalise(name): column.name for column in table.properties for name in reversed(delivered_names(column))}
    owner |= {normalise(n): c.name for c in table.properties for n in (c.physical_name or c.name, *c.options.aliases)}
    found: dict[str, int] = {}
    unknown, repeated = list[str](), list[str]()
    for position, cell in enumerate(header):
        name = normalise(cell)
        column = owner.get(name)
        if column is None:
            unknown += [cell.strip()] if name else []
        elif column in found:
            repeated.append(column)
        else:
            found[column] = position
    positions = tuple(found.get(column.name) for column in table.properties)
    names = tuple(None if at is None else header[at].strip("\ufeff \t\r\n") for at in positions)
    missing = tuple(
        names_of[0]
        for column in table.properties
        if (column.required or column.primary_key) and column.name not in found
        for names_of in [delivered_names(column)]
    )
    return Layout(positions, names, tuple(unknown), missing, tuple(dict.fromkeys(repeated)))
