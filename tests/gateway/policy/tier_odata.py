"""What the table of tiers says of OData: entity sets, their model and entities show the same, none but that."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx

from tests.gateway.policy.city import COLUMNS, policy
from tests.gateway.policy.tier_place import CITY, Ask, Door, Place
from tests.gateway.policy.tier_rows import holds

MINIMUM = policy().minimum_cell


def _status(place: Place) -> int:
    return 200 if place.readable else 403 if place.described else 404


def _columns(place: Place) -> list[str]:
    """The columns that can be properties."""
    return [name for name in place.columns if name.isidentifier()]


async def service(ask: Ask, path: str, place: Place) -> None:
    """The sets of readable datasets."""
    sets = [found["name"] for found in (await ask(path)).json()["value"]]
    assert (place.dataset in sets) == place.readable


async def metadata(ask: Ask, path: str, place: Place) -> None:
    """Their columns."""
    told = (await ask(path, Accept="application/json")).json()["CivicLake"].get(place.dataset)
    assert (told is not None) == place.readable
    if told is not None:
        assert [name for name in told if name in COLUMNS[place.dataset]] == _columns(place)
    assert (f'"CivicLake.{place.dataset}"' in (await ask(path)).text) == place.readable


def _query(path: str, place: Place, **options: str) -> str:
    return str(httpx.URL(path.format(dataset=place.dataset), params={f"${n}": text for n, text in options.items()}))


async def entities(ask: Ask, path: str, place: Place) -> None:
    """The rows, in full; no filter finds what is hidden or masked; groups are those of the native API."""
    answer = await ask(_query(path, place, count="true"))
    assert answer.status_code == _status(place)
    if not place.readable:
        return
    told: dict[str, Any] = answer.json()
    assert told["@odata.count"] == len(told["value"]) == place.cell["rows"]
    _same(place, told["value"])
    for name in COLUMNS[place.dataset]:
        if name.isidentifier() and name not in place.columns:
            for options in ({"filter": f"not ({name} eq null)"}, {"orderby": name}, {"select": name}):
                found = await ask(_query(path, place, **options))
                assert found.json()["error"]["code"] == "unknown-column"
            await _group(ask, path, place, name)
    for name in place.masked:
        value = next(str(row[name]) for row in CITY[place.dataset] if row[name] is not None)
        found = await ask(_query(path, place, filter=f"{name} eq '{value}'"))
        assert found.json()["value"] == []
    keyed = "case_no" in place.clear and "case_no" not in place.cell.get("partly", ())
    one = await ask(path.format(dataset=quote(f"{place.dataset}('C00000')")))
    assert one.status_code in ((200, 404) if keyed else (400,))
    if keyed and place.whole:
        assert one.json()["case_no"] == "C00000"


async def _group(ask: Ask, path: str, place: Place, name: str) -> None:
    answer = await ask(_query(path, place, apply=f"groupby(({name}),aggregate($count as n))"))
    if name not in place.cell.get("aggregate", ()):
        assert answer.json()["error"]["code"] == "unknown-column"
    else:
        assert answer.json()["@CivicLake.basis"] == "large groups"
        assert all(group["n"] >= MINIMUM for group in answer.json()["value"])


def _same(place: Place, found: list[dict[str, Any]]) -> None:
    """The entities are the rows; columns that cannot be properties are left out of the comparison."""
    odd = [name for name in place.columns if name not in _columns(place)]
    rows = [tuple(row.get(name) for name in place.columns) for row in found]
    assert list(found[0]) == _columns(place)
    if not odd:
        holds(place, place.columns, rows)
    else:
        assert len(rows) == place.cell["rows"]


async def count(ask: Ask, path: str, place: Place) -> None:
    """The number of rows."""
    answer = await ask(path.format(dataset=place.dataset))
    assert answer.status_code == _status(place)
    if place.readable:
        assert answer.text == str(place.cell["rows"])


ODATA_DOORS: dict[str, Door] = {
    "odata_service": service,
    "odata_metadata": metadata,
    "odata_entities": entities,
    "odata_count": count,
}
