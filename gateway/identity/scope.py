"""Scopes of credentials and delegations: what they narrow their holder to. None ever widens anything."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import reduce
from typing import Any, TypeVar

import orjson
from pydantic import ValidationError

from catalog.contract.options import Strict
from catalog.policy.divisions import DivisionTree
from catalog.policy.model import Action, RowScope
from gateway.control.errors import ControlError
from gateway.policy.actor import TokenScope

_Name = TypeVar("_Name", bound=str)
_NOTHING = TokenScope(datasets=frozenset())


class Scope(Strict):
    """A scope as it is stored. What is not said does not narrow; `admin` is what the administration routes ask for."""

    datasets: tuple[str, ...] | None = None
    actions: tuple[Action, ...] | None = None
    columns: tuple[str, ...] | None = None
    rows: RowScope | None = None
    admin: bool = False

    @classmethod
    def stored(cls, document: dict[str, Any]) -> Scope:
        """The scope of a stored document."""
        return cls.model_validate_json(orjson.dumps(document))

    @property
    def document(self) -> dict[str, Any]:
        """The scope for storing and showing."""
        return self.model_dump(mode="json", exclude_defaults=True)

    @property
    def token(self) -> TokenScope | None:
        """What the decision asks of it; None when it narrows nothing."""
        if (self.datasets, self.actions, self.columns, self.rows) == (None, None, None, None):
            return None
        return TokenScope(_set(self.datasets), _set(self.actions), _set(self.columns), self.rows)


def parse_scope(document: dict[str, Any]) -> Scope:
    """A scope from a caller's words; ControlError names the key that is wrong."""
    try:
        return Scope.stored(document)
    except ValidationError as error:
        fault = error.errors(include_input=False, include_url=False)[0]
        raise ControlError(f"scope.{'.'.join(map(str, fault['loc']))}: {fault['msg']}") from None


def from_words(words: str, within: Scope) -> Scope:
    """`dataset:ID`, `action:NAME` and `admin` of an OAuth scope, as a scope; ControlError for any other word.

    `admin` is had only when it is asked for and `within` has it.
    """
    parts: dict[str, list[str]] = {"dataset": [], "action": []}
    admin = False
    for word in words.split():
        kind, _, name = word.partition(":")
        if word == "admin" and within.admin:
            admin = True
        elif kind in parts and name:
            parts[kind].append(name)
        else:
            raise ControlError("scope: use `dataset:ID`, `action:NAME`, and `admin` where it was given")
    return parse_scope(
        {
            "datasets": parts["dataset"] or None,
            "actions": parts["action"] or None,
            "admin": admin or (not words.strip() and within.admin),
        }
    )


def narrowed(scopes: Iterable[TokenScope | None], tree: DivisionTree) -> TokenScope | None:
    """What all of the scopes let through."""
    return reduce(lambda one, other: _both(one, other, tree), scopes, None)


def _both(one: TokenScope | None, other: TokenScope | None, tree: DivisionTree) -> TokenScope | None:
    if one is None or other is None:
        return one or other
    rows = one.rows or other.rows
    if one.rows is not None and other.rows is not None:
        rows = rows_of_both(one.rows, other.rows, tree)
        if rows is None:
            return _NOTHING
    return TokenScope(
        _common(one.datasets, other.datasets),
        _common(one.actions, other.actions),
        _common(one.columns, other.columns),
        rows,
    )


def _set(names: tuple[_Name, ...] | None) -> frozenset[_Name] | None:
    return None if names is None else frozenset(names)


def _common(one: frozenset[_Name] | None, other: frozenset[_Name] | None) -> frozenset[_Name] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def rows_of_both(one: RowScope, other: RowScope, tree: DivisionTree) -> RowScope | None:
    """The rows of both; None when there can be none."""
    divisions = one.divisions or other.divisions
    if one.divisions and other.divisions:
        divisions = tuple(
            sorted(
                {code for code in one.divisions if any(_within(code, wide, tree) for wide in other.divisions)}
                | {code for code in other.divisions if any(_within(code, wide, tree) for wide in one.divisions)}
            )
        )
    organisations = one.organisations or other.organisations
    if one.organisations and other.organisations:
        organisations = tuple(sorted(set(one.organisations) & set(other.organisations)))
    since = max(filter(None, (one.since, other.since)), default=None)
    until = min(filter(None, (one.until, other.until)), default=None)
    if (one.divisions and not divisions) or (one.organisations and not organisations) or _empty(since, until):
        return None
    return RowScope(divisions=divisions, organisations=organisations, since=since, until=until)


def _within(code: str, wide: str, tree: DivisionTree) -> bool:
    level = tree.level(wide)
    return code == wide or (level is not None and tree.above(code, level) == wide)


def _empty(since: date | None, until: date | None) -> bool:
    return since is not None and until is not None and since >= until
