"""Expressions of SoQL as trees, and as texts again."""

from __future__ import annotations

import re
from dataclasses import dataclass

WORDS = frozenset(
    {"and", "or", "not", "in", "like", "between", "is", "null", "true", "false", "as", "asc", "desc", "distinct"}
)
"""Words that are no names unless they are quoted."""
_PLAIN = re.compile(r"[:@]?[^\W\d]\w*")


@dataclass(frozen=True)
class Name:
    """A column, or another name of the answer."""

    name: str


@dataclass(frozen=True)
class Literal:
    """A value as it is written; `kind` is text, number, boolean or null."""

    text: str
    kind: str


@dataclass(frozen=True)
class Call:
    """A function of its arguments. `count(*)` has the argument `*`."""

    name: str
    arguments: tuple[Node, ...]
    distinct: bool = False


@dataclass(frozen=True)
class Pair:
    """Two expressions compared, or reckoned with."""

    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Among:
    """`value in (…)`, `value between low and high`, `value is null`, by the word in `test`."""

    test: str
    value: Node
    others: tuple[Node, ...]


@dataclass(frozen=True)
class Negation:
    """`not …`."""

    part: Node


@dataclass(frozen=True)
class Both:
    """Parts joined by `and` or by `or`."""

    word: str
    parts: tuple[Node, ...]


Node = Name | Literal | Call | Pair | Among | Negation | Both
STAR = Name("*")


@dataclass(frozen=True)
class Selected:
    """One expression of `select`, and the name it is given."""

    node: Node
    alias: str | None = None


@dataclass(frozen=True)
class Ordered:
    """One expression of `order by`."""

    node: Node
    descending: bool = False


def write(node: Node) -> str:
    """An expression as SoQL, which reads as the same again."""
    if isinstance(node, Name):
        return node.name if node.name == "*" or _plain(node.name) else f"`{node.name}`"
    if isinstance(node, Literal):
        return "'" + node.text.replace("'", "''") + "'" if node.kind == "text" else node.text
    if isinstance(node, Call):
        return f"{node.name}({'distinct ' if node.distinct else ''}{', '.join(map(write, node.arguments))})"
    return f"({_joined(node)})"


def _joined(node: Pair | Among | Negation | Both) -> str:
    if isinstance(node, Pair):
        return f"{write(node.left)} {node.operator} {write(node.right)}"
    if isinstance(node, Negation):
        return f"not {write(node.part)}"
    if isinstance(node, Both):
        return f" {node.word} ".join(map(write, node.parts))
    others = list(map(write, node.others))
    ends = {"is": "is null", "between": f"between {' and '.join(others)}", "in": f"in ({', '.join(others)})"}
    return f"{write(node.value)} {ends[node.test]}"


def _plain(name: str) -> bool:
    return _PLAIN.fullmatch(name) is not None and name.lower() not in WORDS
