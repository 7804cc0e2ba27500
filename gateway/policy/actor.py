"""Who is asking. Until identities exist everybody is the public."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Tier = Literal["T0"]


@dataclass(frozen=True)
class Actor:
    """One caller. Tier T0 is the public: no account, no grant."""

    tier: Tier


PUBLIC = Actor("T0")
