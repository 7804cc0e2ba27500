"""From the parameters of an items address to the query tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from gateway.facades.clocks import local_text
from gateway.facades.ogc import times
from gateway.facades.ogc.cql2 import TEXT, parse_filter
from gateway.problems import BadValue, NotAcceptable, TooManyConditions
from gateway.query.logic import conjuncts, leaves
from gateway.query.parse import Limits, conditions_and_rest, own_order, sorts_of
from gateway.query.tree import Filter, Query
from gateway.view.view import Column, View

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
RESERVED = ("limit", "cursor", "release", "datetime", "filter", "filter-lang", "filter-crs", "bbox-crs", "crs",
            "sortby", "f")  # fmt: skip
"""Parameters of the items address. A column of such a name is filtered by `filter`, or as `name__eq=`."""


@dataclass(frozen=True)
class Clock:
    """The zone of our times, and the column `datetime` is about, if there is one."""

    zone: ZoneInfo
    column: Column | None


def parse_items(
    view: View, parameters: Sequence[tuple[str, str]], limits: Limits, default_limit: int, clock: Clock
) -> Query:
    """The features that the parameters ask for. Raises the problems of what cannot be used."""
    plain = [(name, _plain(view, name, text, clock.zone)) for name, text in parameters]
    given, conditions = conditions_and_rest(view, plain, RESERVED, limits)
    where: tuple[Filter, ...] = conditions
    require_json(given.get("f"))
    for name in ("crs", "bbox-crs", "filter-crs"):
        if given.get(name, CRS84) != CRS84:
            raise BadValue(f"`{name}`: expected {CRS84}.", parameter=name)
    if "datetime" in given:
        where += times.within(clock.column, times.span(given["datetime"], clock.zone))
    if "filter" in given:
        where += conjuncts(parse_filter(given["filter"], given.get("filter-lang", TEXT), view, limits, clock.zone))
    elif "filter-lang" in given:
        raise BadValue("`filter-lang`: there is no `filter` to which it applies.", parameter="filter-lang")
    if sum(1 for _ in leaves(where)) > limits.max_conditions:
        raise TooManyConditions(f"At most {limits.max_conditions} conditions are allowed.")
    sortby = given.get("sortby")
    return Query(
        view=view,
        select=view.columns,
        where=where,
        order=own_order(view) if sortby is None else sorts_of(view, map(_sort, sortby.split(",")), "sortby"),
        limit=page_rows(given.get("limit"), limits.max_rows, default_limit),
    )


def page_rows(text: str | None, most: int, default: int) -> int:
    """The number of features of a page: one above `most` means `most`, as the standard has it."""
    if text is None:
        return min(default, most)
    if not (text.isascii() and text.isdecimal() and len(text) <= 18 and int(text) >= 1):
        raise BadValue("`limit`: expected a whole number from 1.", parameter="limit")
    return min(int(text), most)


def require_json(form: str | None) -> None:
    """Refuse any form but JSON."""
    if form not in (None, "json"):
        raise NotAcceptable("`f`: expected json.")


def _plain(view: View, name: str, text: str, zone: ZoneInfo) -> str:
    """A value as the native API takes it: boxes without heights, moments on the city's clocks."""
    if name == "bbox":
        return flat_box(text)
    column = view.column(name)
    return text if column is None else local_text(text, column, zone)


def flat_box(text: str) -> str:
    """A box without heights: points have none."""
    parts = text.split(",")
    return ",".join((*parts[:2], *parts[3:5])) if len(parts) == 6 else text


def _sort(term: str) -> tuple[str, bool]:
    return term[1:] if term.startswith(("+", "-")) else term, term.startswith("-")
