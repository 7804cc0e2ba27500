"""From the query options of an entity set to the query tree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar
from zoneinfo import ZoneInfo

from gateway.facades.clocks import local_text
from gateway.facades.given import given_once
from gateway.facades.numbers import compared
from gateway.facades.odata.conditions import Conditions, Test
from gateway.facades.odata.model import key, properties
from gateway.facades.odata.syntax import Expression
from gateway.facades.reading import ReadError
from gateway.problems import BadValue, TooManyConditions
from gateway.query.logic import Junction, Part, conjuncts, leaves
from gateway.query.parse import Limits, condition_on, own_order, sorts_of, unknown_column, whole_row
from gateway.query.tree import Filter, Query, Sort
from gateway.view.types import Family
from gateway.view.view import Column, View

OPTIONS = ("$filter", "$select", "$orderby", "$top", "$skip", "$count", "$apply", "$search", "$format", "$skiptoken",
           "release")  # fmt: skip
P = TypeVar("P", bound=Part)
_DIRECTIONS = {"asc": False, "desc": True}
_SEARCHED = re.compile(r'"([^"]*)"|(\S+)')


@dataclass(frozen=True)
class Bounds:
    """What one request may ask for: conditions, rows of a page, rows left out, and the zone of our times."""

    limits: Limits
    page: int
    most_skipped: int
    zone: ZoneInfo


@dataclass(frozen=True)
class Wanted:
    """How much is asked for: `top` rows in all, `None` for every one; whether their number is told."""

    top: int | None
    skip: int
    count: bool


def options(parameters: Sequence[tuple[str, str]], allowed: Sequence[str] = OPTIONS) -> dict[str, str]:
    """The options by name. Raises what is wrong about their names."""
    given = given_once(parameters, allowed)
    if given.get("$format", "json").partition(";")[0] not in ("json", "application/json"):
        raise BadValue("`$format`: expected json.", parameter="$format")
    return given


def wanted(given: Mapping[str, str], bounds: Bounds) -> Wanted:
    """How much the options ask for."""
    count = given.get("$count", "false")
    if count not in ("true", "false"):
        raise BadValue("`$count`: expected true or false.", parameter="$count")
    top = _number(given, "$top", 10**9) if "$top" in given else None
    return Wanted(top, _number(given, "$skip", bounds.most_skipped), count == "true")


def parse_rows(view: View, given: Mapping[str, str], bounds: Bounds) -> Query:
    """The entities that the options ask for, a page of them."""
    asked = wanted(given, bounds)
    where = (*filtered(view, given, bounds), *_searched(view, given))
    require_few(where, bounds)
    return Query(
        view=view,
        select=_select(view, given.get("$select")),
        where=where,
        order=own_order(view) if "$orderby" not in given else _order(view, given["$orderby"]),
        limit=bounds.page if asked.top is None else min(max(asked.top, 1), bounds.page),
        offset=asked.skip,
    )


def parse_key(view: View, text: str, given: Mapping[str, str], bounds: Bounds) -> Query:
    """The entity of a key such as `'a'` or `no='a',part=2`. Raises the problems of what is none."""
    try:
        reader, found = Expression(text), dict[str, str | bool | None]()
        while True:
            name = reader.name() if reader.next.kind == "name" and reader.next.word not in ("true", "false") else ""
            if name:
                reader.expect("=")
            found[name] = reader.value().value
            if not reader.skip(","):
                break
        reader.at_end()
    except ReadError as error:
        raise BadValue(f"The key: {error}.") from error
    columns = {column.name: column for column in key(view)}
    named = {next(iter(columns)): found[""]} if set(found) == {""} and len(columns) == 1 else found
    if set(named) != set(columns):
        raise BadValue(f"The key: expected values of {', '.join(columns) or 'nothing: no key is seen'}.")
    where = tuple(
        condition_on(columns[name], "eq", [local_text(_plain(value), columns[name], bounds.zone)], bounds.limits, name)
        for name, value in named.items()
    )
    return Query(view=view, select=_select(view, given.get("$select")), where=where, limit=1)


def filtered(view: View, given: Mapping[str, str], bounds: Bounds) -> tuple[Filter, ...]:
    """The condition of `$filter`."""
    return () if "$filter" not in given else condition(view, given["$filter"], bounds, "$filter")


def condition(view: View, text: str, bounds: Bounds, parameter: str) -> tuple[Filter, ...]:
    """The parts of a condition on rows."""
    try:
        node = Expression(text).whole()
    except ReadError as error:
        raise BadValue(f"`{parameter}`: {error}.", parameter=parameter) from error
    found = conjuncts(Conditions(partial(_tested, view, bounds, parameter), parameter).condition(node))
    require_few(found, bounds)
    return found


def _tested(view: View, bounds: Bounds, parameter: str, test: Test) -> Filter:
    column = known_property(view, test.name, parameter)
    if test.flag and test.operator != "isnull" and column.kind.family is not Family.BOOLEAN:
        raise BadValue(f"`{parameter}`: `{test.name}` is {column.kind.name}, not true or false.", parameter=parameter)
    texts = [local_text(text, column, bounds.zone) for text in test.texts]
    return compared(column, test.operator, texts, bounds.limits, parameter)


def known_property(view: View, name: str, parameter: str) -> Column:
    """The property of that name; raises UnknownColumn."""
    column = view.column(name)
    if column is None or column not in properties(view):
        raise unknown_column(view, name, parameter)
    return column


def order_terms(text: str, parameter: str = "$orderby") -> Iterable[tuple[str, bool]]:
    """The terms of an order: names, and whether they are descending."""
    for part in text.split(","):
        name, _, direction = part.strip().partition(" ")
        if direction.strip() not in ("", *_DIRECTIONS):
            raise BadValue(f"`{parameter}`: expected a name with asc or desc behind.", parameter=parameter)
        yield name, _DIRECTIONS.get(direction.strip(), False)


def _select(view: View, text: str | None) -> tuple[Column, ...]:
    if text is None or text.strip() == "*":
        return properties(view)
    names = dict.fromkeys(name.strip() for name in text.split(","))
    return tuple(known_property(view, name, "$select") for name in names)


def _order(view: View, text: str) -> tuple[Sort, ...]:
    terms = list(order_terms(text))
    for name, _ in terms:
        known_property(view, name, "$orderby")
    # OData has null below every value (Protocol 4.01, 11.2.6.2): first in ascending order, last in descending order.
    return tuple(replace(sort, nulls_first=not sort.descending) for sort in sorts_of(view, terms, "$orderby"))


def _searched(view: View, given: Mapping[str, str]) -> tuple[Filter, ...]:
    """Words, in quotes or not, all of which must be found; AND between them says nothing else."""
    if "$search" not in given:
        return ()
    words: list[str] = []
    for phrase, word in _SEARCHED.findall(given["$search"]):
        if word in ("OR", "NOT") or '"' in word or len(phrase.split()) > 1:
            detail = "expected words, all of which are found; there is no OR, no NOT, and no words in a row"
            raise BadValue(f"`$search`: {detail}.", parameter="$search")
        words += [phrase or word] if word != "AND" else []
    try:
        return (whole_row(view, "q", " ".join(words)),)
    except BadValue as error:
        raise BadValue(error.detail.replace("`q`", "`$search`"), parameter="$search") from error


def _number(given: Mapping[str, str], name: str, most: int) -> int:
    text = given.get(name, "0")
    if not (text.isascii() and text.isdecimal() and len(text) <= 12 and int(text) <= most):
        raise BadValue(f"`{name}`: expected a whole number from 0 to {most}.", parameter=name)
    return int(text)


def require_few(where: Sequence[P | Junction[P]], bounds: Bounds) -> None:
    """Raises TooManyConditions."""
    most = bounds.limits.max_conditions
    if sum(1 for _ in leaves(where)) > most:
        raise TooManyConditions(f"At most {most} conditions are allowed.")


def _plain(value: str | bool | None) -> str:
    if value is None:
        raise BadValue("The key: null is no value of one.")
    return str(value).lower() if isinstance(value, bool) else value
