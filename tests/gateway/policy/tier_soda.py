"""What the table of tiers says of Socrata's addresses: the same datasets, rows and cells as everywhere."""

from __future__ import annotations

import csv
import io
from typing import Any

import httpx

from gateway.facades.soda.ids import four_by_four
from tests.gateway.policy.city import COLUMNS
from tests.gateway.policy.tier_groups import MINIMUM
from tests.gateway.policy.tier_place import CITY, Ask, Door, Place
from tests.gateway.policy.tier_rows import holds


def _status(place: Place) -> int:
    return 200 if place.readable else 403 if place.described else 404


def _address(path: str, place: Place, suffix: str = "json", **clauses: str) -> str:
    address = path.format(resource=four_by_four(place.dataset), suffix=suffix)
    return str(httpx.URL(address, params={f"${name}": text for name, text in clauses.items()}))


def _quoted(name: str) -> str:
    return f"`{name}`"


async def rows(ask: Ask, path: str, place: Place) -> None:
    """The rows in full; no clause finds what is hidden or masked, nor a small group of what is only summed."""
    answer = await ask(_address(path, place, "csv"), Accept="text/csv")
    assert answer.status_code == _status(place)
    if not place.readable:
        return
    head, *lines = csv.reader(io.StringIO(answer.text, newline=""))
    holds(place, head, [tuple(line) for line in lines])
    more = await ask(_address(path, place, "csv", limit="20000"), Accept="text/csv")
    assert more.status_code == (403 if place.cell.get("no_export") else 200)
    assert place.cell.get("no_export") or more.content == answer.content
    for name in place.masked:
        clear = next(str(row[name]) for row in CITY[place.dataset] if row[name] is not None)
        for text in (f"{_quoted(name)} = '{clear}'", f"starts_with({_quoted(name)}, '{clear}')"):
            assert (await _json(ask, _address(path, place, where=text))) == []
    summed = place.cell.get("aggregate", ())
    for name in set(COLUMNS[place.dataset]) - set(place.columns):
        refused = await ask(_address(path, place, where=f"{_quoted(name)} is not null"))
        assert refused.json()["code"] == "query.soql.no-such-column"
        grouped = {"select": f"{_quoted(name)}, count(*)", "group": _quoted(name)}
        if name not in summed:
            assert (await ask(_address(path, place, **grouped))).status_code == 400
            continue
        assert all(int(group["count"]) >= MINIMUM for group in await _json(ask, _address(path, place, **grouped)))
        one = {"select": f"count({_quoted(name)})", "where": "case_no = 'C00007'"}
        assert (await _json(ask, _address(path, place, **one))) == []


async def _json(ask: Ask, address: str) -> Any:
    answer = await ask(address)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def described(ask: Ask, path: str, place: Place) -> None:
    """A dataset with the columns that are told."""
    answer = await ask(_address(path, place))
    assert answer.status_code == (200 if place.described else 404)
    if place.described and "columns" in answer.json():
        told = [column["fieldName"] for column in answer.json()["columns"]]
        assert told == (place.columns or place.cell["described"])


async def listed(ask: Ask, path: str, place: Place) -> None:
    """Every dataset that may be read about."""
    told = (await ask(path)).json()
    found = (
        [entry["id"] for entry in told] if isinstance(told, list) else [e["resource"]["id"] for e in told["results"]]
    )
    assert (four_by_four(place.dataset) in found) == place.described


SODA_DOORS: dict[str, Door] = {"soda": rows, "soda_view": described, "soda_list": listed}
