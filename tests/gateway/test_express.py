"""The express lane says, takes and records what the application would, byte for byte."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest
from sqlalchemy import create_engine, text

from catalog.compiled import CATALOG_FILE, CompiledCatalog
from catalog.release import release_folder
from catalog.workspace import Workspace
from gateway.app import Gateway, create_app
from gateway.control.store import ControlStore, sqlite_url
from gateway.settings import GatewaySettings
from gateway.withdrawal.manual import Order, withdraw
from orchestration.release.lookup import write_look_ups
from tests.gateway.conftest import PLAIN
from tests.gateway.fake_policy import policy_over, put_policy
from tests.gateway.fake_release import TICKETS, dataset_entry, publish

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
ELSEWHERE = {"X-Theme": "dark"}  # a header that the lane does not know, and nobody minds
ROWS, GROUPS = "/v1/datasets/tickets/rows", "/v1/datasets/tickets/aggregate"
SEEN = "select=ticket_no,district,minutes,fee,ratio,opened_on,opened_at,urgent,note"  # what the look-up file can hold
LANE = [
    f"{ROWS}?{SEEN}&ticket_no=T0000003&limit=1",
    f"{ROWS}?{SEEN}&limit=50",
    f"{ROWS}?limit=5&order=ticket_no&select=ticket_no,district",
    f"{ROWS}?{SEEN}&ticket_no=none",
    f"{ROWS}?{SEEN}&order=-ticket_no&limit=3&ticket_no__lt=T0000050",
]
KEPT = [f"{GROUPS}?group=district&measure=count", f"{GROUPS}?group=urgent&measure=rank__sum", f"{ROWS}.csv?limit=4"]
OTHERS = [
    f"{ROWS}?limit=5&total=exact",
    f"{ROWS}?limit=5&nothing=1",
    f"{ROWS}?limit=0",
    f"{ROWS}?limit=5&cursor=x",
    f"{ROWS}?limit=5&cursor=",
    f"{ROWS}?limit=5&release=1",
    f"{ROWS}?limit=5&release=7",
    f"{ROWS}?api_key=clk_1",
    "/v1/datasets/nothing/rows?limit=5",
    "/v1/datasets/tickets/rows/?limit=5",
    "/v1/datasets/tickets%2Frows?limit=5",
    "/v1/datasets/tickets?limit=5",
]
HEADERS: list[dict[str, str]] = [
    {},
    {"Accept-Encoding": "gzip"},
    {"Accept": "text/csv"},
    {"Accept": "image/png"},
    {"If-None-Match": "*"},
    {"X-Request-Id": "given-by-the-caller"},
]


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two workspaces that are alike, whose release has a look-up file."""
    folder = tmp_path_factory.mktemp("express")
    publish(folder / "first", 1, rows=80)
    release = release_folder(Workspace(folder / "first"), 1)
    with duckdb.connect(str(release / "serving.duckdb"), read_only=True) as con:
        write_look_ups(con, CompiledCatalog.load(release / CATALOG_FILE).datasets, "open", release)
    shutil.copytree(folder / "first", folder / "second")
    return folder / "first", folder / "second"


@asynccontextmanager
async def served(home: Path) -> AsyncIterator[tuple[Gateway, httpx.AsyncClient]]:
    app = create_app(GatewaySettings(home=home, cursor_secret="0123456789abcdef"), clock=lambda: NOW)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=PLAIN) as client:
            yield app, client


def told(answer: httpx.Response) -> tuple[int, dict[str, str], bytes]:
    """Everything a caller gets, but the id that is made up for each request."""
    own = answer.headers["x-request-id"]
    headers = {name: value.replace(own, "ID") for name, value in answer.headers.items()}
    return answer.status_code, headers, answer.content.replace(own.encode(), b"ID")


