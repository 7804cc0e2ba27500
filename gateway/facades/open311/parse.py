"""From the parameters of GeoReport to the query tree, over the dataset and columns that the city names for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal
from zoneinfo import ZoneInfo

from catalog.service_requests import ServiceRequests
from gateway.facades.clocks import DAY, day_after, local
from gateway.facades.identity import found_by
from gateway.problems import BadValue, TooManyConditions
from gateway.query.geometry import point_of
from gateway.query.grouping import Figure, GroupedQuery, GroupSort, Key
from gateway.query.logic import all_of, any_of
from gateway.query.operators import OPERATORS
from gateway.query.parse import Limits, condition_on, parse_limit, whole_row
from gateway.query.tree import Condition, Filter, Query, Sort
from gateway.view.types import Family
from gateway.view.view import Column, View

PARAMETERS = ("jurisdiction_id", "service_request_id", "service_code", "start_date", "end_date", "status", "page",
              "page_size", "lat", "long", "radius", "cursor", "release")  # fmt: skip
_STATES = ("open", "closed")
Part = Literal["service_code", "service_name", "group", "status", "status_notes", "requested", "updated", "expected",
               "description", "address", "agency"]  # fmt: skip
_NEEDED: tuple[Part, ...] = ("service_code", "status", "requested")


@dataclass(frozen=True)
class Requests:
    """The dataset of service requests as a caller sees it: columns by their parts, those it sees."""

    view: View
    said: ServiceRequests
    zone: ZoneInfo

    @property
    def usable(self) -> bool:
        """Whether the caller sees what a request cannot be told without."""
        return bool(self.view.key) and all(self.column(part) is not None for part in _NEEDED)

    def column(self, part: str) -> Column | None:
        """The column that plays a part, where there is one and it is seen."""
        name = self.said.columns.get(part)
        return None if name is None else self.view.column(name)

    def needed(self, part: Part) -> Column:
        """The column of a part that is there, since the dataset is usable."""
        column = self.column(part)
        if column is None:
            raise KeyError(part)
        return column

    @property
    def parts(self) -> dict[str, Column]:
        """Every part that is seen, with the place where there is one."""
        found = {part: column for part in self.said.columns if (column := self.column(part)) is not None}
        place = point_of(self.view)
        return found if place is None else found | {"long": place[0], "lat": place[1]}


def parse_requests(
    requests: Requests, given: Mapping[str, str], limits: Limits, default: int, most_skipped: int
) -> Query:
    """A page of requests, the newest first."""
    page_size = parse_limit(given.get("page_size"), limits.max_rows, min(default, limits.max_rows), "page_size")
    page = parse_limit(given.get("page"), most_skipped, 1, "page") or 1
    size = page_size or default
    if (page - 1) * size > most_skipped:
        raise BadValue(f"`page`: at most {most_skipped} requests are passed; follow the link to the next page.")
    return Query(
        view=requests.view,
        select=selected(requests),
        where=_conditions(requests, given, limits),
        order=(Sort(requests.needed("requested"), descending=True),),
        limit=size,
        offset=0 if "cursor" in given else (page - 1) * size,
    )


def parse_request(requests: Requests, number: str) -> Query | None:
    """The request of a number; None where there can be none."""
    where = found_by(requests.view, number)
    return None if where is None else Query(requests.view, selected(requests), where, limit=1)


def services(requests: Requests, limits: Limits, code: str | None = None) -> GroupedQuery:
    """The services that requests are for, or that of a code."""
    keys = [requests.column(part) for part in ("service_code", "service_name", "group")]
    found = tuple(Key(column) for column in dict.fromkeys(keys) if column is not None)
    where: list[Filter] = [condition_on(requests.needed("service_code"), "isnull", ["false"], limits, "service_code")]
    if code is not None:
        where.append(condition_on(requests.needed("service_code"), "eq", [code], limits, "service_code"))
    order = (GroupSort(found[0]),)
    return GroupedQuery(requests.view, found, (Figure(),), where=tuple(where), order=order, limit=limits.max_rows)


def selected(requests: Requests) -> tuple[Column, ...]:
    """The columns that a request is told with: its key, then its parts."""
    return tuple(dict.fromkeys((*requests.view.key, *requests.parts.values())))


def _conditions(requests: Requests, given: Mapping[str, str], limits: Limits) -> tuple[Filter, ...]:
    if "service_request_id" in given:  # which goes before all others, as the standard has it
        return (_numbered(requests, given["service_request_id"].split(","), limits),)
    found: list[Filter] = []
    if "service_code" in given:
        codes = given["service_code"].split(",")
        found.append(condition_on(requests.needed("service_code"), "in", codes, limits, "service_code"))
    if "status" in given:
        found.append(_states(requests, given["status"].split(","), limits))
    for name, following in (("start_date", False), ("end_date", True)):
        if name in given:
            found.append(_bound(requests, given[name], name, following=following))
    if given.keys() & {"lat", "long", "radius"}:
        found.append(_near(requests, given))
    return tuple(found)


def _numbered(requests: Requests, numbers: Sequence[str], limits: Limits) -> Filter:
    if len(numbers) > limits.max_conditions:
        raise TooManyConditions(f"`service_request_id`: expected at most {limits.max_conditions} numbers.")
    known = [where for number in numbers if (where := found_by(requests.view, number)) is not None]
    return any_of([all_of(where) for where in known])


def _states(requests: Requests, states: Sequence[str], limits: Limits) -> Filter:
    if not set(states) <= set(_STATES):
        raise BadValue(f"`status`: expected {' or '.join(_STATES)}.", parameter="status")
    column = requests.needed("status")
    closed = condition_on(column, "in", requests.said.closed, limits, "status")
    missing = condition_on(column, "isnull", ["true"], limits, "status")
    parts: dict[str, Filter] = {"closed": closed, "open": any_of([closed.opposite, missing])}
    return any_of([parts[state] for state in dict.fromkeys(states)])


def _bound(requests: Requests, text: str, name: str, *, following: bool) -> Condition:
    """From a moment or day on, or up to it; of a column of days, the day a moment lies in."""
    column = requests.needed("requested")
    try:
        moment: date | datetime = date.fromisoformat(text) if len(text) == DAY else local(text, requests.zone)
    except (ValueError, OverflowError):
        expected = "expected a moment such as 2026-01-31T00:00:00Z"
        raise BadValue(f"`{name}`: {expected}.", parameter=name) from None
    if column.kind.family is Family.DATE:
        day = moment.date() if isinstance(moment, datetime) else moment
        return Condition(column, OPERATORS["le" if following else "ge"], (day,))
    if isinstance(moment, datetime):
        return Condition(column, OPERATORS["le" if following else "ge"], (moment,))
    whole = day_after(moment) if following else moment
    return Condition(column, OPERATORS["lt" if following else "ge"], (datetime.combine(whole, time()),))


def _near(requests: Requests, given: Mapping[str, str]) -> Condition:
    """Around a place, so many metres."""
    missing = [name for name in ("lat", "long", "radius") if name not in given]
    if missing:
        raise BadValue("`lat`, `long` and `radius` (metres) go together.", parameter=missing[0])
    return whole_row(requests.view, "near", f"{given['long']},{given['lat']},{given['radius']}")
