"""What the table of tiers says of CKAN's actions: the same datasets, rows and cells as everywhere."""

from __future__ import annotations

import csv
import io
from typing import Any
from urllib.parse import urlencode

from gateway.facades.ckan.packages import ROWS, resource_id
from tests.gateway.policy.tier_place import CITY, Ask, Door, Place
from tests.gateway.policy.tier_rows import holds


async def actions(ask: Ask, path: str, place: Place) -> None:
    """Every action that tells of datasets."""

    async def call(action: str, status: int = 200, **parameters: str) -> Any:
        answer = await ask(f"{path.format(action=action)}?{urlencode(parameters)}")
        assert answer.status_code == status, answer.text
        return answer.json().get("result")

    assert (place.dataset in await call("package_list")) == place.described
    found = await call("package_search", rows="100", q=place.dataset, **{"facet.field": "organization"})
    assert (place.dataset in [package["id"] for package in found["results"]]) == place.described
    assert sum(found["facets"]["organization"].values()) == found["count"]
    shown = await call("package_show", 200 if place.described else 404, id=place.dataset)
    resource = resource_id(place.dataset, ROWS)
    await call("resource_show", 200 if place.readable else 404, id=resource)
    if shown:
        files = [part["name"] for part in shown["resources"] if part["url_type"] == "upload"]
        assert files == place.cell.get("files", [])
        assert (resource in [part["id"] for part in shown["resources"]]) == place.readable
    await _rows(call, resource, place)


async def _rows(call: Any, resource: str, place: Place) -> None:
    status = 200 if place.readable else 403 if place.described else 404
    page = await call("datastore_search", status, resource_id=resource, limit="1000")
    information = await call("datastore_info", status, id=place.dataset)
    if not place.readable:
        return
    holds(place, list(page["records"][0]), [tuple(record.values()) for record in page["records"]])
    assert page["total"] == information["meta"]["count"] == place.cell["rows"]
    assert [field["id"] for field in information["fields"]] == place.columns
    more = await call(
        "datastore_search", 403 if place.cell.get("no_export") else 200, resource_id=resource, limit="20000"
    )
    assert more is None or more["records"] == page["records"]
    for name in place.masked:
        clear = next(str(row[name]) for row in CITY[place.dataset] if row[name] is not None)
        for asked in ({"filters": f'{{"{name}": "{clear}"}}'}, {"q": f'{{"{name}": "{clear}"}}'}):
            assert (await call("datastore_search", resource_id=resource, **asked))["records"] == []


async def dump(ask: Ask, path: str, place: Place) -> None:
    """Everything leaves to those who may export; others may have pages of it."""
    address = path.format(resource=resource_id(place.dataset, ROWS))
    exported = place.readable and not place.cell.get("no_export")
    answer = await ask(address)
    assert answer.status_code == (200 if exported else 403 if place.described else 404)
    if place.readable:
        page = answer if exported else await ask(f"{address}?limit=1000")
        head, *lines = csv.reader(io.StringIO(page.text, newline=""))
        holds(place, head, [tuple(line) for line in lines])


CKAN_DOORS: dict[str, Door] = {"ckan": actions, "ckan_dump": dump}
