"""CKAN's datastore_search as the query tree has it, and what it tells about columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from gateway.facades.ckan.packages import main
from gateway.facades.ckan.parameters import Parameters
from gateway.facades.numbers import held
from gateway.problems import BadValue, TooManyConditions
from gateway.query.grouping import GroupedQuery, GroupSort, Key
from gateway.query.parse import Limits, condition_on, known_column, own_order, sorts_of, whole_row
from gateway.query.tree import Condition, Filter, Query, Sort
from gateway.standards.entry import Site
from gateway.view.types import Family, ValueType
from gateway.view.view import Column, View

PARAMETERS = (
    "resource_id", "id", "filters", "q", "plain", "language", "fields", "sort", "limit", "offset", "distinct",
    "include_total", "total_estimation_threshold", "records_format", "full_text", "release", "cursor",
)  # fmt: skip
RECORD_FORMATS = ("objects", "lists", "csv", "tsv")
DEFAULT_LIMIT = 100
ROW_NUMBER = "_id"  # CKAN's own column of row numbers; here only a word for the dataset's own order
_SORT = re.compile(
    r'\s*(?:"([^"]*)"|([^\s,"]+))(?:\s+(asc|desc))?(?:\s+nulls\s+(first|last))?\s*(?:,|$)', re.IGNORECASE
)
_TYPES = {
    Family.TEXT: "text",
    Family.INTEGER: "int8",
    Family.DECIMAL: "numeric",
    Family.FLOAT: "float8",
    Family.BOOLEAN: "bool",
    Family.DATE: "date",
    Family.TIMESTAMP: "timestamp",
    Family.TIME: "time",
    Family.NESTED: "json",
}


def parse_rows(view: View, given: Parameters, limits: Limits, limit: int | None, offset: int) -> Query:
    """The rows that a search asks for."""
    order = parse_sort(view, given) or own_order(view)
    return Query(view, _fields(view, given), _conditions(view, given, limits), order, limit, offset=offset)


def parse_distinct(view: View, given: Parameters, limits: Limits, limit: int | None, offset: int) -> GroupedQuery:
    """The different rows of some columns, as groups by all of them."""
    keys = {column.name: Key(column) for column in _fields(view, given)}
    order = parse_sort(view, given)
    outside = [sort.column.name for sort in order if sort.column.name not in keys]
    if outside:
        raise BadValue(f"`sort`: with `distinct` `{outside[0]}` must be one of `fields`.", parameter="sort")
    nested = [key.name for key in keys.values() if key.kind.family is Family.NESTED]
    if nested:
        raise BadValue(f"`fields`: `{nested[0]}` holds lists or structures.", parameter="fields")
    return GroupedQuery(
        view,
        tuple(keys.values()),
        (),
        _conditions(view, given, limits),
        order=tuple(GroupSort(keys[sort.column.name], sort.descending, sort.nulls_first) for sort in order),
        limit=limit,
        offset=offset,
    )


def _fields(view: View, given: Parameters) -> tuple[Column, ...]:
    names = given.names("fields")
    return view.columns if not names else tuple(known_column(view, name, "fields") for name in dict.fromkeys(names))


def parse_sort(view: View, given: Parameters) -> tuple[Sort, ...]:
    """The order asked for: `a desc, "b" nulls first`. Missing values are above every value, as in PostgreSQL, unless
    told otherwise. `_id` alone is the dataset's own."""
    parts = given.given.get("sort")
    text = (", ".join(map(str, parts)) if isinstance(parts, list) else given.text("sort") or "").strip()
    terms, place = list[tuple[str, bool]](), 0
    first: dict[str, bool] = {}
    while place < len(text):
        found = _SORT.match(text, place)
        if found is None:
            raise BadValue("`sort`: expected columns, each with asc or desc, comma separated.", parameter="sort")
        place = found.end()
        name, descending = found[1] or found[2], (found[3] or "").lower() == "desc"
        terms.append((name, descending))
        first[name] = descending if found[4] is None else found[4].lower() == "first"
    if view.column(ROW_NUMBER) is None:
        terms = [term for term in terms if term != (ROW_NUMBER, False)]
    return tuple(replace(sort, nulls_first=first[sort.column.name]) for sort in sorts_of(view, terms, "sort"))


def _conditions(view: View, given: Parameters, limits: Limits) -> tuple[Filter, ...]:
    found: list[Filter] = [_filter(view, *pair, limits) for pair in given.members("filters").items()]
    found += _searched(view, given, limits)
    if len(found) > limits.max_conditions:
        raise TooManyConditions(f"{len(found)} conditions were given, {limits.max_conditions} are allowed.")
    return tuple(found)


def _filter(view: View, name: str, value: Any, limits: Limits) -> Condition:
    """One value or several of which one must be there; null is a missing one."""
    column = known_column(view, name, "filters")
    if value is None:
        return condition_on(column, "isnull", ["true"], limits, "filters")
    values = value if isinstance(value, list) else [value]
    if not values:
        raise BadValue(f"`filters`: expected at least one value of `{name}`.", parameter="filters")
    return condition_on(column, "in", [held(column.kind, _text(part, name)) for part in values], limits, "filters")


def _text(value: Any, name: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value
    raise BadValue(f"`filters`: `{name}` expects a value or a list of values.", parameter="filters")


def _searched(view: View, given: Parameters, limits: Limits) -> list[Filter]:
    """Words in all texts, or by column. Words are looked for as they are: there is no language of queries in them."""
    if not given.flag("plain", True):
        raise BadValue("`plain`: only plain words are searched here.", parameter="plain")
    words = given.given.get("q")
    if isinstance(words, dict) or (isinstance(words, str) and words.lstrip().startswith("{")):
        return [_holds(view, name, word, limits) for name, word in given.members("q").items()]
    text = given.text("q")
    return [whole_row(view, "q", text)] if text else []


def echo(given: Parameters) -> dict[str, Any]:
    """What was asked for, as CKAN tells it again: JSON that came as a text is told as what it says."""
    told = {name: given.given[name] for name in ("q", "sort") if given.has(name)}
    if given.has("filters"):
        told["filters"] = given.members("filters")
    if given.has("distinct"):
        told["distinct"] = given.flag("distinct", False)
    words = told.get("q")
    if isinstance(words, str) and words.lstrip().startswith("{"):
        told["q"] = given.members("q")
    return told


def _holds(view: View, name: str, word: Any, limits: Limits) -> Condition:
    return condition_on(known_column(view, name, "q"), "icontains", [_text(word, name)], limits, "q")


def type_name(kind: ValueType) -> str:
    """What PostgreSQL, and so CKAN, calls a type."""
    return _TYPES[kind.family]


def fields(site: Site, columns: Sequence[Column]) -> list[dict[str, Any]]:
    """The columns of an answer."""
    return [
        {
            "id": column.name,
            "type": type_name(column.kind),
            "info": {"label": main(site, column.title), "notes": column.description},
        }
        for column in columns
    ]


def information(view: View, site: Site, resource: str, count: int | None) -> dict[str, Any]:
    """What datastore_info tells."""
    key = {column.name for column in view.key}
    told = [
        field
        | {
            "schema": {
                "notnull": not column.nullable,
                "is_index": column.name in key,
                "uniquekey": len(key) == 1 and column.name in key,
                "native_type": field["type"],
            }
        }
        for field, column in zip(fields(site, view.columns), view.columns, strict=True)
    ]
    return {
        "meta": {"id": resource, "count": count, "table_type": "BASE TABLE", "aliases": [view.dataset]},
        "schema": {field["id"]: field["type"] for field in told},
        "fields": told,
    }
