"""Dropped files land once, late ones as deliveries of their own day, and nothing is followed out of the folder."""

from __future__ import annotations

import os
import threading
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.city import City
from catalog.workspace import Workspace
from orchestration.connectors.errors import SourceError
from orchestration.connectors.filenames import last_day, shown
from orchestration.landing.ledger import Ledger
from orchestration.landing.pull import PullReport, pull
from orchestration.landing.records import NoticeKind
from tests.orchestration import landing_city
from tests.orchestration.landing_city import DAY, account, table

PATTERN = r"(.*/)?案件_(?P<date>\d{8})(_v(?P<version>\d+))?\.csv"


class Drop:
    """A city with one folder feed, its folder and its workspace."""

    def __init__(self, root: Path, **options: object) -> None:
        self.folder = root / "drop"
        self.folder.mkdir()
        source = {"kind": "folder", "pattern": PATTERN}
        variant = {"source": source, "format": {"kind": "csv"}}
        transport = {"kind": "folder", "path": "drop"}
        self.city: City = landing_city.city(root, transport, table("case", variant), **options)
        self.workspace = Workspace(root / "home")

    def put(self, name: str, content: str) -> Path:
        file = self.folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content, encoding="utf-8")
        os.utime(file, (1_700_000_000, 1_700_000_000))  # settled long ago
        return file

    def pull(self, day: int) -> PullReport:
        return pull(self.city, "feed", date(2026, 1, day), self.workspace)

    def names(self) -> list[str]:
        return [entry[3] for entry in account(self.workspace) if entry[0] == "case"]


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    return Drop(tmp_path)


def test_files_up_to_the_day_land_by_their_own_day(drop: Drop) -> None:
    drop.put("a/案件_20260102.csv", "found by the first pull")
    assert [batch.late_days for batch in drop.pull(4).batches] == [0]
    drop.put("a/案件_20260103.csv", "late")
    drop.put("a/案件_20260105.csv", "today")
    drop.put("a/案件_20260106.csv", "tomorrow")
    drop.put("a/案件_20260105.csv.part", "not ours")
    report = drop.pull(5)
    assert [(batch.business_date.day, batch.late_days) for batch in report.batches] == [(3, 2), (5, 0)]
    assert drop.names() == ["a/案件_20260102.csv", "a/案件_20260103.csv", "a/案件_20260105.csv"]
    assert drop.pull(5) == PullReport("feed", DAY)
    assert [batch.business_date.day for batch in drop.pull(6).batches] == [6]


def test_the_same_file_twice_is_skipped_and_said_so(drop: Drop) -> None:
    drop.put("案件_20260105.csv", "rows")
    drop.pull(5)
    drop.put("案件_20260105.csv", "rows")  # delivered again
    drop.put("案件_20260105_v2.csv", "rows")  # and once more under another name
    drop.put("案件_20260106.csv", "rows")  # and as if it were the next day's
    report = drop.pull(6)
    assert report.batches == ()
    assert [(notice.kind, notice.file_name) for notice in report.skipped] == [
        (NoticeKind.SEEN, "案件_20260105.csv"),
        (NoticeKind.DUPLICATE, "案件_20260105_v2.csv"),
        (NoticeKind.DUPLICATE, "案件_20260106.csv"),
    ]
    assert "案件_20260105.csv" in report.skipped[1].text
    assert drop.pull(6).skipped == ()  # said once


def test_new_bytes_under_an_old_name_are_a_delivery(drop: Drop) -> None:
    drop.put("案件_20260105.csv", "first")
    first = drop.pull(5).batches
    drop.put("案件_20260105.csv", "second")
    second = drop.pull(6).batches
    assert [batch.business_date for batch in (*first, *second)] == [DAY, DAY]
    assert first[0].batch_id != second[0].batch_id
    assert second[0].late_days == 1


def test_old_bytes_that_return_after_others_are_a_delivery(drop: Drop) -> None:
    for day, content in [(3, "A"), (4, "B"), (5, "A")]:
        drop.put(f"案件_2026010{day}.csv", content)
    assert len(drop.pull(5).batches) == 3


