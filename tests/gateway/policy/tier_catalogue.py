"""What the table of tiers says of what is told about datasets: lists, documents, columns and why."""

from __future__ import annotations

from lxml import html

from tests.gateway.policy.tier_place import Ask, Door, Place
from tests.gateway.policy.tier_rows import holds


async def listed(ask: Ask, path: str, place: Place) -> None:
    entries = {entry["id"]: entry for entry in (await ask(path)).json()["datasets"]}
    assert (place.dataset in entries) == place.described
    if place.described:
        assert entries[place.dataset]["row_count"] == place.count
        assert ("rows" in entries[place.dataset]["links"]) == place.readable
        assert len(entries[place.dataset]["links"]["files"]) == len(place.cell.get("files", ()))


async def landing(ask: Ask, path: str, place: Place) -> None:
    await listed(ask, path, place)
    page = (await ask(path, Accept="text/html")).text
    assert (f'href="/v1/datasets/{place.dataset}"' in page) == place.described


async def page(ask: Ask, path: str, place: Place) -> None:
    address = path.format(dataset=place.dataset)
    answer = await ask(f"{address}?limit=1000" if place.readable else address)
    assert answer.status_code == (200 if place.described else 404)
    if place.described:
        told = html.fromstring(answer.content)
        assert told.xpath("//section[@id='columns']//td[1]/code/text()") == (place.columns or place.cell["described"])
        tables = told.xpath("//table[not(ancestor::section[@id='columns'])]")
        assert len(tables) == place.readable
        for table in tables:
            rows = [[cell.text_content() for cell in row.xpath("td")] for row in table.xpath("tbody/tr")]
            told_rows = [tuple(None if text == "–" else text for text in row) for row in rows]
            holds(place, place.columns, told_rows)


async def interface(ask: Ask, path: str, place: Place) -> None:
    document = (await ask(path)).json()
    root = f"/v1/datasets/{place.dataset}"
    assert (root in document["paths"]) == place.described
    assert (f"{root}/rows" in document["paths"]) == place.readable
    if place.readable:
        assert list(document["components"]["schemas"][f"{place.dataset}.row"]["properties"]) == place.columns


async def document(ask: Ask, path: str, place: Place) -> None:
    answer = await ask(path.format(dataset=place.dataset))
    assert answer.status_code == (200 if place.described else 404)
    if place.described:
        told = answer.json()
        assert [column["name"] for column in told["columns"]] == (place.columns or place.cell["described"])
        assert told["row_count"] == place.count
        assert [file["name"] for file in told["distributions"]] == place.cell.get("files", [])
        assert bool(told["howto"]) == place.readable
        assert not place.readable or set(told["howto"]) == {"curl", "python", "r", "excel", "duckdb"}


async def access(ask: Ask, path: str, place: Place) -> None:
    answer = await ask(path.format(dataset=place.dataset))
    assert answer.status_code == (200 if place.described else 404)
    if not place.described:
        return
    told = answer.json()
    seen: dict[str, list[str]] = {}
    for column in told["columns"]:
        seen.setdefault(column["seen"], []).append(column["name"])
        assert all(rule["reason"]["zh"] and rule["reason"]["en"] for rule in column["rules"])
    assert seen == {
        how: place.cell[how] for how in ("clear", "masked", "aggregate", "verify", "described") if how in place.cell
    }
    rules = {rule["id"] for column in told["columns"] for rule in column["rules"]}
    assert {"grant" if rule.startswith("grt-") else rule for rule in rules} == set(place.cell["because"])
    assert told["rows"] == ("none" if not place.readable else "all" if place.whole else "some")
    assert told["more"]


CATALOGUE_DOORS: dict[str, Door] = {
    "listed": listed,
    "landing": landing,
    "page": page,
    "interface": interface,
    "document": document,
    "access": access,
}
