"""A withdrawn row is gone at every exit of every release within a minute, and the releases stay as they are."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from catalog.policy.compile import read_policy
from catalog.release import ReleasedWithdrawals, read_manifest, release_folder, write_manifest
from catalog.workspace import Workspace
from gateway.control.store import ControlStore, sqlite_url
from gateway.withdrawal.manual import Order, lift, withdraw
from tests.gateway.conftest import client_over, wait_for
from tests.gateway.fake_policy import put_policy
from tests.gateway.fake_release import make_current, publish

TODAY, TOMORROW = date(2026, 11, 22), date(2026, 11, 23)
GONE, LATER, KEPT = "T0000013", "T0000009", "T0000008"
ROWS = 30
Entry = tuple[str, list[str], str, date]


@dataclass
class City:
    """A served city whose clock the test turns."""

    home: Path
    client: httpx.Client
    now: datetime = field(default=datetime(2026, 11, 22, 4, tzinfo=UTC))

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers=headers)

    def tickets(self, query: str = "") -> list[str]:
        return [row["ticket_no"] for row in self.get(f"/v1/datasets/tickets/rows?limit=100{query}").json()["rows"]]

    def file(self, kind: str) -> httpx.Response:
        """The file, as soon as it is there; until then nothing of the old one is sent."""
        path = f"/v1/datasets/tickets/files/tickets.{kind}"

        def there() -> bool:
            answer = self.get(path)
            assert answer.status_code in (200, 503)
            assert answer.status_code == 200 or int(answer.headers["retry-after"]) > 0
            return answer.status_code == 200

        wait_for(there)
        return self.get(path)


@pytest.fixture
def city(tmp_path: Path) -> Iterator[City]:
    home = tmp_path / "city"
    publish(home, 1, rows=ROWS)
    city = City(home, httpx.Client(verify=False))
    with client_over(home, clock=lambda: city.now, withdrawal_poll=0.05) as city.client:
        yield city


def seal(city: City, number: int, entries: list[Entry], as_of: date = TODAY, rows: int = ROWS) -> None:
    """Put a finished release with a list of withdrawn rows on disk, as a publisher does; nobody serves it yet."""
    scratch = city.home.with_name(f"scratch-{number}")
    publish(scratch, number, rows=rows, switch=False)
    folder = release_folder(Workspace(scratch), number)
    file = str(folder / "withdrawals.parquet").replace("'", "''")
    with duckdb.connect() as con:
        con.execute("CREATE TABLE w (dataset VARCHAR, key VARCHAR[], reason VARCHAR, effective_on DATE, basis VARCHAR)")
        con.executemany("INSERT INTO w VALUES (?, ?, ?, ?, 'rule of 2026')", entries)
        con.execute(f"COPY w TO '{file}' (FORMAT parquet)")
    listed = ReleasedWithdrawals(rows=len(entries), as_of=as_of, content_hash=f"list of {number}")
    manifest = read_manifest(Workspace(scratch), number)
    write_manifest(manifest.model_copy(update={"withdrawals": listed}), folder)
    folder.rename(release_folder(Workspace(city.home), number))


def entry(key: str, reason: str, day: date = TODAY) -> Entry:
    return "tickets", [key], reason, day


def test_a_repaired_row_is_gone_at_every_exit_of_an_older_release(city: City) -> None:
    """The newest release on disk tells what is withdrawn, also while an older one is served, as after a rollback."""
    rows, csv = city.get("/v1/datasets/tickets/rows?limit=5"), city.get("/v1/datasets/tickets/rows.csv")
    old = {kind: city.file(kind) for kind in ("csv", "parquet")}
    listed = city.get("/v1/datasets/tickets").json()
    assert GONE in csv.text
    assert GONE in city.tickets()
    before = _digests(city.home / "releases" / "0001")

    seal(city, 2, [entry(GONE, "repaired")])
    began = time.monotonic()
    wait_for(lambda: GONE not in city.tickets())
    for kind in old:
        assert GONE.encode() not in city.file(kind).content
    took = time.monotonic() - began
    assert took < 60, f"it took {took:.1f} s"

    assert city.get("/healthz").json() == {"status": "ok", "release": 1}
    assert city.tickets(f"&ticket_no=eq.{GONE}") == []
    assert len(city.tickets()) == ROWS - 1
    again = city.get("/v1/datasets/tickets/rows.csv", **{"If-None-Match": csv.headers["etag"]})
    assert again.status_code == 200
    assert again.text.splitlines() == [line for line in csv.text.splitlines() if GONE not in line]
    assert city.get("/v1/datasets/tickets/rows?limit=5", **{"If-None-Match": rows.headers["etag"]}).status_code == 200
    walked = [row["ticket_no"] for row in rows.json()["rows"]] + _walk(city, rows.json()["next"])
    assert walked == [key for key in (f"T{i:07d}" for i in range(ROWS)) if key != GONE]
    told = city.get("/v1/datasets/tickets").json()
    assert (listed["row_count"], told["row_count"]) == (ROWS, ROWS - 1)
    for kind, answer in old.items():
        _without_the_row(city, kind, answer, told)
    assert _digests(city.home / "releases" / "0001") == before


def _without_the_row(city: City, kind: str, old: httpx.Response, told: dict[str, Any]) -> None:
    """A file is the old one but for the row, under a tag of its own; the old tag is good for nothing."""
    path, new = f"/v1/datasets/tickets/files/tickets.{kind}", city.file(kind)
    digest = hashlib.sha256(new.content).hexdigest()
    [file] = [file for file in told["distributions"] if file["format"] == kind]
    assert new.headers["etag"] == f'"{digest}"' != old.headers["etag"]
    assert (file["sha256"], file["bytes"]) == (digest, len(new.content))
    assert city.get(path, **{"If-None-Match": old.headers["etag"]}).content == new.content
    resumed = city.get(path, **{"Range": "bytes=10-", "If-Range": old.headers["etag"]})
    assert (resumed.status_code, resumed.content) == (200, new.content)
    part = city.get(path, **{"Range": "bytes=10-", "If-Range": new.headers["etag"]})
    assert (part.status_code, part.content) == (206, new.content[10:])
    if kind == "csv":
        rows, left = old.content.split(b"\n"), new.content.split(b"\n")
        assert left == [line for line in rows if not line.startswith(GONE.encode())]
    else:
        assert _parquet(new.content, city.home) == [row for row in _parquet(old.content, city.home) if row[0] != GONE]


def test_a_window_ends_by_the_clock(city: City) -> None:
    seal(city, 2, [entry(LATER, "publicity_over", TOMORROW), entry(GONE, "repaired")])
    make_current(city.home, 2)
    wait_for(lambda: GONE not in city.tickets())
    assert LATER in city.tickets()
    city.now = datetime(2026, 11, 22, 16, 1, tzinfo=UTC)  # past midnight in the city
    wait_for(lambda: LATER not in city.tickets())
    assert KEPT in city.tickets()


def test_the_day_is_never_before_that_of_the_newest_release(city: City) -> None:
    seal(city, 2, [entry(LATER, "publicity_over", TOMORROW)], as_of=TOMORROW)
    wait_for(lambda: LATER not in city.tickets())


def test_a_steward_withdraws_a_row_and_shows_it_again(city: City) -> None:
    store = ControlStore(sqlite_url(Workspace(city.home).control))
    order = Order("tickets", (GONE,), "ordered", "Decision 7", TODAY)
    etag = city.get("/v1/datasets/tickets/rows").headers["etag"]
    with store.begin() as session:
        made = withdraw(session, order, now=city.now, by="steward").id
    wait_for(lambda: GONE not in city.tickets())
    assert GONE not in city.file("csv").text
    with store.begin() as session:
        lift(session, made, "wrong row", now=city.now, by="steward")
    wait_for(lambda: GONE in city.tickets())
    assert city.get("/v1/datasets/tickets/rows").headers["etag"] == etag
    assert GONE in city.file("csv").text
    store.close()


def test_what_was_withdrawn_before_is_withdrawn_again_after_another_withdrawal_is_lifted(tmp_path: Path) -> None:
    """The rows are those of an earlier state, whose tables are dropped when no statement can still read them."""
    city = City(tmp_path / "city", httpx.Client(verify=False))
    publish(city.home, 1, rows=ROWS)
    seal(city, 2, [entry(GONE, "repaired")])
    with client_over(city.home, clock=lambda: city.now, withdrawal_poll=0.02, statement_timeout=0.5) as city.client:
        assert GONE not in city.tickets()
        store = ControlStore(sqlite_url(Workspace(city.home).control))
        with store.begin() as session:
            made = withdraw(
                session, Order("tickets", (KEPT,), "ordered", "Decision 8", TODAY), now=city.now, by="steward"
            ).id
        wait_for(lambda: KEPT not in city.tickets())
        replaced = time.monotonic()
        wait_for(lambda: time.monotonic() > replaced + 2 * 0.5 + 0.2)
        with store.begin() as session:
            lift(session, made, "wrong row", now=city.now, by="steward")
        wait_for(lambda: KEPT in city.tickets())
        assert GONE not in city.tickets()
        store.close()


def test_a_tombstone_is_recognised_by_who_holds_the_row_only(city: City) -> None:
    address = "/v1/datasets/tickets/withdrawals"
    assert city.get(address).json()["total"] == 0
    entries = [entry(GONE, "repaired"), entry(KEPT, "publicity_over"), entry("T0000001", "not_public"),
               entry("T0000001", "publicity_over"), entry(LATER, "publicity_over", TOMORROW)]  # fmt: skip
    seal(city, 2, entries)
    wait_for(lambda: city.get(address).json()["total"] == 2)
    answer = city.get(address)
    held = hashlib.sha256(f"tickets\x1f{GONE}".encode()).hexdigest()[:32]
    told = answer.json()["withdrawals"]
    assert {"digest": held, "reason": "publicity_ended", "effective_on": "2026-11-22"} in told
    assert {entry["reason"] for entry in told} == {"publicity_ended"}, "a repair looks like the end of a publicity"
    assert "T00000" not in answer.text
    assert city.get(f"{address}?since=2026-11-23").json()["withdrawals"] == []
    rest = city.get(f"{address}?since=2026-11-22&after={told[0]['digest']}").json()
    assert rest["withdrawals"] == told[1:]
    assert city.get(f"{address}?since=soon").status_code == 400
    assert city.get("/v1/datasets/conditional/withdrawals").status_code == 404


def test_no_tombstone_tells_a_key_that_is_hidden_today(city: City) -> None:
    address = "/v1/datasets/tickets/withdrawals"
    seal(city, 2, [entry(GONE, "repaired")])
    wait_for(lambda: city.get(address).json()["total"] == 1)
    policy = read_policy(Workspace(city.home).policy)
    hidden = [
        dataset.model_copy(
            update={
                "columns": tuple(
                    column.model_copy(update={"level": "L3"}) if column.name == "ticket_no" else column
                    for column in dataset.columns
                )
            }
        )
        for dataset in policy.datasets
    ]
    put_policy(city.home, policy.model_copy(update={"datasets": tuple(hidden)}))
    wait_for(lambda: city.get(address).json()["total"] == 0)
    assert city.get(address).json()["withdrawals"] == []


def test_nothing_is_served_while_the_list_cannot_be_read(tmp_path: Path) -> None:
    home = tmp_path / "city"
    publish(home, 1, rows=ROWS)
    city = City(home, httpx.Client(verify=False))
    seal(city, 2, [entry(GONE, "repaired")])
    broken = release_folder(Workspace(home), 2) / "withdrawals.parquet"
    kept = broken.read_bytes()
    broken.write_bytes(b"no parquet")
    with client_over(home, clock=lambda: city.now, withdrawal_poll=0.05) as city.client:
        assert city.get("/v1/datasets/tickets/rows").status_code == 503
        broken.write_bytes(kept)
        wait_for(lambda: city.get("/healthz").status_code == 200)
        assert GONE not in city.tickets()


def test_the_files_of_a_release_are_there_when_it_is_served(tmp_path: Path) -> None:
    """Also those that had to be written anew without withdrawn rows: no switch, and no start, costs an answer."""
    home = tmp_path / "city"
    publish(home, 1, rows=ROWS)
    city = City(home, httpx.Client(verify=False))
    for number in (2, 3):
        seal(city, number, [entry(GONE, "repaired")], rows=ROWS + number)
    with client_over(home, clock=lambda: city.now, withdrawal_poll=30) as city.client:
        for number, rows in ((1, ROWS), (2, ROWS + 2), (3, ROWS + 3), (1, ROWS)):
            make_current(home, number)
            wait_for(lambda number=number: city.get("/healthz").json()["release"] == number)
            answer = city.get("/v1/datasets/tickets/files/tickets.csv")
            assert (answer.status_code, answer.headers["CivicLake-Release"]) == (200, str(number))
            assert GONE.encode() not in answer.content
            assert answer.content.count(b"\nT") == rows - 1
            assert len(city.get("/v1/datasets/tickets").json()["links"]["files"]) == 2


def test_a_file_that_cannot_be_written_keeps_back_only_itself(tmp_path: Path) -> None:
    home = tmp_path / "city"
    publish(home, 1, rows=ROWS)
    city = City(home, httpx.Client(verify=False))
    seal(city, 2, [entry(GONE, "repaired")])
    make_current(home, 2)
    in_the_way = home / "cache" / "files"
    in_the_way.parent.mkdir()
    in_the_way.write_text("no folder")
    with client_over(home, clock=lambda: city.now, withdrawal_poll=0.05) as city.client:
        assert GONE not in city.tickets()
        assert len(city.tickets()) == ROWS - 1
        assert city.get("/v1/datasets/tickets/files/tickets.csv").status_code == 503
        in_the_way.unlink()
        assert GONE.encode() not in city.file("csv").content


def _walk(city: City, following: str | None) -> list[str]:
    found: list[str] = []
    while following:
        page = city.get(following).json()
        found, following = found + [row["ticket_no"] for row in page["rows"]], page["next"]
    return found


def _parquet(content: bytes, folder: Path) -> list[tuple[Any, ...]]:
    path = folder.with_name("read.parquet")
    path.write_bytes(content)
    with duckdb.connect() as con:
        return con.execute("SELECT * REPLACE (ratio::VARCHAR AS ratio) FROM read_parquet(?)", [str(path)]).fetchall()


def _digests(folder: Path) -> dict[str, str]:
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