def test_versions_land_in_number_order(drop: Drop) -> None:
    for version in (10, 9, 2):
        drop.put(f"案件_20260105_v{version}.csv", str(version))
    with Ledger(drop.workspace):
        landed: list[str] = []
        pull(drop.city, "feed", DAY, drop.workspace, lambda progress: landed.append(progress.file_name))
    assert landed == [f"案件_20260105_v{version}.csv" for version in (2, 9, 10)]


def test_a_file_still_being_written_waits_for_the_next_pull(drop: Drop) -> None:
    growing, stop = drop.folder / "案件_20260105.csv", threading.Event()

    def write() -> None:
        with growing.open("w", encoding="utf-8", buffering=1) as file:
            while not stop.is_set():
                file.write("a line of a file on its way\n")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while not growing.exists():
            pass
        assert drop.pull(5).unsettled == ("案件_20260105.csv",)
    finally:
        stop.set()
        writer.join()
    assert drop.pull(5).total_bytes == growing.stat().st_size


def test_links_pipes_and_impossible_files_are_refused(tmp_path: Path) -> None:
    drop = Drop(tmp_path, limits={"max_object_bytes": 10})
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "案件_20260105.csv").write_text("secret")
    (drop.folder / "案件_20260101.csv").symlink_to(secret / "案件_20260105.csv")
    (drop.folder / "linked").symlink_to(secret, target_is_directory=True)
    os.mkfifo(drop.folder / "案件_20260102.csv")
    drop.put("案件_20260231.csv", "no such day")
    drop.put("案件_20260103.csv", "more than ten bytes")
    report = drop.pull(5)
    assert report.batches == ()
    assert {(notice.file_name, notice.text.split(",")[0]) for notice in report.skipped} == {
        ("案件_20260101.csv", "a symbolic link"),
        ("案件_20260102.csv", "not a plain file"),
        ("案件_20260231.csv", "its name holds no possible date"),
        ("案件_20260103.csv", "19 bytes"),
    }
    assert drop.pull(5).skipped == ()


def test_a_missing_folder_names_the_key(drop: Drop) -> None:
    drop.folder.rmdir()
    with pytest.raises(SourceError, match=r"feed\.odcs\.yaml: transport\.path: .*No such file.*Create or mount it"):
        drop.pull(5)


def test_an_open_pull_of_another_day_is_finished_first(drop: Drop) -> None:
    """A crash may leave day 5 open with files recorded; they must not wait for day 5 to be pulled again."""
    drop.put("案件_20260105.csv", "five")
    with Ledger(drop.workspace) as ledger:
        ledger.open_pull("feed", DAY, "1.0.0")
    report = drop.pull(6)
    assert [(batch.business_date, batch.late_days) for batch in report.batches] == [(DAY, 0)]


def test_names_in_gb18030_are_read_as_text(drop: Drop) -> None:
    raw = os.fsencode(drop.folder) + b"/" + "案件_20260105.csv".encode("gb18030")
    Path(os.fsdecode(raw)).write_bytes(b"x")
    drop.pull(5)
    assert drop.names() == ["案件_20260105.csv"]
    assert shown(os.fsdecode(b"\xff\xfe\xfd")) == r"\xff\xfe\xfd"


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_a_date_in_a_name_is_the_last_day_it_speaks_of(day: date) -> None:
    assert last_day(f"{day:%Y%m%d}") == last_day(day.isoformat()) == day
    month, year = last_day(f"{day:%Y_%m}"), last_day(f"{day:%Y}")
    assert month is not None
    assert year is not None
    assert day <= month <= year == date(day.year, 12, 31)
    assert (month.year, month.month) == (day.year, day.month)


@pytest.mark.parametrize("text", ["", "2026013", "20260132", "202613", "202600", "0000", "二〇二六"])
def test_what_is_no_date_is_none(text: str) -> None:
    assert last_day(text) is None
