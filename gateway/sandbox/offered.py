"""What a question in SQL may be made of, as data."""

from __future__ import annotations

import tomllib
from functools import cache, cached_property
from pathlib import Path

from pydantic import BaseModel, ConfigDict

Names = frozenset[str]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Size(_Part):
    """How long a question may be."""

    characters: int
    tokens: int
    nesting: int
    prefixes: int
    seconds: float


class Types(_Part):
    """Types of casts, as the parser and as the engine call them."""

    parser: Names
    engine: Names


class ParserRules(_Part):
    """Nodes of the parser's tree, the parts that some may have, and words that some parts may be."""

    nodes: Names
    parts: dict[str, Names]
    words: dict[str, Names]


class EngineRules(_Part):
    """Expressions, other nodes, kinds of joins and of set operations, and operators of the engine's tree."""

    expressions: Names
    nodes: Names
    joins: Names
    sets: Names
    operators: Names


class Offered(_Part):
    """`offered.toml`."""

    version: str
    size: Size
    functions: dict[str, tuple[str, ...]]
    types: Types
    parser: ParserRules
    engine: EngineRules

    @cached_property
    def names(self) -> Names:
        """The functions that may be called."""
        return frozenset(name for group in self.functions.values() for name in group)


@cache
def offered() -> Offered:
    """The lists that ship, read on first use."""
    path = Path(__file__).with_name("offered.toml")
    return Offered.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
