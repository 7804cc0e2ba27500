"""Credentials over HTTP: where they may stand, what is told about a wrong one, what no log ever holds."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from catalog.workspace import Workspace
from gateway.control import accounts, clients, delegations, keys
from gateway.control.credentials import CredentialTerms
from gateway.control.store import ControlStore, sqlite_url
from gateway.identity.scope import Scope
from gateway.identity.secret_files import load_secrets
from gateway.identity.secret_text import Hasher, mint
from gateway.settings import GatewaySettings
from tests.gateway.conftest import Serve, client_over, wait_for
from tests.gateway.fake_release import publish


def people(home: Path) -> dict[str, str]:
    """Fill the control store of a workspace; texts of keys by who holds them, and the client of a system."""
    store = ControlStore(sqlite_url(Workspace(home).control))
    store.migrate()
    hasher = Hasher(load_secrets(GatewaySettings(home=home), Workspace(home).control.parent).pepper)
    now, month = datetime.now(UTC), timedelta(days=30)
    found = {}
    with store.begin() as session:
        accounts.add_organisation(
            session, code="A", kind="department", title=("甲", "A"), divisions=("990101",), now=now, by="test"
        )
        for name, kind, scope in (("ann", "person", Scope()), ("sue", "steward", Scope(admin=True))):
            home_of = "A" if kind == "person" else None
            accounts.add_principal(session, name=name, kind=kind, title="", organisation=home_of, now=now, by="test")
            found[name] = keys.issue(session, hasher, CredentialTerms(name, "", scope, month), now=now, by="test").text
        accounts.add_principal(session, name="board", kind="system", title="", organisation="A", now=now, by="test")
        delegations.delegate(session, system="board", scope=Scope(), expires=now + month, now=now, by="test")
        terms = CredentialTerms("board", "", Scope(), month)
        client = clients.add_client(session, hasher, terms, now=now, by="test")
        found["client"], found["secret"] = client.row.id, str(client.secret)
    store.close()
    return found


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[httpx.Client, dict[str, str]]]:
    home = tmp_path_factory.mktemp("known")
    publish(home, 1, rows=3)
    found = people(home)
    with client_over(home, max_body=4096) as client:
        yield client, found


def test_a_key_is_taken_in_either_header_and_nowhere_else(known: tuple[httpx.Client, dict[str, str]]) -> None:
    client, found = known
    for headers in ({"Authorization": f"Bearer {found['ann']}"}, {"X-API-Key": found["ann"]}):
        answer = client.get("/v1/whoami", headers=headers)
        assert (answer.json()["id"], answer.json()["by"]) == ("ann", "key")
    assert client.get("/v1/whoami").json()["id"] == "public"
    for address in (f"?api_key={found['ann']}", f"?x={found['ann']}", f"?{found['ann']}", "?access_token=a.b.c"):
        answer = client.get(f"/v1/datasets/tickets/rows{address}")
        assert (answer.status_code, answer.json()["code"]) == (400, "credential-in-address")
        assert found["ann"][20:] not in answer.text


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer " + mint("clk").text},
        {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJzdWUifQ."},
        {"Authorization": "Basic YW5uOng="},
        {"Authorization": "Bearer"},
        {"Authorization": ""},
        {"X-API-Key": ""},
        {"X-API-Key": "x" * 9000},
        {"Cookie": "__Host-civiclake_session=made-up"},
    ],
)
def test_a_wrong_credential_is_401_at_every_address_and_never_the_public(
    known: tuple[httpx.Client, dict[str, str]], headers: dict[str, str]
) -> None:
    client, _ = known
    for address in ("/", "/healthz", "/openapi.json", "/v1/datasets", "/v1/datasets/tickets/rows", "/nowhere",
                    "/v1/datasets/tickets/files/tickets.csv", "/v1/admin/keys", "/problems/not-found"):  # fmt: skip
        answer = client.get(address, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="civiclake"')
        assert answer.headers["Cache-Control"] == "no-store"


def test_two_credentials_at_a_time_are_refused(known: tuple[httpx.Client, dict[str, str]]) -> None:
    client, found = known
    both = {"Authorization": f"Bearer {found['ann']}", "X-API-Key": found["sue"]}
    assert client.get("/v1/whoami", headers=both).status_code == 401
    twice = [("X-API-Key", found["ann"]), ("X-API-Key", found["sue"])]
    assert client.get("/v1/whoami", headers=twice).status_code == 401


def test_no_shared_cache_gives_one_callers_answer_to_another(known: tuple[httpx.Client, dict[str, str]]) -> None:
    client, found = known
    for address in ("/v1/datasets", "/v1/datasets/tickets/rows", "/", "/openapi.json", "/problems"):
        mine = client.get(address, headers={"X-API-Key": found["ann"]})
        public = client.get(address)
        assert "public" not in mine.headers["Cache-Control"]
        for answer in (mine, public):
            varies = [part.strip() for part in answer.headers["Vary"].split(",")]
            assert {"Authorization", "X-API-Key"} <= set(varies)
            assert len(varies) == len(set(varies)), "each once"


def test_a_system_gets_a_token_and_uses_it(known: tuple[httpx.Client, dict[str, str]]) -> None:
    client, found = known
    form = {"grant_type": "client_credentials"}
    answer = client.post("/oauth/token", data=form, auth=(found["client"], found["secret"]))
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    token = {"Authorization": f"Bearer {answer.json()['access_token']}"}
    assert client.get("/v1/whoami", headers=token).json()["id"] == "board"
    refused = client.post("/oauth/token", data=form, auth=(found["client"], "wrong"))
    assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
    assert client.get("/v1/admin/keys", headers=token).status_code == 403


def test_bodies_are_limited_however_they_come(known: tuple[httpx.Client, dict[str, str]]) -> None:
    client, _ = known
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for content in (b"x" * 5000, iter([b"x" * 1000] * 50)):
        answer = client.post("/oauth/token", content=content, headers=form)
        assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_no_log_and_no_answer_holds_a_secret(tmp_path: Path, serve: Serve) -> None:
    """CKAN CVE-2024-41674: an error message gave a password away."""
    publish(tmp_path, 1, rows=3)
    found = people(tmp_path)
    server = serve(tmp_path)
    wrong = mint("clk").text
    with httpx.Client(base_url=server.address, verify=False) as client:
        token = client.post(
            "/oauth/token",
            data={"grant_type": "client_credentials", "client_id": found["client"], "client_secret": found["secret"]},
        ).json()["access_token"]
        texts = [found["ann"], found["sue"], found["secret"], wrong, token]
        answers = [client.get("/v1/whoami", headers={"X-API-Key": text}) for text in texts]
        answers += [client.get("/v1/whoami", headers={"Authorization": f"Bearer {text}"}) for text in texts]
        answers += [client.get(f"/v1/whoami?{text}=1&y={text}") for text in texts]
        answers += [client.get(f"/v1/whoami/{text}") for text in texts]
        answers += [client.post("/oauth/token", data={"client_secret": text}) for text in texts]
    log = server.log.read_text
    wait_for(lambda: log().count('"gateway.access"') > len(answers))
    entries = [json.loads(line) for line in log().splitlines()]
    assert len(entries) > len(answers)
    for text in texts:
        secret = text.rpartition("_")[2][:30] if text.startswith("cl") else text.rpartition(".")[2]
        assert secret not in log()
        assert not [answer for answer in answers if secret in answer.text]


def test_a_revocation_holds_in_every_server_process_from_the_next_request_on(tmp_path: Path) -> None:
    """Two gateways over one store: what one steward revokes at the first, the second refuses at once."""
    publish(tmp_path, 1, rows=3)
    found = people(tmp_path)
    with client_over(tmp_path) as one, client_over(tmp_path) as other:
        ann, sue = {"X-API-Key": found["ann"]}, {"X-API-Key": found["sue"]}
        assert [client.get("/v1/whoami", headers=ann).status_code for client in (one, other)] == [200, 200]
        key = found["ann"].split("_")[1]
        assert one.post(f"/v1/admin/keys/{key}/revoke", headers=sue).status_code == 200
        assert [client.get("/v1/whoami", headers=ann).status_code for client in (one, other)] == [401, 401]


def test_a_store_that_does_not_answer_refuses_credentials_and_still_serves_the_public(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=3)
    found = people(tmp_path)
    with client_over(tmp_path) as client:
        with closing(sqlite3.connect(Workspace(tmp_path).control)) as store:
            store.execute("ALTER TABLE revision RENAME TO gone")
        ann = client.get("/v1/whoami", headers={"X-API-Key": found["ann"]})
        assert (ann.status_code, ann.json()["code"]) == (503, "control-unavailable")
        assert client.get("/v1/datasets").status_code == 200
