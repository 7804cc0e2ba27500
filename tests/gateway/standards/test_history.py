"""A dataset changed when what its reader sees of it changed: not with each release, and not with what is hidden."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import httpx
from rdflib import Graph, URIRef
from rdflib.namespace import DCTERMS

from catalog.contract.options import Title
from catalog.switches import LOG_FILE
from catalog.workspace import Workspace
from gateway.control.store import ControlStore, sqlite_url
from gateway.withdrawal.manual import Order, withdraw
from tests.gateway.conftest import client_over, wait_for
from tests.gateway.fake_release import publish

FIRST = datetime(2026, 3, 1, 8, tzinfo=UTC)


def served(home: Path, *numbers: int) -> None:
    """The log of switches to these releases, a day apart."""
    lines = [
        {"at": (FIRST + timedelta(days=day)).isoformat(), "action": "publish", "number": number, "previous": None}
        for day, number in enumerate(numbers)
    ]
    path = Workspace(home).releases / LOG_FILE
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines), encoding="utf-8")


def modified(client: httpx.Client, dataset: str = "tickets") -> datetime:
    graph = Graph().parse(data=client.get(f"/v1/datasets/{dataset}.ttl").text, format="turtle")
    origin = str(client.base_url).rstrip("/")
    return datetime.fromisoformat(str(graph.value(URIRef(f"{origin}/v1/datasets/{dataset}"), DCTERMS.modified)))


def harvested(client: httpx.Client, since: str) -> set[str]:
    text = client.get("/v1/catalog.ttl", params={"modified_since": since}).text
    return set(re.findall(r"datasets/(\w+)> a dcat:Dataset", text))


def test_a_release_that_changes_nothing_is_no_change(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=5)
    publish(tmp_path, 2, rows=6)
    publish(tmp_path, 3, rows=6)
    publish(tmp_path, 4, rows=6, hidden=8)  # what the public does not see
    served(tmp_path, 1, 2, 3, 4)
    with client_over(tmp_path) as client:
        assert modified(client) == FIRST + timedelta(days=1)
        assert modified(client, "sealed_key") == FIRST + timedelta(days=3), "no file shows it, so each release counts"
        assert harvested(client, "2026-03-02") == {"tickets", "sealed_key"}
        assert harvested(client, "2026-03-02T08:00:01Z") == {"sealed_key"}
        assert harvested(client, "2026-03-05") == set()


def test_other_words_are_a_change(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=5)
    publish(tmp_path, 2, rows=5, title=Title(zh="工单", en="Tickets"))
    served(tmp_path, 1, 2)
    with client_over(tmp_path) as client:
        assert modified(client) == FIRST + timedelta(days=1)


def test_going_back_to_an_older_release_is_a_change(tmp_path: Path) -> None:
    publish(tmp_path, 2, rows=6)
    publish(tmp_path, 1, rows=5)
    served(tmp_path, 1, 2, 1)
    with client_over(tmp_path) as client:
        assert modified(client) == FIRST + timedelta(days=2)


def test_a_release_that_is_gone_ends_the_story(tmp_path: Path) -> None:
    publish(tmp_path, 2, rows=5)
    served(tmp_path, 1, 2)
    with client_over(tmp_path) as client:
        assert modified(client) == FIRST + timedelta(days=1)


def test_without_a_log_the_release_tells_when(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=5)
    with client_over(tmp_path) as client:
        assert modified(client) == datetime(2024, 5, 2, tzinfo=UTC)


def test_a_withdrawn_row_is_a_change_on_its_day(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=30)
    served(tmp_path, 1)
    now = datetime(2026, 11, 22, 4, tzinfo=UTC)
    with client_over(tmp_path, clock=lambda: now, withdrawal_poll=0.05) as client:
        before = client.get("/v1/catalog.ttl").text
        assert harvested(client, "2026-11-22T10:00:00+08:00") == set()
        store = ControlStore(sqlite_url(Workspace(tmp_path).control))
        order = Order("tickets", ("T0000013",), "ordered", "Decision 7", date(2026, 11, 22))
        with store.begin() as session:
            withdraw(session, order, now=now, by="steward")
        store.close()
        wait_for(lambda: harvested(client, "2026-11-22T10:00:00+08:00") == {"tickets"})
        assert modified(client) == datetime(2026, 11, 21, 16, tzinfo=UTC)
        sums = re.findall(r'checksumValue "(\w+)"', before)
        wait_for(lambda: "checksumValue" in client.get("/v1/catalog.ttl").text)
        assert not set(sums) & set(re.findall(r'checksumValue "(\w+)"', client.get("/v1/catalog.ttl").text))
