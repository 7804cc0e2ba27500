"""Downloads of the Python client: they go on where they broke off, begin anew when a file changed, and are checked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import civiclake_client as cc
from tests.clients.ways import Way
from tests.gateway.conftest import client_over, wait_for
from tests.gateway.fake_release import make_current, publish

NAME = "tickets.csv"


@dataclass
class City:
    """A served city, a client of it, and the folder for its files."""

    home: Path
    gateway: httpx.Client
    way: Way
    tickets: cc.Dataset
    target: Path

    @property
    def part(self) -> Path:
        return self.target.with_name(f"{NAME}.part")

    def released(self, number: int) -> bytes:
        return (self.home / "releases" / f"{number:04d}" / "files" / NAME).read_bytes()

    def switch(self, number: int) -> None:
        make_current(self.home, number)
        wait_for(lambda: self.gateway.get("/healthz").json()["release"] == number)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, httpx.Client]]:
    home = tmp_path_factory.mktemp("files")
    publish(home, 1, rows=2000)
    publish(home, 2, rows=2100, switch=False)
    with client_over(home) as gateway:
        yield home, gateway


@pytest.fixture
def city(served: tuple[Path, httpx.Client], tmp_path: Path) -> Iterator[City]:
    home, gateway = served
    way = Way()
    with cc.Client(str(gateway.base_url), transport=way, patience=way.patience) as client:
        city = City(home, gateway, way, client.dataset("tickets"), tmp_path / NAME)
        city.switch(1)
        yield city


def test_a_download_that_breaks_off_goes_on_from_there(city: City) -> None:
    whole, told = city.released(1), list[tuple[int, int]]()
    city.way.cuts = [50_000, 70_000]
    assert city.tickets.download(NAME, city.target.parent, progress=lambda *done: told.append(done)) == city.target
    assert city.target.read_bytes() == whole
    ranges = [request.headers.get("Range") for request in city.way.asked(NAME)]
    assert ranges == [None, "bytes=50000-", "bytes=120000-"]
    assert told[-1] == (len(whole), len(whole))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert list(city.target.parent.iterdir()) == [city.target]  # nothing is left beside it


def test_a_later_call_goes_on_too_and_a_finished_file_is_kept(city: City) -> None:
    city.way.cuts = [60_000] + [0] * 6
    with pytest.raises(cc.UnreachableError, match="call again"):
        city.tickets.download(NAME, city.target)
    assert (city.part.stat().st_size, city.target.exists()) == (60_000, False)
    asked = len(city.way.asked(NAME))
    city.tickets.download(NAME, city.target)
    city.tickets.download(NAME, city.target)
    assert [request.headers["Range"] for request in city.way.asked(NAME)[asked:]] == ["bytes=60000-"]
    assert city.target.read_bytes() == city.released(1)


def test_a_file_that_changed_meanwhile_is_begun_anew(city: City) -> None:
    """Once between the catalogue and the file, while a part of the old one is there; the tag tells."""
    city.way.cuts = [60_000] + [0] * 6
    with pytest.raises(cc.UnreachableError):
        city.tickets.download(NAME, city.target)
    changed: list[bool] = []

    def change(request: httpx.Request) -> None:
        if request.url.path.endswith(NAME) and not changed:
            changed.append(True)
            city.switch(2)

    city.way.before = change
    city.tickets.download(NAME, city.target)
    resumed = city.way.asked(NAME)[-1]
    assert resumed.headers["If-Range"] == f'"{hashlib.sha256(city.released(1)).hexdigest()}"'
    assert city.target.read_bytes() == city.released(2)


def test_a_part_of_another_release_is_not_gone_on_with(city: City) -> None:
    city.way.cuts = [60_000] + [0] * 6
    with pytest.raises(cc.UnreachableError):
        city.tickets.download(NAME, city.target)
    city.switch(2)
    city.tickets.download(NAME, city.target)
    assert city.way.asked(NAME)[-1].headers.get("Range") is None
    assert city.target.read_bytes() == city.released(2)
    city.tickets.download(NAME, city.target, release=1)
    assert city.target.read_bytes() == city.released(1)


def test_bytes_that_were_spoilt_on_the_way_are_fetched_again(city: City) -> None:
    city.way.cuts = [60_000] + [0] * 6
    with pytest.raises(cc.UnreachableError):
        city.tickets.download(NAME, city.target)
    city.part.write_bytes(b"x" * 60_000)
    city.tickets.download(NAME, city.target)
    assert city.target.read_bytes() == city.released(1)


def test_a_file_that_there_is_not_is_said_with_those_there_are(city: City) -> None:
    with pytest.raises(cc.MissingFileError, match=r"tickets\.parquet"):
        city.tickets.download("tickets.xml", city.target)


def test_a_bar_can_be_shown(city: City, capsys: pytest.CaptureFixture[str]) -> None:
    city.tickets.download("tickets.parquet", city.target.parent, progress=True)
    assert "tickets.parquet" in capsys.readouterr().err
