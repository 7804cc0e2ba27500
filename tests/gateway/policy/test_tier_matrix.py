"""One table says what each caller gets of each dataset; every address of the application is held to it.

An address that the table does not name fails the suite, so that no door opens unnoticed.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx
import pytest
from fastapi.routing import APIRoute
from ruamel.yaml import YAML

from catalog.workspace import Workspace
from gateway.app import ADMIN_ROUTERS, ROUTERS
from gateway.control.store import ControlStore, sqlite_url
from gateway.notices.outbox import NewEvent, append, writing
from tests.gateway.policy.city import CALLERS, COLUMNS, MASKS, NOW, Holder, publish_city, register, tables
from tests.gateway.policy.inside import opened
from tests.gateway.policy.standard_doors import STANDARD_DOORS
from tests.gateway.policy.tier_groups import GROUP_DOORS

TABLE: dict[str, Any] = YAML(typ="safe").load((Path(__file__).parent / "tier_matrix.yml").read_text(encoding="utf-8"))
CITY = tables()


@dataclass(frozen=True)
class Place:
    """One cell of the table: what a caller gets of a dataset."""

    holder: Holder
    dataset: str
    cell: dict[str, Any]

    @property
    def described(self) -> bool:
        return self.cell.get("status") != 404

    @property
    def readable(self) -> bool:
        return "rows" in self.cell

    @property
    def clear(self) -> list[str]:
        return [n for n in COLUMNS[self.dataset] if n in self.cell.get("clear", ())]

    @property
    def masked(self) -> list[str]:
        return [n for n in COLUMNS[self.dataset] if n in self.cell.get("masked", ())]

    @property
    def columns(self) -> list[str]:
        return [n for n in COLUMNS[self.dataset] if n in (*self.clear, *self.masked)]

    @property
    def whole(self) -> bool:
        return self.cell.get("rows") == len(CITY[self.dataset])

    @property
    def count(self) -> int | None:
        return self.cell["rows"] if self.readable and self.whole else None


Ask = Callable[..., Awaitable[httpx.Response]]


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Holder]]:
    home = tmp_path_factory.mktemp("city")
    publish_city(home, CITY)
    holders = register(home)
    store = ControlStore(sqlite_url(Workspace(home).control))
    happened = [
        event
        for dataset in COLUMNS
        for event in (
            NewEvent("release.published", dataset, "1", {"release": 1, "replaces": None}),
            NewEvent("withdrawal", dataset, "1", {"digests": ["0" * 32]}),
        )
    ]
    with writing(store) as (session, _):
        append(session, happened, NOW)
    store.close()
    return home, holders


def routes() -> Iterator[tuple[str, str]]:
    """Every address of the application with a method it takes."""
    for router in (*ROUTERS, *ADMIN_ROUTERS):
        for route in router.routes:
            assert isinstance(route, APIRoute)
            yield from ((route.path, method) for method in sorted(route.methods))


@asynccontextmanager
async def asking(home: Path, holder: Holder) -> AsyncIterator[Ask]:
    async with opened(home) as client:

        async def ask(address: str, **headers: str) -> httpx.Response:
            return await client.get(address, headers=holder.headers | headers)

        yield ask


def test_the_table_names_every_address_and_every_caller() -> None:
    named = {*TABLE["doors"], *TABLE["without_data"], *TABLE["stewards_only"]}
    assert {path for path, _ in routes()} == named
    assert set(TABLE["doors"].values()) <= set(DOORS)
    for dataset in COLUMNS:
        assert set(TABLE["callers"][dataset]) == set(CALLERS)


@pytest.mark.parametrize("name", CALLERS)
def test_every_door_gives_what_the_table_says(name: str, city: tuple[Path, dict[str, Holder]]) -> None:
    home, holders = city

    async def run() -> int:
        doors = 0
        async with asking(home, holders[name]) as ask:
            for path, door in TABLE["doors"].items():
                for dataset in COLUMNS:
                    place = Place(holders[name], dataset, TABLE["callers"][dataset][name])
                    await DOORS[door](ask, path, place)
                    doors += 1
        return doors

    assert asyncio.run(run()) == len(TABLE["doors"]) * len(COLUMNS)


@pytest.mark.parametrize("name", CALLERS)
def test_administration_tells_nothing_to_a_key_without_its_scope(
    name: str, city: tuple[Path, dict[str, Holder]]
) -> None:
    home, holders = city

    async def run() -> None:
        async with opened(home) as client:
            for path, method in routes():
                if path in TABLE["stewards_only"]:
                    address = path.replace("{", "").replace("}", "")
                    answer = await client.request(method, address, headers=holders[name].headers)
                    assert answer.status_code in (401, 403), (path, method)

    asyncio.run(run())


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


def holds(place: Place, names: list[str], rows: list[tuple[Any, ...]]) -> None:
    """The rows are as many as the table says, clear cells as they are stored, masked ones in no row so."""
    assert names == place.columns
    assert len(rows) == place.cell["rows"]
    stored = {str(row["case_no"]): row for row in CITY[place.dataset]}
    truth = {name: {_text(row[name]) for row in CITY[place.dataset]} for name in names}
    for row in rows:
        told = dict(zip(names, row, strict=True))
        for name in place.masked:
            assert told[name] is None or _text(told[name]) not in truth[name], name
        if "case_no" in place.clear:
            for name in place.clear:
                if name not in place.cell.get("partly", ()):
                    assert _text(told[name]) == _text(stored[told["case_no"]][name]), name
    for name in place.cell.get("partly", ()):
        assert {_text(value) for value in (row[names.index(name)] for row in rows)} > {None}


def _text(value: Any) -> str | None:
    return None if value in (None, "") else str(value)


async def rows(ask: Ask, path: str, place: Place) -> None:
    answer = await ask(path.format(dataset=place.dataset, suffix="json") + "?limit=1000")
    assert answer.status_code == (200 if place.readable else 403 if place.described else 404)
    if place.readable:
        told = answer.json()
        names = list(told["rows"][0])
        holds(place, names, [tuple(row.values()) for row in told["rows"]])
        for name in place.masked:
            await nothing_found(ask, path, place, name)


async def nothing_found(ask: Ask, path: str, place: Place, name: str) -> None:
    """No row is found by the clear value of a masked column, nor by a part of it that the mask takes away."""
    value = next(str(row[name]) for row in CITY[place.dataset] if row[name] is not None)
    address = httpx.URL(path.format(dataset=place.dataset, suffix="json"))
    for operator in ("eq", "prefix", "contains", "in"):
        found = await ask(str(address.copy_add_param(f"{name}__{operator}", value)))
        assert found.status_code == 200, found.text
        assert found.json()["rows"] == []


async def table(ask: Ask, path: str, place: Place) -> None:
    await rows(ask, path, place)
    answer = await ask(path.format(dataset=place.dataset, suffix="csv"))
    exported = place.readable and not place.cell.get("no_export")
    assert answer.status_code == (200 if exported else 403 if place.described else 404)
    if exported:
        head, *lines = csv.reader(io.StringIO(answer.text, newline=""))
        holds(place, head, [tuple(line) for line in lines])


async def cost(ask: Ask, path: str, place: Place) -> None:
    answer = await ask(path.format(dataset=place.dataset))
    assert answer.status_code == (200 if place.readable else 403 if place.described else 404)
    if place.readable:
        assert answer.json()["rows_known"] == place.whole


async def files(ask: Ask, path: str, place: Place) -> None:
    for kind in ("csv", "parquet"):
        name = f"{place.dataset}.{kind}"
        answer = await ask(path.format(dataset=place.dataset, name=name))
        exported = place.readable and not place.cell.get("no_export")
        expected = 200 if name in place.cell.get("files", ()) else 403 if place.described and not exported else 404
        assert answer.status_code == expected, name
        if expected == 200 and kind == "csv":
            head, *lines = csv.reader(io.StringIO(answer.text, newline=""))
            assert set(head) <= set(place.clear)
            assert len(lines) == place.cell["rows"]


async def tombstones(ask: Ask, path: str, place: Place) -> None:
    answer = await ask(path.format(dataset=place.dataset))
    assert answer.status_code == (200 if place.described else 404)


async def events_of_dataset(ask: Ask, path: str, place: Place) -> None:
    answer = await ask(path.format(dataset=place.dataset))
    assert answer.status_code == (200 if place.described else 404)
    if place.described:
        assert _told_of(answer) == {place.dataset: {"release.published"} | _withdrawal(place)}


async def events(ask: Ask, path: str, place: Place) -> None:
    found = _told_of(await ask(path)).get(place.dataset, set())
    assert found == _withdrawal(place) | ({"release.published"} if place.described else set())


def _withdrawal(place: Place) -> set[str]:
    """The row that was withdrawn is none of those some callers see: only who sees all rows is told."""
    return {"withdrawal"} if place.readable and place.whole else set()


def _told_of(answer: httpx.Response) -> dict[str, set[str]]:
    """Types of events by dataset; whoever is not told the rows is not told which went."""
    found: dict[str, set[str]] = {}
    for content in ElementTree.fromstring(answer.content).iter("{http://www.w3.org/2005/Atom}content"):
        event = json.loads(content.text or "")
        found.setdefault(event["subject"], set()).add(event["type"])
        assert event["data"].get("withdrawals", []) == []
    return found


DOORS: dict[str, Callable[[Ask, str, Place], Awaitable[None]]] = {
    "listed": listed,
    "landing": landing,
    "interface": interface,
    "document": document,
    "access": access,
    "rows": rows,
    "table": table,
    "cost": cost,
    "files": files,
    "tombstones": tombstones,
    "events_of_dataset": events_of_dataset,
    "events": events,
    **STANDARD_DOORS,
    **GROUP_DOORS,
}


def test_street_a_gets_no_row_of_street_b_at_any_door(city: tuple[Path, dict[str, Holder]]) -> None:
    home, holders = city
    others = {row["case_no"] for row in CITY["street_pack"] if row["street"] != "990101001"}

    async def run() -> int:
        asked = 0
        async with asking(home, holders["street_a"]) as ask:
            for path, _ in routes():
                for suffix in ("json", "csv"):
                    address = path.format(
                        dataset="street_pack", suffix=suffix, name=f"street_pack.{suffix}", code="x", key="x",
                        client="x", delegation="x", grant="x", case="x", transition="x", subscription="x",
                        syntax={"json": "jsonld", "csv": "ttl"}[suffix],
                    ) if "{" in path and "principals" not in path else path  # fmt: skip
                    for query in (
                        "",
                        "?street=990102001",
                        "?street__ne=990101001",
                        "?order=-case_no",
                        "?district=990102",
                    ):
                        answer = await ask(address + query)
                        asked += 1
                        assert not [number for number in others if number in answer.text], address + query
        return asked

    assert asyncio.run(run()) > 100


def test_masks_of_the_table_are_the_masks_of_the_policy() -> None:
    for dataset, callers in TABLE["callers"].items():
        for cell in callers.values():
            assert set(cell.get("masked", ())) <= set(MASKS) & set(COLUMNS[dataset])
