"""The trail: every access is one row that says who, what, how much and why, and never what was searched for."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import orjson
import pytest
from sqlalchemy import select

from catalog.workspace import Workspace
from gateway.audit.store import AuditStore
from gateway.audit.tables import access
from gateway.audit.writer import AuditLog
from gateway.facades.ckan.packages import resource_id
from gateway.facades.soda.ids import four_by_four
from gateway.identity.scope import Scope
from tests.gateway.audit.logs import BEGAN, row, running, verified
from tests.gateway.conftest import Serve, client_over, wait_for
from tests.gateway.fake_release import publish
from tests.gateway.key_holders import OWNER, issue_keys

ROWS = "/v1/datasets/{dataset}/rows"


def url_of(home: Path) -> str:
    return f"sqlite:///{Workspace(home).audit}"


def accesses(home: Path) -> list[dict[str, Any]]:
    """Every row, after checking that the log is sound."""
    assert verified(url_of(home), Workspace(home).seals).findings == []
    store = AuditStore(url_of(home))
    try:
        return [
            dict(row) | {name: orjson.loads(row[name]) for name in ("grants", "columns", "rules")}
            for row in store.query(select(access).order_by(access.c.seq))
        ]
    finally:
        store.close()


def test_each_access_says_who_what_how_much_and_why(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=80, owner=OWNER)
    keys = issue_keys(tmp_path)
    with client_over(tmp_path) as client:
        page = client.get(
            "/v1/datasets/tickets/rows?select=ticket_no,rank&limit=7&district=区1",
            headers={**keys["owner"], "CivicLake-Purpose": "statistics", "X-Request-Id": "given-id-1"},
        )
        everything = client.get("/v1/datasets/tickets/rows.csv")
        file = client.get("/v1/datasets/tickets/files/tickets.csv")
        client.get("/healthz")
    first, second, third = accesses(tmp_path)
    assert first | {"seq": 1} == first
    assert {name: first[name] for name in ("request_id", "caller", "tier", "organisation", "purpose", "action")} == {
        "request_id": "given-id-1", "caller": "owner", "tier": "T2", "organisation": OWNER, "purpose": "statistics",
        "action": "read",
    }  # fmt: skip
    assert (first["door"], first["dataset"], first["release"]) == (ROWS, "tickets", 1)
    assert (first["columns"], first["rows"], first["bytes"]) == (["ticket_no", "rank"], 7, len(page.content))
    assert (first["status"], first["complete"], first["decision"]) == (200, 1, "allow")
    assert "t2.l1.sharing-unconditional" in first["rules"]
    assert (second["caller"], second["tier"], second["action"]) == ("public", "T0", "export")
    assert (second["rows"], second["bytes"], second["complete"]) == (80, len(everything.content), 1)
    assert (third["door"], third["bytes"]) == ("/v1/datasets/{dataset}/files/{name}", len(file.content))


def test_a_filter_leaves_a_digest_and_no_value(tmp_path: Path) -> None:
    publish(tmp_path, 1)
    with client_over(tmp_path) as client:
        for query in ("note=13912345678&minutes=3", "minutes=3&note=13912345678", "note=13912345679&minutes=3", ""):
            assert client.get(f"/v1/datasets/tickets/rows?{query}").status_code == 200
        client.get("/v1/datasets/13912345678/rows")
        client.get("/v1/13912345678")
    found = accesses(tmp_path)
    digests = [row["filter"] for row in found]
    assert digests[0] == digests[1] != digests[2]
    assert digests[3:] == [None] * 3
    assert [row["decision"] for row in found[4:]] == ["deny", "deny"]
    assert "1391234567" not in Workspace(tmp_path).audit.read_bytes().decode("latin-1")


def test_refusals_are_told_too(tmp_path: Path) -> None:
    publish(tmp_path, 1)
    with client_over(tmp_path) as client:
        assert client.get("/v1/datasets/conditional/rows").status_code == 404
        assert client.get("/v1/datasets/tickets/rows?phone=1").status_code == 400
        assert client.get("/v1/datasets", headers={"X-API-Key": "clk_wrong"}).status_code == 401
        assert client.delete("/v1/datasets/tickets").status_code == 405
    hidden, unknown, stranger, change = accesses(tmp_path)
    assert (change["action"], change["status"], change["decision"]) == ("change", 405, "deny")
    assert (hidden["dataset"], hidden["decision"], hidden["rules"]) == ("conditional", "deny", ["no-rule"])
    assert (unknown["status"], unknown["rows"], unknown["columns"]) == (400, None, [])
    assert unknown["decision"] == "deny", "the dataset is open, what was asked of it is not"
    assert (stranger["caller"], stranger["tier"], stranger["decision"]) == ("?", None, "deny")


def test_what_is_hidden_is_told_by_its_name_whatever_the_door_calls_it(tmp_path: Path) -> None:
    """And the caller learns no more of it than of what never was."""
    publish(tmp_path, 1)

    def addresses(dataset: str) -> tuple[str, ...]:
        soda, ckan = four_by_four(dataset), resource_id(dataset, "rows")
        dumps = (f"/datastore/dump/{ckan}", f"/api/3/action/datastore_search?resource_id={ckan}&limit=1")
        rows = (f"/resource/{soda}.json", f"/resource/{soda}.json?$where=poney = 1&$limit=99999999")
        return *rows, f"/api/views/{soda}.json", *dumps, f"/api/3/action/datastore_info?id={ckan}"

    with client_over(tmp_path) as client:
        for hidden, never in zip(addresses("conditional"), addresses("poney"), strict=True):
            one, other = (client.get(address, headers={"X-Request-Id": "same-id-1"}) for address in (hidden, never))
            assert (one.status_code, one.content) == (other.status_code, other.content)
            assert one.status_code == 404
    found = accesses(tmp_path)
    assert [row["dataset"] for row in found] == ["conditional", None] * 6
    assert {row["decision"] for row in found} == {"deny"}


def test_a_key_that_is_no_longer_in_force_is_named(tmp_path: Path) -> None:
    publish(tmp_path, 1)
    text = issue_keys(tmp_path, clock=lambda: datetime.now(UTC) - timedelta(days=2))["owner"]["X-API-Key"]
    with client_over(tmp_path) as client:
        for key in (text, text[:-7] + "0" + text[-6:]):  # the second one is made up, so it names nobody
            assert client.get("/v1/datasets", headers={"X-API-Key": key}).status_code == 401
    expired, made_up = accesses(tmp_path)
    assert (expired["caller"], expired["decision"], expired["tier"]) == (f"key:{text.split('_')[1]}", "deny", None)
    assert made_up["caller"] == "?"


def test_reading_about_what_one_reads_is_no_refusal(tmp_path: Path) -> None:
    publish(tmp_path, 1, owner=OWNER)
    keys = issue_keys(tmp_path, scope=Scope(actions=("read",)))
    with client_over(tmp_path) as client:
        assert client.get("/v1/datasets/tickets/access", headers=keys["owner"]).status_code == 200
    [row] = accesses(tmp_path)
    assert (row["action"], row["decision"]) == ("describe", "allow")
    assert "t2.l1.sharing-unconditional" in row["rules"]


def test_a_broken_stream_is_told_with_what_went_out(tmp_path: Path, serve: Serve) -> None:
    publish(tmp_path, 1, rows=400_000)
    server = serve(tmp_path)
    address = urlsplit(server.address)
    with socket.create_connection((address.hostname, address.port)) as connection:  # type: ignore[type-var]
        connection.sendall(
            b"GET /v1/datasets/tickets/rows.csv HTTP/1.1\r\nHost: x\r\nAccept-Encoding: identity\r\n\r\n"
        )
        received = len(connection.recv(1 << 16))
    wait_for(lambda: _written(tmp_path) == 1)
    server.process.terminate()
    server.process.wait(timeout=20)
    (broken,) = accesses(tmp_path)
    assert (broken["status"], broken["complete"], broken["decision"]) == (499, 0, "allow")
    assert received <= broken["bytes"] < 40_000_000
    assert 0 < broken["rows"] < 400_000


def _written(home: Path) -> int:
    store = AuditStore(url_of(home))
    try:
        return len(store.query(select(access.c.seq)))
    finally:
        store.close()


def test_several_workers_write_one_log_and_lose_nothing_when_stopped(tmp_path: Path, serve: Serve) -> None:
    publish(tmp_path, 1)
    server = serve(tmp_path, "--workers", "2")
    with ThreadPoolExecutor(8) as pool:

        def ask(number: int) -> int:
            address = f"{server.address}/v1/datasets/tickets/rows?limit={1 + number % 5}"
            return httpx.get(address, verify=False).status_code

        assert set(pool.map(ask, range(160))) == {200}
    server.process.terminate()
    server.process.wait(timeout=20)
    found = accesses(tmp_path)
    assert [row["seq"] for row in found] == list(range(1, 161))
    assert len({row["request_id"] for row in found}) == 160


def test_without_a_log_only_the_public_is_served(tmp_path: Path) -> None:
    """Fails closed, and goes on by itself when the log is back; then nothing is missing."""
    publish(tmp_path, 1)
    keys = issue_keys(tmp_path)
    obstacle = tmp_path / "elsewhere"
    obstacle.write_text("a file where the folder of the log should be", encoding="utf-8")
    rows = "/v1/datasets/tickets/rows?limit=1"
    with client_over(tmp_path, audit_url=f"sqlite:///{obstacle}/audit.sqlite") as client:
        assert client.get(rows).status_code == 200
        refused = client.get(rows, headers=keys["owner"])
        assert (refused.status_code, refused.json()["code"]) == (503, "audit-unavailable")
        assert refused.headers["Retry-After"] == "5"
        obstacle.unlink()
        wait_for(lambda: client.get(rows, headers=keys["owner"]).status_code == 200)
    store = AuditStore(f"sqlite:///{obstacle}/audit.sqlite")
    found = store.query(select(access).order_by(access.c.seq))
    store.close()
    assert [row["caller"] for row in found[:2]] == ["public", "owner"]
    assert (found[1]["status"], orjson.loads(found[1]["rules"])) == (503, ["audit.unavailable"])
    assert (found[-1]["caller"], found[-1]["status"]) == ("owner", 200)


def test_places_are_kept_and_what_does_not_fit_is_counted(tmp_path: Path) -> None:
    url, keys = f"sqlite:///{tmp_path}/log/audit.sqlite", tmp_path / "keys"
    (tmp_path / "log").write_text("in the way", encoding="utf-8")
    with running(url, keys, capacity=5) as log:
        assert not log.open
        assert not log.keep_place()
        for number in range(8):
            log.put(row(number), kept=False)
        assert log.missing == 3
        (tmp_path / "log").unlink()
        assert log.flush(20)
        assert (log.open, log.missing) == (True, 0)
        kept = [log.keep_place() for _ in range(7)]
        assert kept == [True] * 5 + [False] * 2
        for number in range(5):
            log.put(row(number), kept=True)
        assert log.flush(10)
        assert log.keep_place()
        log.put(row(9), kept=True)
    assert verified(url, keys).sound
    store = AuditStore(url)
    told = store.query(select(access).where(access.c.action == "unrecorded"))
    store.close()
    assert [found["rows"] for found in told] == [3]


def test_rows_that_cannot_be_stored_at_the_end_go_to_the_error_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "log").write_text("in the way", encoding="utf-8")
    log = AuditLog(AuditStore(f"sqlite:///{tmp_path}/log/x.sqlite"), tmp_path / "keys", capacity=9, clock=lambda: BEGAN)
    log.start(10)
    log.put(row(1), kept=False)
    assert not log.stop(10)
    lost = [getattr(record, "fields", {}) for record in caplog.records if "not stored" in record.message]
    assert [fields["row"]["request_id"] for fields in lost] == ["request-1"]


@pytest.mark.parametrize("nasty", ["\x00", "\ud800", "'; DROP TABLE audit_access --", "x" * 10_000, "区\r\n\u202e"])
def test_nothing_a_caller_sends_can_stop_the_log(tmp_path: Path, nasty: str) -> None:
    url, keys = f"sqlite:///{tmp_path}/audit.sqlite", tmp_path / "keys"
    with running(url, keys) as log:
        fields = row(1, request_id=nasty, purpose=nasty, dataset=nasty, columns=(nasty,) * 300, rules=(nasty,))
        log.put(fields, kept=False)
        assert log.flush(10)
    assert verified(url, keys).sound


def test_putting_a_row_does_not_wait_for_the_store(tmp_path: Path) -> None:
    """While another process holds the database, rows wait in the queue, and nobody waits for them."""
    url, keys = f"sqlite:///{tmp_path}/audit.sqlite", tmp_path / "keys"
    with running(url, keys) as log:
        assert log.flush(10)
        holding, done = threading.Event(), threading.Event()
        holder = threading.Thread(target=_hold, args=(url, holding.set, done))
        holder.start()
        holding.wait(10)
        for number in range(1000):
            log.put(row(number), kept=False)
        assert log.open
        done.set()
        holder.join()
        assert log.flush(20)
    assert verified(url, keys).rows == 1000


def _hold(url: str, held: Callable[[], None], done: threading.Event) -> None:
    store = AuditStore(url)
    with store._writing():
        held()
        done.wait(10)
    store.close()
