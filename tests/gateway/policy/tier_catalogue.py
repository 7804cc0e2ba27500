"""What the table of tiers says of what is told about datasets: lists, documents, columns and why."""

from __future__ import annotations

from tests.gateway.policy.tier_place import Ask, Door, Place


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
        assert ("duckdb" in told["howto"]) == any(name.endswith(".parquet") for name in place.cell.get("files", []))


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
    "interface": interface,
    "document": document,
    "access": access,
}
