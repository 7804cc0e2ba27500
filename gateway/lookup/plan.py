"""Which questions the look-up file can answer exactly, and in few steps; all others are the engine's."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import cast

from sqlglot import exp

from catalog.release import LOOK_UP_ROW, look_up_table
from gateway.query.compile import RELATION, compile_page
from gateway.query.keyset import total_order
from gateway.query.tree import Condition, Query
from gateway.view.types import Family, Scalar

MOST_ROWS = 10_000  # a page that large is read in some 20 milliseconds
_COMPARED = frozenset({Family.TEXT, Family.INTEGER, Family.DATE, Family.TIMESTAMP})
_FORMS = {
    Family.TEXT: "text",
    Family.INTEGER: "integer",
    Family.DATE: "date",
    Family.TIMESTAMP: "timestamp",
    Family.BOOLEAN: "boolean",
    Family.FLOAT: "real",
    Family.DECIMAL: "decimal",
}
_ONE, _RANGE = frozenset({"eq"}), frozenset({"lt", "le", "gt", "ge", "between"})


@dataclass(frozen=True)
class Known:
    """What a look-up file holds of a dataset: its columns with their forms, those of them that stand apart from the
    objects of the rows, the ways in which it is indexed, and the columns in whose texts it is searched, each with
    the signs, three in a row, that many of its texts have, and how many these are."""

    forms: Mapping[str, str]
    apart: frozenset[str]
    ways: tuple[tuple[str, ...], ...]
    searched: Mapping[str, Mapping[str, int]]


@dataclass(frozen=True)
class Prepared:
    """A statement in SQLite's words; `places` tells for each placeholder which value of the question it takes.

    It gives the object of a row, the values of `decimals`, the sort values of the row. `picked` are the columns of the
    answer where they are not those of the object.
    """

    text: str
    places: Mapping[str, int]
    picked: tuple[str, ...] | None
    decimals: tuple[str, ...]


def is_answered(query: Query, known: Known) -> bool:
    """Whether the file holds every cell the question needs, and finds its rows by an index alone."""
    return is_in_clear(query) and is_held(query, known) and _is_found(query, known.ways)


def is_in_clear(query: Query) -> bool:
    """Only a page of a view of which nothing is masked, left out or drawn: what is to be said of a row by its policy is
    said by the engine, in one place."""
    view = query.view
    plain = view.governed is None and view.withdrawn is None and view.sample is None and view.readable
    return plain and bool(view.key) and query.limit is not None and query.limit <= MOST_ROWS and not query.offset


def is_held(query: Query, known: Known) -> bool:
    """Whether all columns are there, and compared and ordered there as by the engine."""
    if not all(isinstance(part, Condition) and _is_plain(part) for part in query.where):
        return False
    key = {column.name for column in query.view.key}
    ordering = [*(sort.column for sort in query.order), *query.view.key]
    compared = [*ordering, *(part.column for part in query.where if isinstance(part, Condition))]
    for column in (*query.select, *compared):
        if column.kind.cast or known.forms.get(column.name, "") != _FORMS.get(column.kind.family):
            return False
    if not all(column.name in known.apart for column in compared):
        return False
    # Other texts than those of the key are ordered by their beginning only.
    return all(
        column.kind.family in _COMPARED and (column.name in key or column.kind.family is not Family.TEXT)
        for column in ordering
    )


def _is_found(query: Query, ways: Sequence[tuple[str, ...]]) -> bool:
    """Whether a row is told by its key, or a page lies along a way that there is an index for."""
    asked: dict[str, set[str]] = {}
    for part in query.where:
        if isinstance(part, Condition):
            asked.setdefault(part.column.name, set()).add(part.operator.name)
    upwards = tuple(column.name for column in query.view.key)
    downwards = tuple(f"-{name}" for name in upwards)
    if all("eq" in asked.get(name, ()) for name in upwards):
        return True
    return any(_leads(query, asked, way) for way in (*ways, upwards, downwards))


def _is_plain(part: Condition) -> bool:
    return not part.negated and part.operator.name in _ONE | _RANGE and part.column.kind.family in _COMPARED


def _leads(query: Query, asked: Mapping[str, set[str]], way: Sequence[str]) -> bool:
    """Whether an index along a way gives the rows of a page in its order: columns held to one value, then those of the
    order. The first of these may be bounded."""
    key = tuple(column.name for column in query.view.key)
    wanted = tuple(f"-{sort.column.name}" if sort.descending else sort.column.name for sort in query.order)
    if wanted[len(wanted) - len(key) :] == key:  # it ends with the key anyway
        wanted = wanted[: len(wanted) - len(key)]
    held = next((place for place, term in enumerate(way) if asked.get(term, set()) != _ONE), len(way))
    rest = tuple(way[held:])
    first = rest[0].removeprefix("-") if rest else ""
    if (wanted or key) != (rest or key) or not asked.get(first, set()) <= _RANGE:
        return False
    if set(asked) - {first} != set(way[:held]):
        return False
    # Rows without a value come last. Upwards they stand first in the index; and the place after one of them is told by
    # a condition that no index serves.
    unsure = [sort for sort in query.order if sort.column.name not in key]
    return not unsure or (query.after is None and all(sort.descending for sort in unsure))


def shape_of(query: Query) -> Hashable:
    """What of a question stands in the statement itself: everything but its values."""
    after = None if query.after is None else tuple(value is None for value in query.after)
    return (
        query.view.dataset,
        tuple(column.name for column in query.view.key),
        tuple(column.name for column in query.select),
        tuple((part.column.name, part.operator.name) for part in query.where if isinstance(part, Condition)),
        tuple((sort.column.name, sort.descending) for sort in query.order),
        query.limit,
        after,
    )


def values_of(query: Query) -> list[Scalar]:
    """The values of a question, those of its conditions first, then those of its place."""
    found = [value for part in query.where if isinstance(part, Condition) for value in part.values]
    return found + [value for value in query.after or () if value is not None]


def rows_of(dataset: str) -> str:
    """The relation of all rows of a dataset."""
    return f"SELECT * FROM {quoted(look_up_table(dataset))}"


def prepare(query: Query, known: Known, relation: str) -> Prepared:
    """The statement for all questions of this shape over a relation, from the same tree that the engine's is written
    from."""
    names = tuple(column.name for column in query.select)
    picked = names if names != tuple(known.forms) else None
    decimals = tuple(name for name in picked or () if known.forms[name] == "decimal")
    numbers = iter(range(len(values_of(query))))
    where = tuple(
        replace(part, values=tuple(next(numbers) for _ in part.values))
        for part in query.where
        if isinstance(part, Condition)
    )
    after = None if query.after is None else tuple(None if v is None else next(numbers) for v in query.after)
    numbered = replace(query, view=replace(query.view, sorted=False), where=where, after=after)
    statement = compile_page(
        numbered, [exp.column(exp.to_identifier(n, quoted=True)) for n in (LOOK_UP_ROW, *decimals)]
    )
    order = statement.select.args.get("order")
    terms = zip(order.expressions, total_order(numbered), strict=True) if order is not None else ()
    for ordered, term in terms:
        if not term.nullable and not term.descending:  # no value is missing: then there is nothing to put last
            ordered.set("nulls_first", True)
    text = f"WITH {quoted(RELATION)} AS NOT MATERIALIZED ({relation}) {statement.select.sql(dialect='sqlite')}"
    return Prepared(text, {name: cast(int, value) for name, value in statement.binds.items()}, picked, decimals)


def quoted(name: str) -> str:
    """A name as SQLite takes it."""
    return exp.to_identifier(name, quoted=True).sql(dialect="sqlite")
