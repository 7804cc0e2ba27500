"""The closed lists of words that policy is written in."""

from __future__ import annotations

from typing import Literal

Tier = Literal["T0", "T1", "T1R", "T2", "T3", "T4"]
Action = Literal["describe", "read", "aggregate", "export", "verify", "sandbox"]
Effect = Literal["allow", "deny"]
# What a rule does to a cell value it lets through; a column that no rule lets through is hidden.
Treatment = Literal["clear", "masked", "aggregate", "verify"]
MaskKind = Literal[
    "name", "mobile", "landline", "id_number", "address", "plate", "email", "free_text", "join_key", "blank"
]
