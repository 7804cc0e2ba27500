"""What the table of tiers says of groups, values, facets and totals: the same rows and cells, none but those."""

from __future__ import annotations

import csv
import io
from collections import Counter
from typing import Any

import httpx

from tests.gateway.policy.city import COLUMNS, policy
from tests.gateway.policy.tier_place import CITY, Ask, Place

MINIMUM = policy().minimum_cell


def _address(path: str, place: Place, **parameters: str) -> str:
    return str(httpx.URL(path.format(dataset=place.dataset, suffix="json"), params=parameters))


def _hidden(place: Place) -> list[str]:
    return [n for n in COLUMNS[place.dataset] if n not in place.columns and n not in place.cell.get("aggregate", ())]


def _status(place: Place) -> int:
    return 200 if place.readable else 403 if place.described else 404


async def groups(ask: Ask, path: str, place: Place) -> None:
    """Counts of clear values are those of the visible rows, masked values are nobody's, hidden columns are unknown."""
    answer = await ask(_address(path, place))
    assert answer.status_code == _status(place)
    if not place.readable:
        return
    assert answer.json()["groups"] == [{"count": place.cell["rows"]}]
    for name in place.columns:
        told = (await ask(_address(path, place, group=name, limit="1000"))).json()
        counts = {group[name]: group["count"] for group in told["groups"]}
        assert (told["basis"], sum(counts.values())) == ("rows", place.cell["rows"])
        truth = Counter(_plain(row[name]) for row in CITY[place.dataset])
        if name in place.masked:
            assert not {value for value in counts if value is not None} & set(truth)
        elif name not in place.cell.get("partly", ()):
            assert all(count <= truth[value] for value, count in counts.items())
    for name in _hidden(place):
        assert (await ask(_address(path, place, group=name))).json()["code"] == "unknown-column"
    for name in place.cell.get("aggregate", ()):
        told = (await ask(_address(path, place, group=name, limit="1000"))).json()
        assert told["basis"] == "large groups"
        assert all(group["count"] >= MINIMUM for group in told["groups"])
        one = await ask(_address(path, place, measure=f"{name}__count", case_no="C00007"))
        assert (one.json()["groups"], one.json()["withheld"]) == ([], True)
        assert (await ask(_address(path, place, measure=f"{name}__max"))).json()["code"] == "not-aggregable"


async def groups_as(ask: Ask, path: str, place: Place) -> None:
    """Every format gives what JSON gives; the whole leaves only to those who may export."""
    await groups(ask, path, place)
    for form in ("csv", "ndjson", "xlsx", "parquet", "arrow"):
        page = await ask(path.format(dataset=place.dataset, suffix=form) + "?limit=9")
        assert page.status_code == _status(place)
        answer = await ask(path.format(dataset=place.dataset, suffix=form))
        assert answer.status_code == (403 if place.readable and place.cell.get("no_export") else _status(place))
        if answer.status_code == 200 and form == "csv":
            assert list(csv.reader(io.StringIO(answer.text))) == [["count"], [str(place.cell["rows"])]]


async def values(ask: Ask, path: str, place: Place) -> None:
    """The values are those of the visible rows."""
    for name in COLUMNS[place.dataset]:
        answer = await ask(_address(path, place, column=name, limit="1000"))
        if name in _hidden(place) and place.readable:
            assert answer.json()["code"] == "unknown-column"
            continue
        assert answer.status_code == _status(place)
        if name in place.clear:
            told = answer.json()["values"]
            assert len(told) == len(set(told))
            assert set(told) <= {_plain(row[name]) for row in CITY[place.dataset]} | {None}
        elif name in place.masked:
            assert not {value for value in answer.json()["values"] if value} & {
                _plain(row[name]) for row in CITY[place.dataset]
            }


async def facets(ask: Ask, path: str, place: Place) -> None:
    """Each facet counts the visible rows."""
    names = place.columns or [next(iter(COLUMNS[place.dataset]))]
    answer = await ask(_address(path, place, facets=",".join(names), top="1000"))
    assert answer.status_code == _status(place)
    if place.readable:
        for facet in answer.json()["facets"]:
            assert sum(value["count"] for value in facet["values"]) == place.cell["rows"]
    for name in _hidden(place) if place.readable else ():
        assert (await ask(_address(path, place, facets=name))).json()["code"] == "unknown-column"


async def total(ask: Ask, path: str, place: Place) -> None:
    """The total is the number of visible rows; no condition on a hidden column is taken."""
    answer = await ask(_address(path, place))
    assert answer.status_code == _status(place)
    if place.readable:
        assert (answer.json()["count"], answer.json()["kind"]) == (place.cell["rows"], "exact")
        for name in _hidden(place):
            assert (await ask(_address(path, place, **{f"{name}__isnull": "false"}))).status_code == 400
        for name in place.masked:
            value = next(str(row[name]) for row in CITY[place.dataset] if row[name] is not None)
            assert (await ask(_address(path, place, **{name: value}))).json()["count"] == 0


def _plain(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value


async def changes(ask: Ask, path: str, place: Place) -> None:
    """Changes are told by the key, to those who see it; since the same release there are none."""
    answer = await ask(_address(path, place, since="1"))
    keyed = place.readable and "case_no" in place.clear and "case_no" not in place.cell.get("partly", ())
    assert answer.status_code == (200 if keyed else 403 if place.described else 404)
    if keyed:
        assert answer.json()["changes"] == []


GROUP_DOORS = {
    "groups": groups,
    "groups_as": groups_as,
    "values": values,
    "facets": facets,
    "total": total,
    "changes": changes,
}
