"""One table says what each caller gets of each dataset; every address of the application is held to it.

An address that the table does not name fails the suite, so that no door opens unnoticed.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.routing import APIRoute

from catalog.workspace import Workspace
from gateway.app import ADMIN_ROUTERS, ROUTERS
from gateway.control.store import ControlStore, sqlite_url
from gateway.doors.deps import PURPOSE_HEADER
from gateway.identity.presented import KEY_HEADER
from gateway.notices.outbox import NewEvent, append, writing
from tests.gateway.policy.city import (
    CALLERS,
    COLUMNS,
    MASKS,
    NOW,
    Holder,
    administration_key,
    publish_city,
    register,
)
from tests.gateway.policy.inside import opened
from tests.gateway.policy.standard_doors import STANDARD_DOORS
from tests.gateway.policy.tier_catalogue import CATALOGUE_DOORS
from tests.gateway.policy.tier_ckan import CKAN_DOORS
from tests.gateway.policy.tier_codes import CODE_DOORS
from tests.gateway.policy.tier_events import EVENT_DOORS
from tests.gateway.policy.tier_groups import GROUP_DOORS
from tests.gateway.policy.tier_odata import ODATA_DOORS
from tests.gateway.policy.tier_ogc import OGC_DOORS
from tests.gateway.policy.tier_open311 import OPEN311_DOORS
from tests.gateway.policy.tier_place import CITY, TABLE, Ask, Door, Place
from tests.gateway.policy.tier_rows import ROW_DOORS
from tests.gateway.policy.tier_soda import SODA_DOORS
from tests.gateway.policy.tier_sql import SQL_DOORS
from tests.gateway.policy.tier_verify import VERIFY_DOORS

DOORS: dict[str, Door] = (
    SQL_DOORS
    | VERIFY_DOORS
    | CATALOGUE_DOORS
    | CODE_DOORS
    | ROW_DOORS
    | EVENT_DOORS
    | STANDARD_DOORS
    | GROUP_DOORS
    | OGC_DOORS
    | CKAN_DOORS
    | ODATA_DOORS
    | OPEN311_DOORS
    | SODA_DOORS
)


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

        async def ask(address: str, *, body: Any = None, **headers: str) -> httpx.Response:
            if body is not None:
                return await client.post(address, json=body, headers=holder.headers | headers)
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


def test_a_steward_is_told_of_each_caller_what_the_caller_is_told(city: tuple[Path, dict[str, Holder]]) -> None:
    home, holders = city
    steward = {KEY_HEADER: administration_key(home, "steward")}

    async def run() -> None:
        async with opened(home) as client:
            for name in CALLERS:
                for dataset in COLUMNS:
                    purpose = {header: text for header, text in holders[name].headers.items() if header != KEY_HEADER}
                    own = await client.get(f"/v1/datasets/{dataset}/access", headers=holders[name].headers)
                    address = f"/v1/admin/principals/{name}/access/{dataset}"
                    told = (await client.get(address, headers=steward | purpose)).json()
                    assert told.pop("principal") == holders[name].actor.id
                    assert told == own.json() if own.status_code == 200 else not told["columns"], (name, dataset)
            for unknown in ("nobody/access/cases", "bureau/access/nothing"):
                answer = await client.get(f"/v1/admin/principals/{unknown}", headers=steward)
                assert answer.status_code == 404

    asyncio.run(run())


def test_a_purpose_that_is_missing_is_asked_for_in_words(city: tuple[Path, dict[str, Holder]]) -> None:
    home, holders = city

    async def run() -> None:
        async with asking(home, holders["inspector"]) as ask:
            refused = await ask("/v1/datasets/cases/rows", **{PURPOSE_HEADER: "statistics"})
            assert refused.status_code == 403
            assert f"state it in the header `{PURPOSE_HEADER}` (`audit`)" in refused.json()["detail"]
        async with asking(home, holders["steward"]) as ask:
            refused = await ask("/v1/datasets/cases/rows")
            assert PURPOSE_HEADER not in refused.json()["detail"], "no purpose helps"

    asyncio.run(run())


def addresses_of_the_pack() -> list[str]:
    """Every address, filled for the streets' pack, each once."""
    filled = [
        path.format(
            dataset="street_pack", suffix=suffix, name=f"street_pack.{suffix}", code="x", key="x",
            client="x", delegation="x", grant="x", case="x", transition="x", subscription="x",
            feature="C00001", number="C00001", action="datastore_search", resource="street_pack",
            syntax={"json": "jsonld", "csv": "ttl"}[suffix],
        ) if "{" in path and "principals" not in path else path
        for path, _ in routes()
        for suffix in ("json", "csv")
    ]  # fmt: skip
    return list(dict.fromkeys(filled))


def test_street_a_gets_no_row_of_street_b_at_any_door(city: tuple[Path, dict[str, Holder]]) -> None:
    home, holders = city
    others = {row["case_no"] for row in CITY["street_pack"] if row["street"] != "990101001"}

    async def run() -> int:
        asked = 0
        async with asking(home, holders["street_a"]) as ask:
            for address in addresses_of_the_pack():
                for query in (
                    "",
                    "?street=990102001",
                    "?street__ne=990101001",
                    "?order=-case_no",
                    "?district=990102",
                    "?group=case_no&measure=count",
                    "?column=case_no",
                    "?facets=case_no&top=100",
                    "?since=1",
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
