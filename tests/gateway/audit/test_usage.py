"""Usage: a caller sees its own, a department that of its own data, a steward all, and nobody more."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from catalog.workspace import Workspace
from gateway.audit.store import AuditStore
from gateway.audit.tables import access
from tests.gateway.conftest import client_over, wait_for
from tests.gateway.fake_release import publish
from tests.gateway.key_holders import OWNER, issue_keys

Keys = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, Keys]]:
    """A server whose dataset `tickets` belongs to the owner, after some use of it."""
    home = tmp_path_factory.mktemp("usage")
    publish(home, 1, owner=OWNER)
    keys = issue_keys(home)
    with client_over(home) as client:
        for name, purpose, limit in (("other", "statistics", 3), ("other", "audit", 4), ("developer", None, 5)):
            headers = keys[name] | ({"CivicLake-Purpose": purpose} if purpose else {})
            assert client.get(f"/v1/datasets/tickets/rows?limit={limit}", headers=headers).status_code == 200
        client.get("/v1/datasets/tickets/rows?limit=6")
        client.get("/v1/datasets/sealed_key/rows", headers=keys["other"])
        wait_for(lambda: _count(home) == 5)
        yield client, keys


def _count(home: Path) -> int:
    store = AuditStore(f"sqlite:///{Workspace(home).audit}")
    try:
        return int(store.query(select(func.count().label("n")).select_from(access))[0]["n"])
    except Exception:  # noqa: BLE001  -- the table is made by the writer
        return 0
    finally:
        store.close()


def test_a_caller_sees_its_own_use_and_nothing_of_others(scene: tuple[httpx.Client, Keys]) -> None:
    client, keys = scene
    found = client.get("/v1/me/usage?dataset=tickets", headers=keys["other"]).json()
    assert found["caller"] == "other"
    sums = {row["purpose"]: (row["accesses"], row["rows"], row["decision"]) for row in found["totals"]}
    assert sums == {"statistics": (1, 3, "allow"), "audit": (1, 4, "allow")}
    assert [row["purpose"] for row in found["newest"]] == ["audit", "statistics"]
    assert not {"caller", "rules", "tier"} & set(found["newest"][0])
    both = client.get("/v1/me/usage", headers=keys["other"]).json()
    assert {"tickets", "sealed_key"} <= {row["dataset"] for row in both["totals"]}
    assert client.get("/v1/me/usage").status_code == 403  # the public is nobody in particular


def test_a_department_sees_who_used_its_data_and_why(scene: tuple[httpx.Client, Keys]) -> None:
    client, keys = scene
    for query in ("?dataset=tickets", ""):
        found = client.get(f"/v1/admin/usage{query}", headers=keys["owner"]).json()
        assert found["datasets"] == ["tickets"]
        seen = {(row["caller"], row["purpose"]): row["rows"] for row in found["totals"]}
        assert seen == {
            ("other", "statistics"): 3,
            ("other", "audit"): 4,
            ("developer", None): 5,
            ("public", None): 6,
        }
        assert found["newest"][0]["columns"]
        assert all("filter" not in row for row in found["newest"])


def test_nobody_sees_the_use_of_data_that_is_not_its_own(scene: tuple[httpx.Client, Keys]) -> None:
    client, keys = scene
    for headers in ({}, keys["developer"], keys["other"]):
        answers = [client.get(f"/v1/admin/usage{query}", headers=headers) for query in ("", "?dataset=tickets")]
        assert [answer.status_code for answer in answers] == [404, 404]
    hidden = client.get("/v1/admin/usage?dataset=all_secret", headers=keys["owner"])
    nothing = client.get("/v1/admin/usage?dataset=nothing", headers=keys["owner"])
    assert (hidden.status_code, hidden.json()["detail"]) == (nothing.status_code, nothing.json()["detail"])
    steward = client.get("/v1/admin/usage", headers=keys["steward"]).json()
    assert {row["dataset"] for row in steward["totals"]} == {"tickets", "sealed_key"}


def test_its_address_is_told_to_those_who_may_own_data(scene: tuple[httpx.Client, Keys]) -> None:
    client, keys = scene
    for headers, told in (({}, False), (keys["developer"], False), (keys["owner"], True), (keys["steward"], True)):
        assert ("/v1/admin/usage" in client.get("/openapi.json", headers=headers).json()["paths"]) == told


@pytest.mark.parametrize(
    "query", ["since=x", "until=2026-13-01", "since=2026-02-01&until=2026-01-01", "since=0001-01-01"]
)
def test_days_that_are_none_are_refused(scene: tuple[httpx.Client, Keys], query: str) -> None:
    client, keys = scene
    answer = client.get(f"/v1/me/usage?{query}", headers=keys["owner"])
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-value")
    past = client.get("/v1/me/usage?since=2001-01-01&until=2001-01-31", headers=keys["other"]).json()
    assert (past["totals"], past["newest"], past["until"]) == ([], [], "2001-01-31")
