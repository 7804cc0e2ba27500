"""What the table of tiers says of OGC API: collections, features and records show the same, none but that."""

from __future__ import annotations

from typing import Any

import httpx

from tests.gateway.policy.city import COLUMNS
from tests.gateway.policy.tier_place import CITY, Ask, Door, Place
from tests.gateway.policy.tier_rows import holds


def _status(place: Place) -> int:
    return 200 if place.readable else 403 if place.described else 404


async def landing(ask: Ask, path: str, place: Place) -> None:
    """The landing page and the conformance classes name no dataset."""
    answer = await ask(path)
    assert answer.status_code == 200
    assert place.dataset not in answer.text


async def api(ask: Ask, path: str, place: Place) -> None:
    """Addresses of readable datasets with their columns, and of records of all that may be read about."""
    paths = (await ask(path)).json()["paths"]
    items = f"/collections/{place.dataset}/items"
    assert (items in paths) == place.readable
    if place.readable:
        named = {parameter["name"] for parameter in paths[items]["get"]["parameters"]}
        assert named & set(COLUMNS[place.dataset]) == set(place.columns)


async def collections(ask: Ask, path: str, place: Place) -> None:
    """Readable datasets, and the catalogue."""
    listed = [found["id"] for found in (await ask(path)).json()["collections"]]
    assert "dataset-records" in listed
    assert (place.dataset in listed) == place.readable


async def collection(ask: Ask, path: str, place: Place) -> None:
    """One dataset."""
    assert (await ask(path.format(dataset=place.dataset))).status_code == _status(place)


async def queryables(ask: Ask, path: str, place: Place) -> None:
    """The columns that are seen."""
    answer = await ask(path.format(dataset=place.dataset))
    assert answer.status_code == _status(place)
    if place.readable:
        assert list(answer.json()["properties"]) == place.columns


def _query(path: str, place: Place, **parameters: str) -> str:
    return str(httpx.URL(path.format(dataset=place.dataset), params=parameters))


async def items(ask: Ask, path: str, place: Place) -> None:
    """The rows, counted, in full; no filter finds what is hidden or masked."""
    answer = await ask(_query(path, place, limit="1000"))
    assert answer.status_code == _status(place)
    if not place.readable:
        return
    told: dict[str, Any] = answer.json()
    assert told["numberMatched"] == told["numberReturned"] == place.cell["rows"]
    names = list(told["features"][0]["properties"])
    holds(place, names, [tuple(feature["properties"].values()) for feature in told["features"]])
    keyed = "case_no" in place.clear and "case_no" not in place.cell.get("partly", ())
    assert all(
        feature.get("id") == (feature["properties"]["case_no"] if keyed else None) for feature in told["features"]
    )
    for name in set(COLUMNS[place.dataset]) - set(place.columns):
        quoted = name.replace('"', '""')
        for text in (f'"{quoted}" IS NULL', f"NOT (\"{quoted}\" LIKE '%')"):
            assert (await ask(_query(path, place, filter=text))).json()["code"] == "unknown-column"
    for name in place.masked:
        value = next(str(row[name]) for row in CITY[place.dataset] if row[name] is not None)
        found = await ask(_query(path, place, filter=f"{name} = '{value}'"))
        assert found.json()["features"] == []


async def item(ask: Ask, path: str, place: Place) -> None:
    """A row by its key, for those who see both."""
    keyed = place.readable and "case_no" in place.clear and "case_no" not in place.cell.get("partly", ())
    mine = await ask(path.format(dataset=place.dataset, feature="C00000"))
    hidden = 404 if place.readable else _status(place)
    assert mine.status_code in ((200, 404) if keyed else (hidden,))
    if keyed and place.whole:
        assert mine.json()["id"] == "C00000"
        assert list(mine.json()["properties"]) == place.columns
    assert (await ask(path.format(dataset=place.dataset, feature="C99999"))).status_code == hidden


async def catalogue(ask: Ask, path: str, place: Place) -> None:
    """The catalogue as a collection, and what its records tell, are the same for all."""
    answer = await ask(path)
    assert answer.status_code == 200
    assert place.dataset not in answer.text


async def records(ask: Ask, path: str, place: Place) -> None:
    """A record of every dataset one may read about, with the columns that are told."""
    told = (await ask(path)).json()
    found = {record["id"]: record for record in told["features"]}
    assert told["numberMatched"] == len(found)
    assert (place.dataset in found) == place.described
    if place.described:
        _same(found[place.dataset], place)


async def record(ask: Ask, path: str, place: Place) -> None:
    """One of them."""
    answer = await ask(path.format(dataset=place.dataset))
    assert answer.status_code == (200 if place.described else 404)
    if place.described:
        _same(answer.json(), place)


def _same(record: dict[str, Any], place: Place) -> None:
    variables = [variable["name"] for variable in record["properties"]["variables"]]
    assert variables == (place.columns or place.cell["described"])
    files = [link["title"] for link in record["links"] if link["rel"] == "enclosure"]
    assert files == place.cell.get("files", [])
    assert ("items" in [link["rel"] for link in record["links"]]) == place.readable


OGC_DOORS: dict[str, Door] = {
    "ogc_landing": landing,
    "ogc_api": api,
    "ogc_collections": collections,
    "ogc_collection": collection,
    "ogc_queryables": queryables,
    "ogc_items": items,
    "ogc_item": item,
    "ogc_catalogue": catalogue,
    "ogc_records": records,
    "ogc_record": record,
}
