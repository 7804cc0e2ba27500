"""Administration over HTTP: for stewards only, and the same acts as the command line."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from gateway.doors.admin import ROUTERS
from tests.gateway.conftest import client_over
from tests.gateway.fake_release import publish
from tests.gateway.identity.test_doors import people


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, dict[str, str]]]:
    home = tmp_path_factory.mktemp("admin")
    publish(home, 1, rows=3)
    found = people(home)
    with client_over(home) as client:
        yield client, found


def routes() -> list[tuple[str, str]]:
    return [
        (
            method,
            route.path.format(
                **dict.fromkeys(("code", "name", "dataset", "key", "client", "delegation", "grant"), "x")
            ),
        )
        for router in ROUTERS
        for route in router.routes
        for method in route.methods  # type: ignore[attr-defined]
    ]


@pytest.mark.parametrize(("method", "address"), routes())
def test_every_route_is_for_stewards_only(
    known: tuple[httpx.Client, dict[str, str]], method: str, address: str
) -> None:
    client, found = known
    body = None if method == "GET" else {}
    assert client.request(method, address).status_code in {401, 400}
    assert client.request(method, address, headers={"X-API-Key": found["ann"]}, json=body).status_code in {403, 400}
    document = client.get("/openapi.json").json()
    assert address not in document["paths"]


def test_a_department_from_registration_to_revocation(known: tuple[httpx.Client, dict[str, str]]) -> None:
    client, found = known
    sue = {"X-API-Key": found["sue"]}

    def post(path: str, body: dict[str, object] | None = None, status: int = 201) -> dict[str, object]:
        answer = client.post(f"/v1/admin/{path}", headers=sue, json=body)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (status, "no-store"), answer.text
        document: dict[str, object] = answer.json()
        return document

    post("organisations", {"code": "B", "title": {"zh": "乙", "en": "B"}, "divisions": ["990102"]})
    assert post("principals", {"id": "bob", "kind": "person", "title": "Bob", "organisation": "B"})["tier"] == "T2"
    key = post("keys", {"principal": "bob", "title": "desk", "days": 30, "scope": {"actions": ["read"]}})
    until = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    grant = post(
        "grants",
        {"dataset": "tickets", "principal": "bob", "columns": ["phone"], "basis": "a law", "expires_at": until},
    )
    bob = {"X-API-Key": str(key["key"])}
    who = client.get("/v1/whoami", headers=bob).json()
    assert (who["tier"], who["divisions"], [g["id"] for g in who["grants"]]) == ("T2", ["990102"], [grant["id"]])
    post(f"grants/{grant['id']}/revoke", {"reason": "done"}, 200)
    assert client.get("/v1/whoami", headers=bob).json()["grants"] == []
    fresh = post(f"keys/{key['id']}/rotate", {"overlap_hours": 0, "days": 30})
    assert client.get("/v1/whoami", headers=bob).status_code == 401
    assert client.get("/v1/whoami", headers={"X-API-Key": str(fresh["key"])}).json()["id"] == "bob"
    post("organisations/B/suspend", None, 200)
    assert client.get("/v1/whoami", headers={"X-API-Key": str(fresh["key"])}).status_code == 403
    listed = client.get("/v1/admin/keys", headers=sue)
    assert "hash" not in listed.text
    assert str(fresh["key"]).rpartition("_")[2] not in listed.text


@pytest.mark.parametrize(
    ("path", "body", "status", "words"),
    [
        ("keys", {"principal": "nobody", "title": "x"}, 404, "Nobody is registered"),
        ("principals", {"id": "ann", "kind": "person", "title": "x"}, 409, "registered already"),
        ("principals", {"id": "A B", "kind": "person", "title": "x"}, 400, "cannot be an id"),
        ("keys", {"principal": "ann", "title": "x", "scope": {"admin": True}}, 400, "only a steward"),
        ("keys", {"principal": "ann", "title": "x", "days": 4000}, 400, "at most 366"),
        ("keys", {"principal": "ann", "title": "x", "scope": {"datasets": ["tickety"]}}, 400, "it knows "),
        ("delegations", {"system": "board", "scope": {"datasets": ["tickety"]}}, 400, "knows no tickety"),
        ("keys", {"principal": "ann"}, 400, "`title`: Field required"),
        (
            "keys",
            {"principal": "ann", "title": "x", "scope": {"rows": {"division": ["1"]}}},
            400,
            "rows.division",
        ),
        ("grants", {"dataset": "t", "basis": "b", "expires_at": "2024-01-01T00:00"}, 400, "expires_at"),
    ],
)
def test_a_refusal_says_what_is_wrong(
    known: tuple[httpx.Client, dict[str, str]], path: str, body: dict[str, object], status: int, words: str
) -> None:
    client, found = known
    answer = client.post(f"/v1/admin/{path}", headers={"X-API-Key": found["sue"]}, json=body)
    assert (answer.status_code, words in answer.json()["detail"]) == (status, True), answer.text


def test_stewards_alone_are_told_of_the_routes(known: tuple[httpx.Client, dict[str, str]]) -> None:
    client, found = known
    document = client.get("/openapi.json", headers={"X-API-Key": found["sue"]}).json()
    assert "/v1/admin/keys/{key}/rotate" in document["paths"]
    assert "NewGrant" in document["components"]["schemas"]
