"""The Python client against a running gateway: walks, data frames, problems, downloads that break off, SQL."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import civiclake_client as cc
from civiclake_client.filters import conditions
from tests.clients.ways import Way
from tests.gateway.conftest import client_over, wait_for
from tests.gateway.fake_policy import limits_of_tiers, policy_over, put_policy
from tests.gateway.fake_release import TICKETS, dataset_entry, make_current, publish, tickets
from tests.gateway.key_holders import issue_keys

ROWS = 2500
PUBLIC = [name for name, (_, level) in TICKETS.items() if level == "L1"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("client")
    publish(home, 1, rows=ROWS)
    return home


@pytest.fixture(scope="module")
def address(home: Path) -> Iterator[str]:
    with client_over(home, max_page_rows=1000) as client:
        yield str(client.base_url)


@pytest.fixture
def way() -> Way:
    return Way()


@pytest.fixture
def city(address: str, way: Way) -> Iterator[cc.Client]:
    with cc.Client(address, transport=way, patience=way.patience) as city:
        yield city


def test_datasets_and_releases_are_told(city: cc.Client) -> None:
    assert [entry["id"] for entry in city.datasets()] == ["sealed_key", "tickets"]
    assert [entry["number"] for entry in city.releases()] == [1]
    document = city.dataset("tickets").describe()
    assert [column["name"] for column in document["columns"]] == PUBLIC
    assert city.dataset("tickets").access()["rows"] == "all"


def test_rows_come_with_their_types_and_all_of_them(city: cc.Client, home: Path, way: Way) -> None:
    """Pages of 10,000 are more than this gateway gives: the client takes what it may have."""
    result = city.dataset("tickets").rows()
    table = result.to_arrow()
    assert (table.num_rows, result.release, table.column_names) == (ROWS, 1, PUBLIC)
    assert len(way.asked("/rows")) == 1 + 3
    expected = tickets(home, 1, ", ".join(PUBLIC).replace("total", "total::DECIMAL(38, 0)"), "ORDER BY ticket_no")
    assert str(list(zip(*table.to_pydict().values(), strict=True))) == str(expected)  # as texts: nan is not nan
    assert sum(batch.num_rows for batch in city.dataset("tickets").rows(limit=1700)) == 1700


def test_data_frames_keep_numbers_and_dates_exact(city: cc.Client) -> None:
    rows = city.dataset("tickets").rows(select=["ticket_no", "fee", "opened_on", "total"], fee__isnull=False, limit=3)
    pandas, polars = rows.to_pandas(), rows.to_polars()
    table = rows.to_arrow()
    assert list(pandas["fee"]) == list(polars["fee"]) == table["fee"].to_pylist()
    assert isinstance(table["total"][0].as_py(), Decimal)
    assert list(pandas["total"]) == list(polars["total"]) == table["total"].to_pylist()
    assert list(polars["opened_on"]) == table["opened_on"].to_pylist()


@pytest.mark.parametrize(
    ("where", "sql"),
    [
        ({"district": "区1"}, "district = '区1'"),
        ({"district": ["区1", "区2"], "minutes__gt": 3}, "district IN ('区1', '区2') AND minutes > 3"),
        ({"note": 'a,"b"\r\nc'}, "note = 'a,\"b\"' || chr(13) || chr(10) || 'c'"),
        ({"note__in": ['a,"b"\r\nc', "路灯1"]}, "note IN ('a,\"b\"' || chr(13) || chr(10) || 'c', '路灯1')"),
        ({"district": None}, "district IS NULL"),
        ({"district__ne": None, "urgent": True}, "district IS NOT NULL AND urgent"),
        (
            {"opened_on__between": (date(2024, 1, 2), date(2024, 1, 5))},
            "opened_on BETWEEN '2024-01-02' AND '2024-01-05'",
        ),
        ({"opened_at__lt": datetime(2024, 1, 1, 8, 30)}, "opened_at < '2024-01-01 08:30:00'"),
        ({"fee__ge": Decimal("1.10"), "ratio__lt": 90.5}, "fee >= 1.10 AND ratio < 90.5"),
        ({"total__gt": 170141183460469231731687303715 + 100}, "total > 170141183460469231731687303815"),
    ],
)
def test_values_of_python_are_conditions(city: cc.Client, home: Path, where: dict[str, Any], sql: str) -> None:
    found = city.dataset("tickets").rows(select="ticket_no", **where).to_arrow()["ticket_no"].to_pylist()
    expected = [key for (key,) in tickets(home, 1, "ticket_no", f"WHERE {sql} ORDER BY 1")]
    assert found == expected != []
    assert city.dataset("tickets").count(**where) == cc.Count(len(expected), "exact", 1)


def test_what_cannot_be_said_is_refused_here() -> None:
    zoned = datetime.fromisoformat("2024-01-01T08:00:00+08:00")
    for where in ({"opened_at": zoned}, {"minutes__gt": None}, {"bbox": None}):
        with pytest.raises(ValueError, match=r"."):
            conditions(where)
    assert conditions({"bbox": (1, 2, 3, 4), "q": "路灯 水"}) == [("bbox", "1,2,3,4"), ("q", "路灯 水")]


def test_groups_and_their_conditions(city: cc.Client, home: Path) -> None:
    found = city.dataset("tickets").aggregate(
        ["count", "fee__sum"], ["district", "opened_on__month"], having={"count__ge": 20}, order="-count", minutes__ge=1
    )
    rows = found.to_arrow().to_pylist()
    sql = "WHERE minutes >= 1 GROUP BY ALL HAVING count(*) >= 20"
    expected = tickets(home, 1, "district, date_trunc('month', opened_on)::DATE, count(*), sum(fee)", sql)
    assert {tuple(row.values()) for row in rows} == set(expected) != set()
    assert not found.withheld
    assert [row["count"] for row in rows] == sorted((row["count"] for row in rows), reverse=True)


def test_a_walk_stays_on_its_release_while_another_lands(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=ROWS)
    publish(tmp_path, 2, rows=90, hidden=9, switch=False)
    with client_over(tmp_path, max_page_rows=1000) as client, cc.Client(str(client.base_url), transport=Way()) as city:
        result, keys = city.dataset("tickets").rows(select="ticket_no"), list[str]()
        for batch in result:
            if not keys:
                make_current(tmp_path, 2)
                wait_for(lambda: client.get("/healthz").json()["release"] == 2)
            keys += batch["ticket_no"].to_pylist()
        assert (keys, result.release) == ([f"T{i:07d}" for i in range(ROWS)], 1)
        assert city.dataset("tickets").rows().to_arrow().num_rows == 90
        assert city.dataset("tickets").rows(release=1, limit=10).to_arrow().num_rows == 10


class TestProblems:
    """Refusals are exceptions with the members of the problem document."""

    def test_a_name_that_is_none(self, city: cc.Client) -> None:
        with pytest.raises(cc.BadRequestError, match="no column") as caught:
            city.dataset("tickets").rows(nothing=1).to_arrow()
        problem = caught.value
        assert (problem.status, problem.code, problem.type) == (400, "unknown-column", "/problems/unknown-column")
        assert "ticket_no" in problem.members["columns"]
        assert problem.hint in str(problem)
        assert problem.request_id

    @pytest.mark.parametrize(
        ("ask", "family"),
        [
            (lambda city: city.dataset("no/such").describe(), cc.NotFoundError),
            (lambda city: city.dataset("all_secret").describe(), cc.NotFoundError),
            (lambda city: city.sql("SELECT 1").to_arrow(), cc.NotPermittedError),
            (lambda city: city.dataset("tickets").count(release=7), cc.NotFoundError),
        ],
    )
    def test_families(self, city: cc.Client, ask: Callable[[cc.Client], Any], family: type[cc.ProblemError]) -> None:
        with pytest.raises(family):
            ask(city)

    def test_a_wrong_key(self, address: str) -> None:
        with cc.Client(address, key="cl_wrong_key", transport=Way()) as city, pytest.raises(cc.UnauthenticatedError):
            city.datasets()

    def test_nobody_answers(self, way: Way) -> None:
        city = cc.Client("http://127.0.0.1:9", transport=way, patience=way.patience)
        with city, pytest.raises(cc.UnreachableError, match="Look at the address"):
            city.datasets()
        assert way.waited == [1, 2, 4, 8, 16]

    def test_an_address_that_is_none_is_not_tried_again(self) -> None:
        waited: list[float] = []
        city = cc.Client("poney://127.0.0.1", patience=cc.Patience(wait=waited.append))
        with city, pytest.raises(cc.UnreachableError, match="Look at the address"):
            city.datasets()
        assert not waited

    def test_a_quota_is_waited_for(self, tmp_path: Path, way: Way) -> None:
        publish(tmp_path, 1, rows=10)
        entries = [dataset_entry("tickets", TICKETS, ("ticket_no",))]
        put_policy(tmp_path, policy_over(entries, limits=limits_of_tiers(requests_per_minute=2)))
        now = [datetime(2026, 11, 22, 4, tzinfo=UTC)]

        def later(seconds: float) -> None:
            now[0] += timedelta(seconds=seconds)

        with client_over(tmp_path, clock=lambda: now[0]) as client:
            way.also = later
            with cc.Client(str(client.base_url), transport=way, patience=way.patience) as city:
                found = [city.dataset("tickets").count().value for _ in range(5)]
        assert found == [10] * 5
        assert way.waited


def test_questions_in_sql(home: Path, address: str) -> None:
    with cc.Client(address, issue_keys(home)["owner"]["X-API-Key"], transport=Way()) as city:
        found = city.sql("SELECT count(*) AS n, sum(fee) AS fees FROM tickets").to_arrow()
        assert found.to_pylist() == [dict(zip(("n", "fees"), tickets(home, 1, "count(*), sum(fee)")[0], strict=True))]
        many = "SELECT ticket_no FROM tickets ORDER BY 1"
        with pytest.raises(cc.IncompleteError, match="LIMIT"):
            city.sql(many).to_arrow()
        part = city.sql(many, release=1, partial=True).to_arrow()["ticket_no"].to_pylist()
    assert part == [f"T{i:07d}" for i in range(len(part))] != []


def test_data_frames_are_loaded_when_they_are_asked_for() -> None:
    code = """
import sys
import civiclake_client
print(sorted({"pandas", "polars", "tqdm"} & set(sys.modules)), [name for name in sys.modules if "gateway" in name])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"
