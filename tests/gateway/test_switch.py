"""A new release is taken up while requests run: none fails, none mixes releases, the old file is let go."""

from __future__ import annotations

import csv
import io
import threading
from collections import Counter
from pathlib import Path

import httpx
import pytest

from catalog.release import read_manifest
from catalog.workspace import Workspace
from gateway.engine import Engine
from tests.gateway.conftest import Serve, client_over, wait_for
from tests.gateway.fake_release import make_current, publish

ROWS = {number: 300 + 10 * number for number in range(1, 7)}


class Reader(threading.Thread):
    """Asks again and again, checks each answer against the release it says it is from, and keeps what went wrong."""

    def __init__(self, address: str, path: str, stop: threading.Event) -> None:
        super().__init__()
        self.address, self.path, self.stop = address, path, stop
        self.faults: list[str] = []
        self.answers: Counter[int] = Counter()

    def run(self) -> None:
        with httpx.Client(base_url=self.address, timeout=30, verify=False) as client:
            while not self.stop.is_set():
                try:
                    answer = client.get(self.path)
                except httpx.HTTPError as error:
                    self.faults.append(repr(error))
                    continue
                if answer.status_code != 200:
                    self.faults.append(f"{answer.status_code} {answer.text[:200]}")
                    continue
                release = int(answer.headers["CivicLake-Release"])
                self.answers[release] += 1
                if self.count(answer) != ROWS[release]:
                    self.faults.append(f"release {release} came with {self.count(answer)} rows")

    def count(self, answer: httpx.Response) -> int:
        if "json" in answer.headers["Content-Type"]:
            return len(answer.json()["rows"])
        return len(list(csv.reader(io.StringIO(answer.text, newline="")))) - 1


@pytest.mark.parametrize("workers", [1, 2])
def test_no_request_is_lost_while_releases_change(tmp_path: Path, serve: Serve, workers: int) -> None:
    for number, rows in ROWS.items():
        publish(tmp_path, number, rows=rows, switch=number == 1)
    server = serve(tmp_path, "--workers", str(workers))
    stop = threading.Event()
    paths = ("rows?limit=1000&order=-minutes", "rows.csv", "rows.csv?order=fee&limit=900", "files/tickets.csv")
    readers = [Reader(server.address, f"/v1/datasets/tickets/{path}", stop) for path in paths]
    for reader in readers:
        reader.start()
    for number in (2, 3, 4, 5, 6, 1):  # the last one is a rollback
        make_current(tmp_path, number)
        for reader in readers:
            reader.answers[number] = 0
        wait_for(lambda number=number: all(reader.answers[number] >= 3 for reader in readers))
    stop.set()
    for reader in readers:
        reader.join()
    assert [fault for reader in readers for fault in reader.faults] == []
    assert server.process.poll() is None


