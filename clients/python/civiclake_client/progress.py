"""How far a download has come, shown as a bar or told to a function."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

Progress = Callable[[int, int], None]
"""Told the bytes that are there, and how many there will be."""


@contextmanager
def shown(progress: Progress | bool, title: str) -> Iterator[Progress]:
    """What to tell; True is a bar in the terminal, for which tqdm must be there (`civiclake-client[progress]`)."""
    if callable(progress):
        yield progress
    elif not progress:
        yield lambda _done, _total: None
    else:
        from tqdm import tqdm

        with tqdm(desc=title, unit="B", unit_scale=True, unit_divisor=1024) as bar:

            def tell(done: int, total: int) -> None:
                bar.total = total
                bar.update(done - bar.n)

            yield tell
