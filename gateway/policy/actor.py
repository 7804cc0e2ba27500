"""Who is asking: a caller with a tier, a home in the city, grants that widen and a token that narrows."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

import orjson

from catalog.policy.model import Action, RowScope, Tier


@dataclass(frozen=True)
class Grant:
    """A machine-readable permission in force: what was granted to whom, on which rows, for which purpose, until when.

    `columns` are seen masked where they have a mask, `clear_columns` in clear; `expires_at` is an aware time.
    `statutory` says that a law named in the grant demands the clear values: only then is an L4 column among them.
    """

    id: str
    dataset: str
    columns: tuple[str, ...]
    clear_columns: tuple[str, ...]
    actions: tuple[Action, ...]
    rows: RowScope
    purposes: tuple[str, ...]
    expires_at: datetime
    statutory: bool = False

    @property
    def specific(self) -> bool:
        """Whether it is one that makes a department's caller T3."""
        return bool(self.clear_columns) or self.statutory


@dataclass(frozen=True)
class TokenScope:
    """What a token is narrowed to; None means as wide as its holder. A token never widens anything."""

    datasets: frozenset[str] | None = None
    actions: frozenset[Action] | None = None
    columns: frozenset[str] | None = None
    rows: RowScope | None = None

    def names(self, dataset: str) -> bool:
        """Whether it lets anything of a dataset through."""
        return self.datasets is None or dataset in self.datasets

    def lets(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """Those of the columns that it lets through."""
        return columns if self.columns is None else tuple(name for name in columns if name in self.columns)


WHOLE = TokenScope()
"""What narrows nothing."""


@dataclass(frozen=True)
class Actor:
    """One caller. `id` is what the audit log names; the public has tier T0 and nothing else.

    `jurisdictions` are division codes. `break_glass` names datasets whose cell values a steward may see for now.
    """

    id: str
    tier: Tier
    organisation: str | None = None
    jurisdictions: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    token: TokenScope | None = None
    break_glass: tuple[str, ...] = ()
    consumer: str | None = field(default=None)

    def at(self, now: datetime) -> Actor:
        """The actor at a moment: without the grants that have ended by then."""
        held = tuple(grant for grant in self.grants if grant.expires_at > now)
        return self if len(held) == len(self.grants) else replace(self, grants=held)

    @cached_property
    def digest(self) -> str:
        """Digest of everything a decision can depend on; the plan cache is keyed by it."""
        return hashlib.sha256(orjson.dumps(_plain(self), option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


PUBLIC = Actor("public", "T0")


def _plain(actor: Actor) -> list[object]:
    return [repr(value) for name, value in vars(actor).items() if name != "digest"]
