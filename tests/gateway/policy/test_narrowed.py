"""A narrowed credential tells its bearer nothing of what its holder may do beyond it: keys are lost."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.app import create_app
from gateway.identity.presented import KEY_HEADER
from gateway.identity.scope import Scope
from gateway.services import Services
from gateway.settings import GatewaySettings
from tests.gateway.policy.city import NOW, SECRET, another_key, publish_city, register, tables

Answers = dict[str, Any]
TARGET = {"target": "http://127.0.0.1:9/events"}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Answers]:
    """What the inspector's own key is told, and what keys narrowed to other datasets and to some columns are told."""
    home = tmp_path_factory.mktemp("city")
    publish_city(home, tables())
    holders = register(home)
    keys = {
        "wide": holders["inspector"].headers[KEY_HEADER],
        "elsewhere": another_key(home, "inspector", Scope(datasets=("open_cases",))),
        "columns": another_key(home, "inspector", Scope(datasets=("cases",), columns=("case_no", "phone"))),
    }
    return asyncio.run(_asked(home, keys))


async def _asked(home: Path, keys: dict[str, str]) -> dict[str, Answers]:
    settings = GatewaySettings(home=home, webhook_networks=["127.0.0.0/8"], **SECRET)  # type: ignore[arg-type]
    app = create_app(settings, clock=lambda: NOW)
    async with app.router.lifespan_context(app):
        services: Services = app.state.services
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://gateway") as client:
            headers = {name: {KEY_HEADER: key, "CivicLake-Purpose": "audit"} for name, key in keys.items()}
            made: dict[str, str] = {}
            for name in keys:
                await client.get("/v1/datasets/cases/rows?limit=1", headers=headers[name])
                made[name] = (await client.post("/v1/subscriptions", json=TARGET, headers=headers[name])).json()["id"]
            assert await asyncio.to_thread(services.admission.log.flush, 30)
            return {
                name: {
                    "whoami": (await client.get("/v1/whoami", headers=headers[name])).json(),
                    "usage": (await client.get("/v1/me/usage", headers=headers[name])).json(),
                    "own": (await client.get("/v1/me/usage?dataset=cases", headers=headers[name])).json(),
                    "subscriptions": (await client.get("/v1/subscriptions", headers=headers[name])).json(),
                    "one": (await client.get(f"/v1/subscriptions/{made['wide']}", headers=headers[name])).status_code,
                }
                for name in keys
            }


def test_grants_are_told_as_far_as_the_credential_covers_them(answers: dict[str, Answers]) -> None:
    told = {name: found["whoami"]["grants"] for name, found in answers.items()}
    assert [grant["dataset"] for grant in told["wide"]] == ["cases"]
    assert told["elsewhere"] == []
    assert (told["columns"][0]["columns"], told["columns"][0]["clear_columns"]) == (["case_no"], ["phone"])


def test_use_is_told_of_the_datasets_that_the_credential_covers(answers: dict[str, Answers]) -> None:
    used = {name: {row["dataset"] for row in found["usage"]["totals"]} for name, found in answers.items()}
    assert "cases" in used["wide"]
    assert (used["elsewhere"], used["columns"]) == (set(), {"cases"})
    assert answers["wide"]["own"]["totals"]
    assert not answers["elsewhere"]["own"]["totals"]


def test_subscriptions_are_those_made_with_the_credential(answers: dict[str, Answers]) -> None:
    counted = {name: len(found["subscriptions"]["subscriptions"]) for name, found in answers.items()}
    assert counted == {"wide": 3, "elsewhere": 1, "columns": 1}
    assert {name: found["one"] for name, found in answers.items()} == {"wide": 200, "elsewhere": 404, "columns": 404}
