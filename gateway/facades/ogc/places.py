"""Points and boxes of filters, as the texts of our own conditions on places."""

from __future__ import annotations

from gateway.facades.reading import ReadError, Shape


def point(numbers: list[str]) -> Shape:
    """A single place, whatever its height: the box that holds nothing else."""
    if len(numbers) not in (2, 3):
        raise ReadError("expected a point of two numbers")
    return Shape("bbox", ",".join(numbers[:2] * 2))


def box(numbers: list[str]) -> Shape:
    """A box of four numbers, or of six with heights, which points do not have."""
    if len(numbers) not in (4, 6):
        raise ReadError("expected a box of four numbers, or six with heights")
    return Shape("bbox", ",".join((*numbers[:2], *numbers[3:5]) if len(numbers) == 6 else numbers))
