"""A page that was made once is given again to who may see and asks the same, paid for and recorded each time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import create_engine, text
from starlette.responses import Response

from catalog.workspace import Workspace
from gateway.app import create_app
from gateway.control.store import ControlStore, sqlite_url
from gateway.settings import GatewaySettings
from gateway.web.kept import KeptAnswers
from gateway.withdrawal.manual import Order, withdraw
from tests.gateway.conftest import PLAIN
from tests.gateway.fake_policy import policy_over, put_policy
from tests.gateway.fake_release import TICKETS, dataset_entry, publish
from tests.gateway.key_holders import issue_keys

NOW = datetime(2026, 11, 22, 4, tzinfo=UTC)
ROWS = "/v1/datasets/tickets/rows?limit=5"
SHEET = "/v1/datasets/tickets/rows.csv?limit=5"
GROUPS = "/v1/datasets/tickets/aggregate?group=district&measure=count"
SMALL_GROUPS = "/v1/datasets/tickets/aggregate?group=urgent&measure=rank__sum"
OWN = {"x-request-id", "ratelimit"}


@asynccontextmanager
async def served(home: Path, **settings: Any) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    """An application over a home, and a client that asks it without a network."""
    app = create_app(GatewaySettings(home=home, **settings), clock=lambda: NOW)
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway", headers=PLAIN) as client:
            yield app, client


def cost_left(answer: httpx.Response) -> int:
    """What is left of the quota of cost."""
    return int(answer.headers["ratelimit"].rpartition(";r=")[2].partition(";")[0])


def fields(answer: httpx.Response) -> dict[str, str]:
    """The header fields that belong to the answer, not to the request."""
    assert answer.status_code == 200, answer.text
    return {name: value for name, value in answer.headers.items() if name not in OWN}


def test_the_second_answer_is_the_first_without_the_engine(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=80)
    questions = [(path, coding) for path in (ROWS, SHEET, GROUPS, SMALL_GROUPS) for coding in ("identity", "gzip")]

    async def ask() -> None:
        async with served(tmp_path) as (app, client):
            first = [await client.get(path, headers={"Accept-Encoding": coding}) for path, coding in questions]
            assert len(app.state.services.kept) == len(questions)
            app.state.services.engine.close()
            for (path, coding), before in zip(questions, first, strict=True):
                again = await client.get(path, headers={"Accept-Encoding": coding})
                assert (again.content, fields(again)) == (before.content, fields(before))
            assert cost_left(again) < cost_left(before) < cost_left(first[0])
            assert (await client.get(f"{ROWS}&district=none")).status_code == 500

    asyncio.run(ask())
    engine = create_engine(sqlite_url(Workspace(tmp_path).audit))
    with engine.connect() as con:
        recorded = con.execute(text("SELECT rows FROM audit_access WHERE status = 200 ORDER BY seq")).scalars().all()
    engine.dispose()
    assert recorded[: len(questions)] == recorded[len(questions) :]


def test_who_sees_other_things_gets_other_answers(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=80)
    keys = issue_keys(tmp_path, lambda: NOW)

    async def ask() -> None:
        async with served(tmp_path) as (app, client):
            public = await client.get(ROWS)
            owner = await client.get(ROWS, headers=keys["owner"])
            assert "rank" not in public.json()["rows"][0]
            assert "rank" in owner.json()["rows"][0]
            developer = await client.get(ROWS, headers=keys["developer"])
            assert developer.content == public.content
            assert len(app.state.services.kept) == 2
            assert [a.headers["cache-control"].split(",")[0] for a in (public, developer)] == ["public", "private"]
            entry = dataset_entry("tickets", TICKETS | {"minutes": ("INTEGER", "L3")}, ("ticket_no",))
            put_policy(tmp_path, policy_over([entry]))
            await app.state.services.policies.refresh()
            assert "minutes" not in (await client.get(ROWS)).json()["rows"][0]

    asyncio.run(ask())


def test_a_withdrawal_empties_what_is_kept(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=80)
    order = Order("tickets", ("T0000002",), "ordered", "Decision 7", date(2026, 11, 22))

    async def ask() -> None:
        async with served(tmp_path) as (app, client):
            services = app.state.services
            before = await client.get(ROWS)
            assert "T0000002" in before.text
            store = ControlStore(sqlite_url(Workspace(tmp_path).control))
            with store.begin() as session:
                withdraw(session, order, now=NOW, by="steward")
            store.close()
            await services.withdrawals.refresh(services.shelf.opened)
            assert len(services.kept) == 0
            assert "T0000002" not in (await client.get(ROWS)).text

    asyncio.run(ask())


def test_memory_is_bounded() -> None:
    kept = KeptAnswers(100_000)
    for number in range(50):
        kept.keep(number, Response(b"x" * 9_000), 1)
    assert kept.find(0, "no-cache") is None
    found = kept.find(49, "no-cache")
    assert found is not None
    assert found[0].body == b"x" * 9_000
    assert len(kept) <= 100_000 // 10_000
    kept.keep("large", Response(b"x" * 50_000), 1)
    assert kept.find("large", "no-cache") is None
    KeptAnswers(0).keep("any", Response(b"x"), 1)
