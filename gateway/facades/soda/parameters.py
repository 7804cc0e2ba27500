"""The parameters of a resource: clauses of SoQL, each by its own or all in `$query`, and columns with a value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from gateway.facades.reading import ReadError
from gateway.facades.soda import soql
from gateway.facades.soda.nodes import Node, Ordered, Selected
from gateway.problems import BadValue, RepeatedParameter, UnknownParameter

DEFAULT_LIMIT = 1_000
OURS = ("cursor", "release")
_CLAUSES = {"q": "search", **{name: name for name in soql.CLAUSES if name != "search"}}
_SETTINGS = frozenset(
    {"$$app_token", "$$exclude_system_fields", "$$version", "$$read_from_nbe", "$$query_timeout_seconds"}
)
_Read = TypeVar("_Read")


@dataclass(frozen=True)
class Soql:
    """What is asked of a resource, as trees of expressions. Without `select` it is all columns."""

    select: tuple[Selected, ...] = ()
    distinct: bool = False
    where: Node | None = None
    group: tuple[Node, ...] = ()
    having: Node | None = None
    order: tuple[Ordered, ...] = ()
    limit: int | None = None
    offset: int = 0
    search: str | None = None
    filters: tuple[tuple[str, str], ...] = ()


def parse(parameters: Sequence[tuple[str, str]], most_offset: int) -> Soql:
    """Read the parameters of an address. Raises the problems of what cannot be read."""
    clauses: dict[str, str] = {}
    filters: list[tuple[str, str]] = []
    for name, text in parameters:
        if not name.startswith("$"):
            filters += [(name, text)] if name not in OURS else []
        elif name == "$query":
            _add(clauses, _read(soql.clauses, text, name))
        elif name.lower() not in _SETTINGS:
            if name[1:].lower() not in _CLAUSES:
                known = ", ".join(f"${clause}" for clause in (*_CLAUSES, "query"))
                raise UnknownParameter(f"There is no `{name[:80]}`; there are {known}.", parameter=name[:80])
            _add(clauses, {_CLAUSES[name[1:].lower()]: text})
    distinct, select = _read(soql.parse_select, clauses["select"], "$select") if clauses.get("select") else (False, ())
    return Soql(
        select=select,
        distinct=distinct,
        where=_clause(clauses, "where", soql.parse_condition),
        group=_clause(clauses, "group", soql.parse_group) or (),
        having=_clause(clauses, "having", soql.parse_condition),
        order=_clause(clauses, "order", soql.parse_order) or (),
        limit=_number(clauses, "limit", 10**9),
        offset=_number(clauses, "offset", most_offset) or 0,
        search=_searched(clauses.get("search")),
        filters=tuple(filters),
    )


def _add(clauses: dict[str, str], more: dict[str, str]) -> None:
    for name, text in more.items():
        if name in clauses:
            raise RepeatedParameter(f"`{name}` was given more than once.", parameter=f"${name}")
        clauses[name] = text


def _clause(clauses: dict[str, str], name: str, read: Callable[[str], _Read]) -> _Read | None:
    return _read(read, clauses[name], f"${name}") if clauses.get(name) else None


def _read(read: Callable[[str], _Read], text: str, parameter: str) -> _Read:
    try:
        return read(text)
    except ReadError as error:
        raise BadValue(f"`{parameter}`: {error}.", parameter=parameter) from error


def _number(clauses: dict[str, str], name: str, most: int) -> int | None:
    text = clauses.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 12 and int(text) <= most):
        raise BadValue(f"`${name}`: expected a whole number from 0 to {most}.", parameter=f"${name}")
    return int(text)


def _searched(text: str | None) -> str | None:
    """Words to search; in `$query` they stand in quotes."""
    if text and len(text) > 1 and text[0] == text[-1] == "'":
        return text[1:-1].replace("''", "'")
    return text or None
