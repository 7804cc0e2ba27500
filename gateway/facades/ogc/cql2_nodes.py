"""What a CQL2 filter is made of, whichever way it is written."""

from __future__ import annotations

from dataclasses import dataclass

DEEPEST = 60
"""How deep conditions and calls may lie in each other."""
LONGEST = 20_000
"""Most characters of a filter."""


class CQLError(ValueError):
    """A filter that cannot be read, in words for the caller."""


@dataclass(frozen=True)
class Literal:
    """A value: true or false, or the text of any other, which its column reads."""

    value: str | bool

    @property
    def told(self) -> str:
        """It in words."""
        return "a value"


@dataclass(frozen=True)
class Property:
    """What a row has a value of."""

    name: str

    @property
    def told(self) -> str:
        """It in words."""
        return f"`{self.name[:80]}`"


@dataclass(frozen=True)
class Shape:
    """A place, as the text of one of our conditions on places."""

    condition: str
    text: str

    @property
    def told(self) -> str:
        """It in words."""
        return "a place"


@dataclass(frozen=True)
class Call:
    """An operator or function, its name in lower case."""

    name: str
    arguments: tuple[Node, ...]

    @property
    def told(self) -> str:
        """It in words."""
        return f"`{self.name[:80]}`"


Node = Literal | Property | Shape | Call


def point(longitude: str, latitude: str) -> Shape:
    """A single place: the box that holds nothing else."""
    return Shape("bbox", f"{longitude},{latitude},{longitude},{latitude}")


def box(parts: list[str]) -> Shape:
    """A box of four numbers, or of six with heights, which points do not have."""
    if len(parts) not in (4, 6):
        raise CQLError("expected a box of four numbers, or six with heights")
    return Shape("bbox", ",".join((*parts[:2], *parts[3:5]) if len(parts) == 6 else parts))
