"""The decision: what one actor may do with one dataset, and why. Nothing else in the gateway looks at levels."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import orjson

from catalog.compiled import CompiledDataset
from catalog.contract.options import Level
from catalog.policy.model import Tier
from gateway.policy.actor import Actor

Action = Literal["read"]

OPEN_LEVELS: dict[Tier, frozenset[Level]] = {"T0": frozenset({"L1"})}


@dataclass(frozen=True)
class Decision:
    """Whether the action is allowed, the columns it may touch (in dataset order), and the reasons for the log."""

    allow: bool
    columns: tuple[str, ...]
    reasons: tuple[str, ...]

    @cached_property
    def digest(self) -> str:
        """Digest of what the decision lets through; two callers with equal digests may share an answer."""
        return hashlib.sha256(orjson.dumps([self.allow, self.columns])).hexdigest()[:16]


def decide(actor: Actor, action: Action, dataset: CompiledDataset, purpose: str | None = None) -> Decision:
    """Decide for one actor, action and dataset. What no rule allows is denied.

    The public reads the L1 columns of datasets whose opening is unconditional (无条件开放). Purposes change
    nothing for the public.
    """
    levels = OPEN_LEVELS.get(actor.tier, frozenset())
    if dataset.opening != "unconditional":
        return Decision(False, (), (f"opening is {dataset.opening}",))
    columns = tuple(column.name for column in dataset.columns if column.level in levels)
    if not columns:
        return Decision(False, (), (f"no column has a level open to {actor.tier}",))
    return Decision(True, columns, (f"unconditional opening: {', '.join(sorted(levels))} to {actor.tier}",))
