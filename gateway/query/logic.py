"""And, or and not over the parts of a question: conditions on rows, or on groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

import orjson
from sqlglot import exp


class Part(Protocol):
    """A leaf: one condition, which can be turned into its opposite."""

    @property
    def opposite(self) -> Self:
        """The condition that holds where this one is known not to hold."""
        ...

    @property
    def names(self) -> tuple[str, ...]:
        """Every column of the view that is read to tell whether it holds."""
        ...

    @property
    def plain(self) -> list[Any]:
        """It as lists and texts, for digests."""
        ...


P = TypeVar("P", bound=Part)


@dataclass(frozen=True)
class Junction(Generic[P]):
    """Parts of which `every` one must hold, or any one. Made by `all_of` and `any_of`, which keep trees flat.

    Without parts it always holds, or never.
    """

    every: bool
    parts: tuple[P | Junction[P], ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Every column of the view that is read to tell whether it holds, each once."""
        return tuple(dict.fromkeys(name for part in self.parts for name in part.names))


def all_of(parts: Sequence[P | Junction[P]]) -> P | Junction[P]:
    """What holds where every part does."""
    return _joined(parts, every=True)


def any_of(parts: Sequence[P | Junction[P]]) -> P | Junction[P]:
    """What holds where at least one part does."""
    return _joined(parts, every=False)


def negated(part: P | Junction[P]) -> P | Junction[P]:
    """What holds where a part is known not to hold: not of an `and` is the `or` of what is negated, so only leaves
    are ever negated. As in SQL, a row that lacks a value meets neither a condition on it nor its opposite."""
    if isinstance(part, Junction):
        return Junction(not part.every, tuple(negated(inner) for inner in part.parts))
    return part.opposite


def conjuncts(part: P | Junction[P]) -> tuple[P | Junction[P], ...]:
    """The parts that must all hold, as a query takes them."""
    return part.parts if isinstance(part, Junction) and part.every else (part,)


def leaves(parts: Sequence[P | Junction[P]]) -> Iterator[P]:
    """Every single condition."""
    for part in parts:
        if isinstance(part, Junction):
            yield from leaves(part.parts)
        else:
            yield part


def written(part: P | Junction[P], leaf: Callable[[P], exp.Expr]) -> exp.Expr:
    """SQL of a tree, given that of its leaves."""
    if not isinstance(part, Junction):
        return leaf(part)
    if not part.parts:
        return exp.true() if part.every else exp.false()
    join = exp.and_ if part.every else exp.or_
    return exp.Paren(this=join(*(written(inner, leaf) for inner in part.parts)))


def plain(parts: Sequence[P | Junction[P]]) -> list[list[Any]]:
    """Trees as nested lists, in an order that does not depend on how they were given."""
    return sorted((_plain(part) for part in parts), key=orjson.dumps)


def _plain(part: P | Junction[P]) -> list[Any]:
    return ["and" if part.every else "or", plain(part.parts)] if isinstance(part, Junction) else part.plain


def _joined(parts: Sequence[P | Junction[P]], *, every: bool) -> P | Junction[P]:
    flat: list[P | Junction[P]] = []
    for part in parts:
        flat += part.parts if isinstance(part, Junction) and part.every == every else (part,)
    return flat[0] if len(flat) == 1 else Junction(every, tuple(flat))
