"""Which groups must be withheld: those too small, and others by which these could be found from totals.

Pure values without a database. A group is withheld when a condition of the question splits it into parts of which
one is too small, whether that part is in the answer or not; so the difference of two answers that ask the same
columns is never small. With one key, enough other groups are withheld beside it: in the whole, and within every
value of another column or wider span of time that the groups lie in, for whose total can be asked, too. With more
keys nothing is told when one group may not be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.view.types import Scalar

_WHOLE = (-1, "")


@dataclass(frozen=True)
class Cell:
    """One group: the values of its keys, how many rows of it are asked for, the size of the smallest part that the
    conditions make of it, and for each other column the text of the one value it has in all of it, else None."""

    keys: tuple[Scalar | None, ...]
    rows: int
    smallest: int
    within: tuple[str | None, ...] = ()

    @property
    def parents(self) -> list[tuple[int, str]]:
        """The larger groups it lies in, the whole first."""
        return [_WHOLE, *((place, text) for place, text in enumerate(self.within) if text is not None)]


def withheld(cells: Sequence[Cell], minimum: int, keys: int) -> list[Cell]:
    """The groups that are not told. Groups without a row that is asked for are in no answer."""
    told = [cell for cell in cells if cell.rows or not keys]
    small = {place for place, cell in enumerate(told) if min(cell.rows, cell.smallest) < minimum}
    if not small:
        return []
    if keys != 1:
        return told
    within: dict[tuple[int, str], list[int]] = {}
    for place in sorted(range(len(told)), key=lambda place: (told[place].rows, repr(told[place].keys))):
        for parent in told[place].parents:
            within.setdefault(parent, []).append(place)
    hidden = set(small)
    while not all(_hide_enough(told, hidden, members, minimum) for members in within.values()):
        continue
    return [cell for place, cell in enumerate(told) if place in hidden]


def _hide_enough(cells: Sequence[Cell], hidden: set[int], members: list[int], minimum: int) -> bool:
    """Withhold more of the groups that one total is made of, the smallest first; False when some were added.

    Two at least are withheld of a total, with enough rows between them. Where all are, the total is small, too.
    """
    inside = [place for place in members if place in hidden]
    if not inside:
        return True
    rows, count, added = sum(cells[place].rows for place in inside), len(inside), False
    for place in members:
        if count >= 2 and rows >= minimum:
            break
        if place not in hidden:
            hidden.add(place)
            rows, count, added = rows + cells[place].rows, count + 1, True
    return not added