def test_a_download_begun_on_the_old_release_ends_on_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The old release stays attached until its last answer is out, and not a moment longer."""
    attached: set[str] = set()
    attach, detach = Engine.attach, Engine.detach
    monkeypatch.setattr(Engine, "attach", lambda self, name, file: (attached.add(name), attach(self, name, file)))
    monkeypatch.setattr(Engine, "detach", lambda self, name: (attached.discard(name), detach(self, name)))
    rows = 150_000
    publish(tmp_path, 1, rows=rows)
    publish(tmp_path, 2, rows=10, switch=False)
    with client_over(tmp_path) as client:
        with client.stream("GET", "/v1/datasets/tickets/rows.csv") as answer:
            chunks = answer.iter_raw(65536)
            body = next(chunks)
            make_current(tmp_path, 2)
            wait_for(lambda: client.get("/healthz").json()["release"] == 2)
            assert attached == {"release_0001", "release_0002"}
            assert client.get("/v1/datasets/tickets").json()["row_count"] == 10
            body += b"".join(chunks)
        assert answer.headers["CivicLake-Release"] == "1"
        assert body.count(b'\r\n"T') == rows
        wait_for(lambda: attached == {"release_0002"})


def test_a_broken_release_leaves_the_old_one_serving(tmp_path: Path) -> None:
    publish(tmp_path, 1)
    folder = publish(tmp_path, 2, switch=False)
    (folder / "serving.duckdb").write_bytes(b"not a database")
    with client_over(tmp_path) as client:
        make_current(tmp_path, 2)
        wait_for(lambda: client.get("/healthz").json() == {"status": "behind", "release": 1})
        assert client.get("/v1/datasets/tickets/rows").status_code == 200
        make_current(tmp_path, 1)
        wait_for(lambda: client.get("/healthz").json() == {"status": "ok", "release": 1})


def test_before_the_first_release_the_server_waits(tmp_path: Path) -> None:
    with client_over(tmp_path) as client:
        assert client.get("/healthz").status_code == 503
        answer = client.get("/v1/datasets")
        assert (answer.status_code, answer.json()["code"]) == (503, "no-release")
        assert int(answer.headers["Retry-After"]) > 0
        publish(tmp_path, 1)
        wait_for(lambda: client.get("/healthz").status_code == 200)
        assert client.get("/v1/datasets").status_code == 200


def test_a_cursor_from_a_process_that_has_switched_already_is_followed(tmp_path: Path) -> None:
    """Server processes look at CURRENT each in their own time; a walk that meets two of them must not stumble."""
    publish(tmp_path, 1)
    publish(tmp_path, 2, rows=250, switch=False)
    shared: dict[str, object] = {"cursor_secret": "shared by the processes", "release_poll": 60}
    with client_over(tmp_path, **shared) as slow:
        make_current(tmp_path, 2)
        with client_over(tmp_path, **shared) as quick:
            following = quick.get("/v1/datasets/tickets/rows?limit=200").json()["next"]
        assert slow.get("/healthz").json()["release"] == 1
        page = slow.get(following).json()
    assert (page["release"], page["complete"], len(page["rows"])) == (2, True, 50)


def test_a_download_given_up_frees_its_place(tmp_path: Path) -> None:
    publish(tmp_path, 1, rows=150_000)
    address = "/v1/datasets/tickets/rows.csv"
    with client_over(tmp_path, concurrent_exports=1) as client:
        with client.stream("GET", address) as begun:
            chunks = begun.iter_raw(1000)  # kept: the client hangs up when it is dropped
            next(chunks)
            refused = client.get(address)
            assert (refused.status_code, refused.json()["code"]) == (503, "busy")
            assert int(refused.headers["Retry-After"]) > 0
        wait_for(lambda: client.get(f"{address}?ticket_no=T0000001").status_code == 200)


def test_a_file_with_a_hidden_column_is_not_offered(tmp_path: Path) -> None:
    """A release whose files were written under another policy: the data is served, the file is not."""
    folder = publish(tmp_path, 1)
    manifest = read_manifest(Workspace(tmp_path), 1)
    file = folder / "files" / "tickets.csv"
    file.write_text("ticket_no,phone\nT1,139\n", encoding="utf-8")
    entry = manifest.dataset("tickets")
    held = tuple(
        d.model_copy(update={"bytes": file.stat().st_size}) if d.format == "csv" else d for d in entry.distributions
    )
    changed = tuple(d.model_copy(update={"distributions": held}) if d is entry else d for d in manifest.datasets)
    text = manifest.model_copy(update={"datasets": changed}).model_dump_json(by_alias=True)
    (folder / "release.json").write_text(text, encoding="utf-8")
    with client_over(tmp_path) as client:
        document = client.get("/v1/datasets/tickets").json()
        assert [entry["name"] for entry in document["distributions"]] == ["tickets.parquet"]
        assert client.get("/v1/datasets/tickets/files/tickets.csv").status_code == 404
        assert client.get("/v1/datasets/tickets/files/tickets.parquet").status_code == 200
