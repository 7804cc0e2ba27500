"""Pages of a real HTTP server land byte for byte, whatever the server does in between."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from catalog.city import City
from catalog.retry_after import retry_after
from catalog.workspace import Workspace
from orchestration.connectors.errors import AddressRefusedError, DeadlineError, SettingMissingError, SourceError
from orchestration.landing.ledger import Ledger
from orchestration.landing.pull import pull
from tests.orchestration import landing_city
from tests.orchestration.http_department import TOKEN, Department, cut_short, department, send, status
from tests.orchestration.landing_city import DAY, account, table

ROWS = [{"id": f"{number:03d}", "text": "第一行\n电话 １３８"} for number in range(25)]


@pytest.fixture
def source() -> Iterator[Department]:
    with department({"2026-01-05": ROWS}) as served:
        yield served


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    return Workspace(tmp_path / "home")


def town(source: Department, tmp_path: Path, transport: dict[str, Any] | None = None, **options: Any) -> City:
    transport = {"kind": "http", "base_url": f"{source.url}/api", "token": TOKEN, "allow_private": True} | (
        transport or {}
    )
    variant = {"source": {"kind": "http", "path": "/v1/things", "page_size": 10}, "format": {"kind": "json"}}
    return landing_city.city(tmp_path, {"requests_per_second": 1000} | transport, table("thing", variant), **options)


def landed(workspace: Workspace) -> list[dict[str, str]]:
    """Rows of all landed pages in page order."""
    with Ledger(workspace) as ledger:
        receipts = [r for batch in ledger.batches("feed") for r in ledger.objects(batch.batch_id)]
        pages = [json.loads(ledger.object_path(r.object_id).read_bytes()) for r in receipts]
    return [row for page in pages for row in page["items"]]


def test_pages_land_with_cursor_window_and_token(source: Department, tmp_path: Path, workspace: Workspace) -> None:
    seen = []
    report = pull(town(source, tmp_path), "feed", DAY, workspace, lambda progress: seen.append(progress.file_name))
    names = [f"thing/20260105/page-0000{number}.json" for number in (1, 2, 3)]
    assert landed(workspace) == ROWS
    assert (report.objects, seen) == (3, names)
    with Ledger(workspace) as ledger:
        receipts = ledger.objects(report.batches[0].batch_id)
    assert [(r.file_name, r.cursor_before, r.cursor_after) for r in receipts] == [
        (names[0], None, "a:10"),
        (names[1], "a:10", "a:20"),
        (names[2], "a:20", None),
    ]
    assert source.requests[0] == {
        "updated_since": "2026-01-05T00:00:00",
        "updated_before": "2026-01-06T00:00:00",
        "page_size": "10",
    }
    assert not any(TOKEN in receipt.source_uri for receipt in receipts)


def test_throttling_errors_and_cut_answers_are_waited_out(
    source: Department, tmp_path: Path, workspace: Workspace
) -> None:
    source.faults += [status(429, Retry_After="1"), status(503), cut_short, lambda h: send(h, 200, b"<html>")]
    started = time.monotonic()
    pull(town(source, tmp_path), "feed", DAY, workspace)
    assert time.monotonic() - started >= 1
    assert landed(workspace) == ROWS
    assert len(source.requests) == 7


def test_attempts_are_counted_but_throttling_is_not(source: Department, tmp_path: Path, workspace: Workspace) -> None:
    city = town(source, tmp_path, retry={"attempts": 2, "deadline_seconds": 60})
    source.faults += [status(429, Retry_After="0")] * 5 + [status(500)] * 2
    with pytest.raises(SourceError, match=r"schema\[thing\].*HTTP 500 \(2 attempts\)"):
        pull(city, "feed", DAY, workspace)
    pull(city, "feed", DAY, workspace)
    assert landed(workspace) == ROWS


def test_a_wait_beyond_the_deadline_ends_the_pull_and_the_next_continues(
    source: Department, tmp_path: Path, workspace: Workspace
) -> None:
    city = town(source, tmp_path)
    source.faults += [source.page, status(429, Retry_After="99999")]
    with pytest.raises(DeadlineError, match=r"retry\.deadline_seconds"):
        pull(city, "feed", DAY, workspace)
    asked = len(source.requests)
    pull(city, "feed", DAY, workspace)
    assert [query.get("cursor") for query in source.requests[asked:]] == ["a:10", "a:20"]
    assert landed(workspace) == ROWS


def test_a_cursor_that_died_with_the_crash_starts_the_walk_anew(
    source: Department, tmp_path: Path, workspace: Workspace
) -> None:
    city = town(source, tmp_path, retry={"attempts": 1})
    source.faults += [source.page, status(503)]
    with pytest.raises(SourceError):
        pull(city, "feed", DAY, workspace)
    source.epoch = "b"
    pull(city, "feed", DAY, workspace)
    assert landed(workspace) == ROWS


def test_a_finished_day_is_not_asked_again_and_equal_contents_add_nothing(
    source: Department, tmp_path: Path, workspace: Workspace
) -> None:
    city = town(source, tmp_path)
    pull(city, "feed", DAY, workspace)
    before = account(workspace)
    asked = len(source.requests)
    assert pull(city, "feed", DAY, workspace).complete_before
    assert len(source.requests) == asked
    repeat = pull(city, "feed", DAY, workspace, again=True)
    assert (repeat.batches, repeat.unchanged) == ((), True)
    assert account(workspace) == before


def test_an_empty_day_is_asked_again(source: Department, tmp_path: Path, workspace: Workspace) -> None:
    """Nothing came although the day is over: the department may only be behind."""
    city = town(source, tmp_path)
    source.rows = {}
    pull(city, "feed", DAY, workspace)
    source.rows["2026-01-05"] = ROWS
    pull(city, "feed", DAY, workspace)
    assert landed(workspace) == ROWS
    assert pull(city, "feed", DAY, workspace).complete_before


def test_a_server_that_does_not_answer_is_given_up_at_the_deadline(
    source: Department, tmp_path: Path, workspace: Workspace
) -> None:
    done = threading.Event()
    source.faults.append(lambda handler: (done.wait(30), source.page(handler))[1])
    city = town(source, tmp_path, retry={"deadline_seconds": 1})
    with pytest.raises(DeadlineError):
        pull(city, "feed", DAY, workspace)
    done.set()
    pull(city, "feed", DAY, workspace)
    assert landed(workspace) == ROWS


def test_a_day_that_is_not_over_is_asked_again(source: Department, tmp_path: Path, workspace: Workspace) -> None:
    today = datetime.now(UTC).date() + timedelta(days=1)
    city = town(source, tmp_path)
    assert len(pull(city, "feed", today, workspace).batches) == 1  # an empty page is what was sent
    source.rows[today.isoformat()] = ROWS[:3]
    assert len(pull(city, "feed", today, workspace).batches) == 1
    assert landed(workspace) == ROWS[:3]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        (status(401), r"transport\.token: HTTP 401.*Renew the token"),
        (status(404), r"schema\[thing\].*HTTP 404"),
        (lambda h: send(h, 200, b'{"rows": []}'), "no array `items`"),
        (lambda h: send(h, 200, b'{"items": [], "next_cursor": {}}'), "neither text nor a number"),
        (lambda h: send(h, 200, b"{}", Content_Encoding="gzip"), "compresses although asked not to"),
        (lambda h: send(h, 200, b"x" * 5000), "more than 4,000 bytes"),
        (status(302, Location="http://169.254.169.254/latest"), "redirects to another server"),
        (status(302, Location="ftp://127.0.0.1/"), "redirects to another server"),
    ],
)
def test_what_cannot_pass_is_refused_by_name(
    source: Department, tmp_path: Path, workspace: Workspace, fault: Any, says: str
) -> None:
    source.faults.append(fault)
    with pytest.raises(SourceError, match=says) as caught:
        pull(town(source, tmp_path, limits={"max_object_bytes": 4000}), "feed", DAY, workspace)
    assert "feed.odcs.yaml" in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_a_redirect_on_the_same_server_is_followed(source: Department, tmp_path: Path, workspace: Workspace) -> None:
    source.faults.append(status(307, Location="/moved?updated_since=2026-01-05T00:00:00&page_size=10"))
    pull(town(source, tmp_path), "feed", DAY, workspace)
    assert landed(workspace) == ROWS


def test_settings_come_from_the_environment_at_the_pull(
    source: Department, tmp_path: Path, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = town(source, tmp_path, {"base_url": "${TOWN_URL}/api", "token": "${TOWN_TOKEN}"})
    monkeypatch.setenv("TOWN_URL", source.url)
    monkeypatch.delenv("TOWN_TOKEN", raising=False)
    with pytest.raises(SettingMissingError, match=r"feed\.odcs\.yaml: transport\.token: .*TOWN_TOKEN is not set"):
        pull(city, "feed", DAY, workspace)
    monkeypatch.setenv("TOWN_TOKEN", TOKEN)
    pull(city, "feed", DAY, workspace)
    assert landed(workspace) == ROWS


def test_a_private_host_needs_leave(source: Department, tmp_path: Path, workspace: Workspace) -> None:
    with pytest.raises(AddressRefusedError, match=r"private address 127\.0\.0\.1.*allow_private"):
        pull(town(source, tmp_path, {"allow_private": False}), "feed", DAY, workspace)
    assert source.requests == []


def test_retry_after_is_seconds_or_a_date() -> None:
    soon = datetime.now(UTC) + timedelta(seconds=90)
    assert retry_after("7", 5) == 7
    assert 80 < retry_after(format_datetime(soon, usegmt=True), 5) <= 90
    assert retry_after(format_datetime(datetime.combine(date(2020, 1, 1), soon.timetz())), 5) == 0
    assert retry_after("soon", 5) == retry_after(None, 5) == 5
