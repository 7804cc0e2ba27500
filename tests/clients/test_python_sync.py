"""Copies of the Python client: over releases, withdrawals and changes of policy they equal what the caller sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pyarrow as pa
import pytest
from pyarrow import parquet

import civiclake_client as cc
from tests.clients.ways import Way
from tests.gateway.conftest import client_over, wait_for
from tests.gateway.fake_policy import policy_over, put_policy
from tests.gateway.fake_release import TICKETS, dataset_entry, make_current, publish, publish_rows
from tests.gateway.test_withdrawal import GONE, LATER, entry, seal
from tests.gateway.test_withdrawal import City as Sealed

PAIRS = dataset_entry(
    "pairs",
    {
        "day": ("DATE", "L1"),
        "no": ("INTEGER", "L1"),
        "size": ("DOUBLE", "L1"),
        "fee": ("DECIMAL(18,2)", "L1"),
        "at": ("TIMESTAMP", "L1"),
        "tags": ("VARCHAR[]", "L1"),
        "hidden": ("VARCHAR", "L3"),
    },
    ("day", "no"),
)
Pair = tuple[float | None, str | None, list[str | None] | None]


@dataclass
class City:
    """A served city and a client of it."""

    home: Path
    gateway: httpx.Client
    way: Way
    client: cc.Client
    folder: Path

    def switch(self, number: int) -> None:
        make_current(self.home, number)
        wait_for(lambda: self.gateway.get("/healthz").json()["release"] == number)

    def sync(self, dataset: str) -> cc.Synced:
        """Sync, and look whether the copy equals the rows of the release, value by value."""
        done = self.client.dataset(dataset).sync(self.folder)
        assert done.path == self.folder / f"{dataset}.parquet"
        copied, served = parquet.read_table(done.path), self.client.dataset(dataset).rows().to_arrow()
        assert copied.schema.equals(served.schema)
        assert (done.rows, in_order(copied)) == (served.num_rows, in_order(served))
        assert sorted(path.name for path in self.folder.iterdir()) == [f"{dataset}.parquet", f"{dataset}.sync.json"]
        return done


def in_order(table: pa.Table) -> list[str]:
    """The rows as texts: not-a-number is not equal to itself."""
    return sorted(str(row) for row in table.to_pylist())


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    home, way = tmp_path / "city", Way()
    home.mkdir()
    publish(home, 1, rows=30)
    with (
        client_over(home, withdrawal_poll=0.05, earlier_releases=2) as gateway,
        cc.Client(str(gateway.base_url), transport=way, patience=way.patience) as client,
    ):
        yield City(home, gateway, way, client, tmp_path / "copies")


def put(home: Path, number: int, rows: dict[tuple[str, int], Pair]) -> None:
    named: list[dict[str, Any]] = [
        {"day": day, "no": no, "size": size, "fee": fee, "at": f"{day} 08:00:00.5", "tags": tags, "hidden": str(number)}
        for (day, no), (size, fee, tags) in rows.items()
    ]
    put_policy(home, policy_over([PAIRS]))
    publish_rows(home, number, [PAIRS], {"pairs": named})


def test_three_releases_of_everything_there_is_in_a_column(city: City) -> None:
    """Texts with line ends, lists, wide numbers, infinities: what the feed cannot tell is asked for."""
    assert (city.sync("tickets").how, city.sync("tickets").how) == ("whole", "unchanged")
    for number, rows in ((2, 45), (3, 20)):
        publish(city.home, number, rows=rows, hidden=number)
        city.switch(number)
        done = city.sync("tickets")
        assert (done.how, done.release, done.changes) == ("changes", number, {2: 15, 3: 25}[number])
    assert city.sync("tickets").how == "unchanged"


def test_keys_of_several_columns_and_rows_that_change(city: City) -> None:
    nan, inf = float("nan"), float("inf")
    first: dict[tuple[str, int], Pair] = {
        ("2026-01-01", 1): (1.5, "1.50", ["a", None]),
        ("2026-01-01", 2): (nan, None, None),
        ("2026-01-02", 1): (None, "0.10", []),
    }
    put(city.home, 2, first)
    city.switch(2)
    wait_for(lambda: city.gateway.get("/v1/datasets/pairs").status_code == 200)
    assert city.sync("pairs").how == "whole"
    second = first | {
        ("2026-01-01", 1): (inf, "1.50", ["b"]),
        ("2026-01-02", 1): (-inf, None, ['"']),
        ("2026-01-03", 9): (nan, "7.00", ["x"]),
        ("2026-01-04", 1): (1e-300, "9999999999999999.99", None),
    }
    put(city.home, 3, second)
    city.switch(3)
    done = city.sync("pairs")
    assert (done.how, done.changes, done.rows) == ("changes", 4, 5)
    del second["2026-01-01", 2]
    put(city.home, 4, second)
    city.switch(4)
    assert (city.sync("pairs").changes, city.sync("pairs").how) == (1, "unchanged")


def test_a_release_that_is_gone_or_another_policy_means_everything(city: City) -> None:
    city.sync("tickets")
    publish(city.home, 2, rows=40)
    city.switch(2)
    (city.home / "releases" / "0001").rename(city.home / "gone")
    done = city.sync("tickets")
    assert (done.how, done.release) == ("whole", 2)
    assert "not held" in done.reason
    stricter = TICKETS | {"note": ("VARCHAR", "L3")}
    put_policy(city.home, policy_over([dataset_entry("tickets", stricter, ("ticket_no",))]))
    wait_for(lambda: "note" not in city.gateway.get("/v1/datasets/tickets/rows?limit=1").json()["rows"][0])
    done = city.sync("tickets")
    assert (done.how, "note" in parquet.read_schema(done.path).names) == ("whole", False)


def test_an_altered_copy_is_none(city: City) -> None:
    done = city.sync("tickets")
    table = parquet.read_table(done.path)
    parquet.write_table(table.slice(1), done.path)
    assert city.sync("tickets").how == "whole"
    (city.folder / "tickets.sync.json").write_text("{}", encoding="utf-8")
    assert city.sync("tickets").how == "whole"


def test_withdrawn_rows_are_dropped_by_their_tombstones(city: City) -> None:
    city.sync("tickets")
    seal(Sealed(city.home, city.gateway), 2, [entry(GONE, "repaired")])
    wait_for(lambda: city.gateway.get(f"/v1/datasets/tickets/count?ticket_no={GONE}").json()["count"] == 0)
    done = city.sync("tickets")
    assert (done.how, done.release, done.rows) == ("changes", 1, 29)
    assert not any(request.url.path.endswith("/changes") for request in city.way.requests)
    assert GONE not in parquet.read_table(done.path)["ticket_no"].to_pylist()
    seal(Sealed(city.home, city.gateway), 3, [entry(GONE, "repaired"), entry(LATER, "repaired")], rows=40)
    city.switch(3)
    wait_for(lambda: city.gateway.get(f"/v1/datasets/tickets/count?ticket_no={LATER}").json()["count"] == 0)
    done = city.sync("tickets")
    assert (done.how, done.release, done.rows, done.changes) == ("changes", 3, 38, 10)


def test_a_copy_without_key_is_fetched_whole(city: City) -> None:
    city.sync("sealed_key")
    publish(city.home, 2, rows=30, hidden=9)
    city.switch(2)
    assert (city.sync("sealed_key").how, city.sync("sealed_key").how) == ("whole", "unchanged")


def test_a_problem_leaves_the_copy_as_it_was(city: City) -> None:
    done = city.sync("tickets")
    before = done.path.read_bytes()
    publish(city.home, 2, rows=40)
    city.switch(2)

    def fail(request: httpx.Request) -> None:
        if request.url.path.endswith("/changes"):
            raise httpx.ConnectError("the line is dead")

    city.way.before = fail
    with pytest.raises(cc.UnreachableError):
        city.client.dataset("tickets").sync(city.folder)
    assert done.path.read_bytes() == before
    city.way.before = lambda _request: None
    assert city.sync("tickets").how == "changes"
