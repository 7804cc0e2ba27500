"""The simulated hotline, met as the platform meets it: over HTTP."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import pytest

from tests.examples.yunzhou_systems import CITY, departments


@dataclass(frozen=True)
class Hotline:
    """The running interface."""

    url: str
    token: str

    def get(self, path: str, **query: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        parameters = {name: str(value) for name, value in query.items()}
        return httpx.get(self.url + path, params=parameters, headers=headers, timeout=30, verify=False)

    def walk(self, path: str, since: datetime, before: datetime, page_size: int) -> list[dict[str, Any]]:
        """Every record of a window, page by page."""
        found, cursor = [], {}
        while True:
            window = {"updated_since": since.isoformat(), "updated_before": before.isoformat()}
            answer = self.get(path, **window, page_size=page_size, **cursor)
            assert answer.status_code == 200, answer.text
            page = answer.json()
            found += page["items"]
            if page["next_cursor"] is None:
                return found
            cursor = {"cursor": page["next_cursor"]}


@contextmanager
def serving(home: Path, *options: str) -> Iterator[Hotline]:
    command = [sys.executable, "-m", "departments", "serve", "--home", str(home), *options]
    with subprocess.Popen(command, cwd=CITY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("hotline at ")
        environment = json.loads((home / "endpoints.json").read_text())
        try:
            yield Hotline(environment["YUNZHOU_HOTLINE_URL"], environment["YUNZHOU_HOTLINE_TOKEN"])
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=30)


@pytest.fixture(scope="module")
def hotline(simulated: Path) -> Iterator[Hotline]:
    """The interface of the city, always in a good mood."""
    with serving(simulated, "--throttle-every", "0", "--fail-every", "0") as found:
        yield found


class TestHotline:
    @pytest.mark.parametrize("path", ["/v1/tickets", "/v1/visits"])
    def test_pages_of_any_size_and_windows_of_any_length_give_every_change_once(
        self, hotline: Hotline, simulated: Path, path: str
    ) -> None:
        since = datetime(2026, 6, 23)
        whole = hotline.walk(path, since, since + timedelta(days=1), 500)
        log = f"{simulated}/hotline/{path[4:]}-*.parquet"
        [(count,)] = duckdb.sql(f"select count(*) from '{log}' where business_date = date '2026-06-23'").fetchall()
        assert len(whole) == count > 0
        assert hotline.walk(path, since, since + timedelta(days=1), 17) == whole
        parts = [
            hotline.walk(path, since + timedelta(hours=h), since + timedelta(hours=h + 6), 50) for h in (0, 6, 12, 18)
        ]
        assert [record for part in parts for record in part] == whole
        assert all("2026-06-23 00:00:00" <= record["更新时间"] < "2026-06-24" for record in whole)

    def test_offsets_are_understood(self, hotline: Hotline) -> None:
        plain = {"updated_since": "2026-06-23T08:00:00", "updated_before": "2026-06-23T09:00:00"}
        shifted = {"updated_since": "2026-06-23T00:00:00+00:00", "updated_before": "2026-06-23T09:00:00+08:00"}
        assert (
            hotline.get("/v1/tickets", **plain).json()["items"] == hotline.get("/v1/tickets", **shifted).json()["items"]
        )

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            ({"updated_since": "yesterday"}, 422),
            ({"updated_before": "2026-12-01"}, 422),
            ({"cursor": "bm9uc2Vuc2U="}, 422),
            ({"page_size": "many"}, 422),
        ],
    )
    def test_nonsense_is_refused(self, hotline: Hotline, change: dict[str, str], status: int) -> None:
        window = {"updated_since": "2026-06-23", "updated_before": "2026-06-24"}
        assert hotline.get("/v1/tickets", **{**window, **change}).status_code == status

    def test_without_the_token_nothing_is_told(self, hotline: Hotline) -> None:
        assert Hotline(hotline.url, "guess").get("/v1/tickets").status_code == 401
        assert hotline.get("/v2/tickets").status_code == 404

    def test_texts_run_over_lines_and_hold_telephone_numbers(self, hotline: Hotline) -> None:
        texts = [r["诉求内容"] for r in hotline.walk("/v1/tickets", datetime(2026, 6, 23), datetime(2026, 6, 24), 500)]
        assert [text for text in texts if "\n" in text]
        assert [text for text in texts if "19900" in text]

    def test_the_clock_hides_what_has_not_happened(self, movable: Path) -> None:
        departments("advance", "--home", movable, "--to", "2026-06-24")
        with serving(movable, "--throttle-every", "0", "--fail-every", "0") as hotline:
            assert hotline.walk("/v1/tickets", datetime(2026, 6, 25), datetime(2026, 6, 26), 500) == []
            departments("advance", "--home", movable, "--to", "2026-06-25")
            assert hotline.walk("/v1/tickets", datetime(2026, 6, 25), datetime(2026, 6, 26), 500)

    def test_moods_follow_the_count_of_requests(self, simulated: Path) -> None:
        with serving(simulated, "--throttle-every", "3", "--fail-every", "5") as hotline:
            window = {"updated_since": "2026-06-23", "updated_before": "2026-06-24"}
            answers = [hotline.get("/v1/tickets", **window) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200, 200, 429, 200, 503, 429]
        assert answers[2].headers["Retry-After"] == "1"
