"""What masks leave of a value, as data: authored once for the masks of the gateway and for those of the models."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from catalog.policy.model import MaskKind

Form = tuple[str, str]
"""An RE2 pattern, and what is left of what it matches."""


class TextForms(BaseModel):
    """Free text: characters that are folded and into which, then patterns, each replaced wherever it is found."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fold: tuple[str, str]
    patterns: tuple[Form, ...]


class MaskForms(BaseModel):
    """`mask_forms.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    unknown: str
    compound_surnames: tuple[str, ...]
    whole: dict[MaskKind, tuple[Form, ...]]
    text: TextForms


@cache
def mask_forms() -> MaskForms:
    """The forms that ship, read on first use."""
    path = Path(__file__).parent / "mask_forms.toml"
    return MaskForms.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