def recorded(home: Path) -> list[tuple[Any, ...]]:
    """The audit log without ids and hashes."""
    engine = create_engine(sqlite_url(Workspace(home).audit))
    columns = "caller, tier, grants, purpose, action, door, dataset, release, columns, rows, bytes, status, complete"
    with engine.connect() as con:
        found = con.execute(text(f"SELECT {columns}, decision, rules, at FROM audit_access ORDER BY seq")).all()
    engine.dispose()
    return [tuple(row) for row in found]


def test_both_ways_say_take_and_record_the_same(homes: tuple[Path, Path]) -> None:
    async def ask() -> None:
        async with served(homes[0]) as (app, lane), served(homes[1]) as (other, slow):
            assert app.lane is not None
            assert other.lane is not None
            for headers in HEADERS:
                for path in [*LANE, *KEPT, *OTHERS]:
                    for turn in range(4):
                        before = app.lane.answered
                        answers = [
                            await lane.get(path, headers=headers),
                            await slow.get(path, headers=headers | ELSEWHERE),
                        ]
                        assert told(answers[0]) == told(answers[1]), (path, headers)
                        known = "Accept" not in headers and (path in LANE or (path in KEPT and turn > 1))
                        assert (app.lane.answered > before) or not (known and turn > 0), (path, headers, turn)
            path = f"{ROWS}?{SEEN}&limit=7"
            while path is not None:
                answers = [await lane.get(path), await slow.get(path, headers=ELSEWHERE)]
                assert told(answers[0]) == told(answers[1])
                tag = {"If-None-Match": answers[0].headers["etag"]}
                unchanged = [await lane.get(path, headers=tag), await slow.get(path, headers=tag | ELSEWHERE)]
                assert unchanged[0].status_code == 304
                assert told(unchanged[0]) == told(unchanged[1])
                path = answers[0].json()["next"]
            assert other.lane.answered == 0

    asyncio.run(ask())
    assert recorded(homes[0]) == recorded(homes[1])


async def repeated(app: Gateway, client: httpx.AsyncClient, path: str) -> httpx.Response:
    """An answer that the lane repeats by now."""
    for _ in range(4):
        answer = await client.get(path)
    assert app.lane is not None
    before = app.lane.answered
    answer = await client.get(path)
    assert app.lane.answered > before
    return answer


def test_what_changes_is_not_repeated(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=80)
    order = Order("tickets", ("T0000002",), "ordered", "Decision 7", date(2026, 11, 22))

    async def ask() -> None:
        async with served(tmp_path) as (app, client):
            services = app.state.services
            path = f"{ROWS}?limit=5"
            assert "minutes" in (await repeated(app, client, path)).text
            entry = dataset_entry("tickets", TICKETS | {"minutes": ("INTEGER", "L3")}, ("ticket_no",))
            put_policy(tmp_path, policy_over([entry]))
            await services.policies.refresh()
            assert "minutes" not in (await client.get(path)).text
            assert "T0000002" in (await repeated(app, client, path)).text
            store = ControlStore(sqlite_url(Workspace(tmp_path).control))
            with store.begin() as session:
                withdraw(session, order, now=NOW, by="steward")
            store.close()
            await services.withdrawals.refresh(services.shelf.opened)
            assert "T0000002" not in (await client.get(path)).text
            assert (await repeated(app, client, path)).headers["civiclake-release"] == "1"
            publish(tmp_path, 2, rows=40)
            await services.shelf.refresh()
            assert (await client.get(path)).headers["civiclake-release"] == "2"

    asyncio.run(ask())


def test_the_quota_ends_what_is_repeated(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=80)
    policy = policy_over([dataset_entry("tickets", TICKETS, ("ticket_no",))])
    few = policy.limits["T0"].model_copy(update={"requests_per_minute": 6})
    put_policy(tmp_path, policy.model_copy(update={"limits": {**policy.limits, "T0": few}}))

    async def ask() -> None:
        async with served(tmp_path) as (_app, client):
            found = [(await client.get(f"{ROWS}?limit=5")).status_code for _ in range(8)]
            assert found == [200] * 6 + [429] * 2

    asyncio.run(ask())
