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
    """Seconds by phase, each without the phases inside it; `total` has them with what is inside."""

    own: dict[str, float] = field(default_factory=dict)
    total: dict[str, float] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)
    _inner: list[float] = field(default_factory=lambda: [0.0])

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Time the block under `name`."""
        began = time.perf_counter()
        self._inner.append(0.0)
        try:
            yield
        finally:
            seconds, inside = time.perf_counter() - began, self._inner.pop()
            self._inner[-1] += seconds
            self.own[name] = self.own.get(name, 0.0) + seconds - inside
            self.total[name] = self.total.get(name, 0.0) + seconds
            self.calls[name] = self.calls.get(name, 0) + 1

    def wrap(self, owner: Any, name: str, label: Label) -> None:
        """Time every call of `owner.name`; `label` is the phase or says it from the call's arguments."""
        plain = getattr(owner, name)

        @functools.wraps(plain)
        def timed(*args: Any, **kwargs: Any) -> Any:
            with self.phase(label if isinstance(label, str) else label(*args, **kwargs)):
                return plain(*args, **kwargs)

        setattr(owner, name, timed)
