"""Where a process spends its time: named functions of the platform timed from outside, nested phases told apart."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Label = str | Callable[..., str]


@dataclass
class Stopwatch:
    """Wall-clock seconds and processor seconds by phase, each without those of the phases inside it."""

    wall: dict[str, float] = field(default_factory=dict)
    cpu: dict[str, float] = field(default_factory=dict)
    _inside: list[tuple[float, float]] = field(default_factory=lambda: [(0.0, 0.0)])

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time the block under `name`."""
        wall, cpu = time.perf_counter(), time.process_time()
        self._inside.append((0.0, 0.0))
        try:
            yield
        finally:
            wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
            inside = self._inside.pop()
            self.book(name, wall - inside[0], cpu - inside[1], outside=inside)

    def book(self, name: str, wall: float, cpu: float, *, outside: tuple[float, float] = (0.0, 0.0)) -> None:
        """Add seconds to a phase inside the one now running; `outside` are booked on others already."""
        self.wall[name] = self.wall.get(name, 0.0) + wall
        self.cpu[name] = self.cpu.get(name, 0.0) + cpu
        self._inside[-1] = (self._inside[-1][0] + wall + outside[0], self._inside[-1][1] + cpu + outside[1])

    def wrap(self, owner: Any, name: str, label: Label) -> None:
        """Time every call of `owner.name`; `label` is the phase or says it from the call's arguments."""
        plain = getattr(owner, name)

        @functools.wraps(plain)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.phase(label if isinstance(label, str) else label(*args, **kwargs)):
                return plain(*args, **kwargs)

        setattr(owner, name, timed)
