"""A bounded memory of things made once, the longest unused one forgotten first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Made = TypeVar("Made")


class Plans(Generic[Made]):
    """Keeps at most `size` values. Used on the event loop only, so it needs no lock."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._held: OrderedDict[Hashable, Made] = OrderedDict()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, key: Hashable, make: Callable[[], Made]) -> Made:
        """The value of a key, made now if it is not held."""
        if key in self._held:
            self._held.move_to_end(key)
            return self._held[key]
        made = self._held[key] = make()
        if len(self._held) > self._size:
            self._held.popitem(last=False)
        return made
