"""The policy in force: taken up at once, kept when a new one is broken, nothing without one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from catalog.policy.model import RowScope
from catalog.workspace import Workspace
from gateway.app import create_app
from gateway.policy.actor import PUBLIC, Actor, Grant
from gateway.policy.plans import Plans
from gateway.release.opened import OpenRelease, open_release
from gateway.settings import GatewaySettings
from gateway.view.view import View
from tests.gateway.conftest import client_over, wait_for
from tests.gateway.fake_policy import matrix, policy_over, put_policy, rule
from tests.gateway.fake_release import TICKETS, dataset_entry, publish

ENTRIES = [dataset_entry("tickets", TICKETS, ("ticket_no",))]
ROWS = "/v1/datasets/tickets/rows?limit=1"


def columns(client: httpx.Client) -> list[str] | None:
    answer = client.get(ROWS)
    return list(answer.json()["rows"][0]) if answer.status_code == 200 else None


def test_todays_policy_holds_from_one_request_to_the_next(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=20)
    with client_over(tmp_path) as client:
        before = client.get(ROWS)
        assert "note" in (columns(client) or [])
        deny = rule("deny.note", effect="deny", columns=("note",))
        put_policy(tmp_path, policy_over(ENTRIES, rules=(*matrix(), deny)))
        wait_for(lambda: "note" not in (columns(client) or []))
        after = client.get(ROWS)
        assert before.headers["ETag"] != after.headers["ETag"]
        assert client.get("/v1/datasets/tickets/files/tickets.csv").status_code == 404
        assert client.get("/v1/datasets/tickets/rows?note=1").json()["code"] == "unknown-column"
        assert client.get(ROWS, headers={"If-None-Match": before.headers["ETag"]}).status_code == 200


def test_a_broken_policy_leaves_the_old_one_in_force_and_a_missing_one_nothing(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=20)
    file = Workspace(tmp_path).policy
    good = file.read_bytes()
    with client_over(tmp_path) as client:
        file.with_suffix(".new").write_text('{"version": 1}', encoding="utf-8")
        file.with_suffix(".new").replace(file)
        wait_for(lambda: client.get("/healthz").json()["status"] == "behind")
        assert columns(client)
        file.unlink()
        wait_for(lambda: client.get("/healthz").json()["status"] == "closed")
        assert client.get(ROWS).status_code == 404
        assert client.get("/v1/datasets").json()["datasets"] == []
        file.with_suffix(".new").write_bytes(good)
        file.with_suffix(".new").replace(file)
        wait_for(lambda: client.get("/healthz").json()["status"] == "ok")
        assert columns(client)


def test_a_dataset_without_a_policy_is_nobodys(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=5)
    put_policy(tmp_path, policy_over([]))
    with client_over(tmp_path) as client:
        assert client.get("/v1/datasets/tickets").status_code == 404


def test_plans_are_kept_by_policy_actor_purpose_and_day_and_forgotten_in_the_end(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=5)
    moment = datetime(2026, 11, 22, 10, tzinfo=UTC)
    clock = [moment]
    app = create_app(GatewaySettings(home=tmp_path), clock=lambda: clock[0])
    services = app.state.services
    asyncio.run(services.policies.refresh())
    release: OpenRelease = open_release(Workspace(tmp_path), 1, services.engine, services.policies)
    grant = Grant("g", "tickets", ("rank",), (), ("read",), RowScope(), ("audit",), moment + timedelta(hours=1))
    developer = Actor("d", "T1", grants=(grant,))

    def seen(purpose: str | None) -> set[str]:
        view = release.view("tickets", developer, purpose)
        assert view is not None
        return {column.name for column in view.columns}

    first: View | None = release.view("tickets", PUBLIC)
    assert release.view("tickets", PUBLIC) is first
    assert "rank" in seen("audit")
    assert "rank" not in seen(None)
    assert "rank" not in seen("statistics")
    clock[0] += timedelta(hours=2)
    assert "rank" not in seen("audit")  # the grant ended between two requests
    services.engine.close()


def test_plans_are_bounded() -> None:
    plans: Plans[int] = Plans(3)
    for number in (1, 2, 3, 1, 4):
        assert plans.get(number, lambda number=number: number * 10) == number * 10  # type: ignore[misc]
    assert len(plans) == 3
    made = [plans.get(number, lambda: -1) for number in (1, 3, 4)]
    assert made == [10, 30, 40]
    assert plans.get(2, lambda: -1) == -1


@pytest.mark.parametrize("secret", ["rank", "phone"])
def test_explanations_name_nothing_that_is_hidden(tmp_path: Path, secret: str) -> None:
    publish(tmp_path, 1, rows=5)
    closed = policy_over(ENTRIES, rules=(rule("open", columns=("ticket_no", "fee")),))
    put_policy(tmp_path, closed)
    with client_over(tmp_path) as client:
        told = client.get("/v1/datasets/tickets/access")
        assert secret not in told.text
        assert [column["name"] for column in told.json()["columns"]] == ["ticket_no", "fee"]
        assert told.json()["columns"][0]["rules"] == [
            {"id": "open", "reason": {"zh": "测试", "en": "Test"}, "seen": "clear", "rows": "all"}
        ]
        assert client.get("/v1/datasets/tickets/access?x=1").json()["code"] == "unknown-parameter"
        assert client.get("/v1/datasets/nothing/access").status_code == 404
