"""The simulated departments, met as the platform meets them: over HTTP, in folders, in a database."""

from __future__ import annotations

import json
import math
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import httpx
import psycopg
import pytest

from tests.orchestration.postgres_server import postgres

CITY = Path(__file__).resolve().parents[2] / "examples" / "yunzhou"
FIRST, LAST = date(2026, 6, 22), date(2026, 6, 30)  # nine days with a Monday, a late, a doubled and a broken drop
BAIDU_LON = (-1.981981304930552e-8, 8.983055099779535e-6)
BAIDU_LAT = (0.03278182852591, 40.31678527705744, 0.65659298677277, -4.44255534477492, 0.85341911805263,
             0.12923347998204, -0.04625736007561)  # fmt: skip
BAIDU_SCALE = 4482777.06


def departments(*words: str | Path) -> str:
    """Output of `python -m departments …`."""
    command = [sys.executable, "-m", "departments", *map(str, words)]
    done = subprocess.run(command, cwd=CITY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def generate(home: Path, *options: str) -> Path:
    departments("generate", "--home", home, "--days", str((LAST - FIRST).days + 1), "--until", str(LAST), *options)
    return home


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small city at the end of its last day; tests that move its clock take a copy."""
    return generate(tmp_path_factory.mktemp("yunzhou") / "city")


@pytest.fixture
def movable(city: Path, tmp_path: Path) -> Path:
    """A copy of the city whose clock a test may move."""
    home = shutil.copytree(city, tmp_path / "city")
    setup = json.loads((home / "setup.json").read_text())
    setup["permits_url"] = f"sqlite:///{home}/permits.sqlite"
    (home / "setup.json").write_text(json.dumps(setup))
    return home


def contents(folder: Path, *names: str) -> dict[str, bytes]:
    """Bytes of every file below parts of a folder."""
    files = [file for name in names for file in sorted((folder / name).rglob("*")) if file.is_file()]
    return {str(file.relative_to(folder)): file.read_bytes() for file in files}


def dump(database: Path) -> list[str]:
    with closing(sqlite3.connect(database)) as connection:
        return list(connection.iterdump())


def permits(database: Path) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return sorted(connection.execute("select * from xk_info"), key=repr)


class TestGenerate:
    def test_the_same_seed_gives_the_same_bytes(self, city: Path, tmp_path: Path) -> None:
        again = generate(tmp_path / "again")
        assert contents(again, "hotline", "outbox", "drop") == contents(city, "hotline", "outbox", "drop")
        assert (again / "answer_key.parquet").read_bytes() == (city / "answer_key.parquet").read_bytes()
        assert dump(again / "permits_log.sqlite") == dump(city / "permits_log.sqlite")

    def test_another_seed_gives_another_city(self, city: Path, tmp_path: Path) -> None:
        other = contents(generate(tmp_path / "other", "--seed", "8"), "outbox")
        here = contents(city, "outbox")
        assert not [name for name in here.keys() & other.keys() if here[name] == other[name]]

    def test_without_rates_nothing_is_planted(self, tmp_path: Path) -> None:
        (tmp_path / "none.yml").write_text("{}")
        home = generate(tmp_path / "clean", "--defects", str(tmp_path / "none.yml"))
        rules = duckdb.sql(f"select distinct rule_id from '{home}/answer_key.parquet'").fetchall()
        assert rules == [("DUP",)], "weekly lists repeat themselves; nothing else is wrong"


class TestAnswerKey:
    def test_outcomes_and_dates(self, city: Path) -> None:
        key = duckdb.read_parquet(str(city / "answer_key.parquet"))
        assert key.filter("business_date not between date '2026-06-22' and date '2026-06-30'").fetchall() == []
        assert set(key.project("expected").distinct().fetchall()) == {
            ("quarantined",),
            ("flagged",),
            ("duplicate",),
            ("held",),
        }

    def test_a_planted_line_of_text_is_where_the_key_says(self, city: Path) -> None:
        found = duckdb.sql(
            f"""select file_name, line, row_key from '{city}/answer_key.parquet'
                where file_name like '%案件%.csv' and row_key <> '' and expected <> 'held'"""
        ).fetchall()
        assert found
        for name, line, row_key in found:
            text = (city / "drop" / "grid" / name).read_bytes().decode("gb18030")
            assert text.split("\r\n")[line].split(",")[1] == row_key

    def test_a_planted_change_of_a_ticket_is_in_the_log(self, city: Path) -> None:
        missing = duckdb.sql(
            f"""select * from '{city}/answer_key.parquet' k where "table" = 'hotline_ticket' and not exists (
                select 1 from '{city}/hotline/tickets-*.parquet' t
                where t.business_date = k.business_date and date_trunc('second', t.updated_at) = k.version_at
                  and coalesce(t.body ->> '工单编号', '') = k.row_key)"""
        ).fetchall()
        assert missing == []


class TestAdvance:
    def test_day_by_day_or_at_once_or_back_the_systems_are_the_same(self, movable: Path) -> None:
        def state() -> tuple[dict[str, bytes], list[tuple[Any, ...]]]:
            return contents(movable, "drop"), permits(movable / "permits.sqlite")

        states = {}
        departments("advance", "--home", movable, "--to", FIRST)
        for number in range((LAST - FIRST).days + 1):
            day = FIRST + timedelta(days=number)
            departments("advance", "--home", movable, "--to", day)
            states[day] = state()
        for day in (LAST, FIRST + timedelta(days=3)):
            departments("advance", "--home", movable, "--to", FIRST)
            departments("advance", "--home", movable, "--to", day)
            assert state() == states[day], day
        assert len({len(files) for files, _ in states.values()}) == len(states)

    def test_files_and_changes_of_later_days_do_not_exist_yet(self, movable: Path) -> None:
        day = FIRST + timedelta(days=2)
        departments("advance", "--home", movable, "--to", day)
        names = list(contents(movable, "drop"))
        assert names
        assert not [name for name in names if Path(name).parts[2] > str(day)]
        with closing(sqlite3.connect(movable / "permits.sqlite")) as connection:
            [latest] = connection.execute("select max(gxsj) from xk_info").fetchone()
        assert latest[:10] == str(day)

    def test_hard_deletes_leave_no_trace(self, movable: Path) -> None:
        with closing(sqlite3.connect(movable / "permits_log.sqlite")) as log:
            day, *key = log.execute("select day, xk_wsh, xk_xkjgdm from change where op = 'delete'").fetchone()
        query = "select count(*) from xk_info where xk_wsh = ? and xk_xkjgdm = ?"
        counts = []
        for number in (-1, 0):
            departments("advance", "--home", movable, "--to", date.fromisoformat(day) + timedelta(days=number))
            with closing(sqlite3.connect(movable / "permits.sqlite")) as connection:
                counts += connection.execute(query, key).fetchone()
        assert counts == [1, 0]

    def test_postgresql_holds_what_sqlite_holds(self, movable: Path, tmp_path: Path) -> None:
        with postgres(tmp_path) as url:
            setup = json.loads((movable / "setup.json").read_text())
            setup["permits_url"] = url.replace("postgresql://", "postgresql+psycopg://")
            (movable / "setup.json").write_text(json.dumps(setup))
            for day in (FIRST, FIRST + timedelta(days=4), LAST):
                departments("advance", "--home", movable, "--to", day)
            with psycopg.connect(url) as connection:
                found = connection.execute("select * from xk_info").fetchall()
        there = sorted(((*row[:-1], f"{row[-1]:%Y-%m-%d %H:%M:%S}") for row in found), key=repr)
        assert there == permits(movable / "permits.sqlite")


class TestDrops:
    def test_texts_are_gb18030_with_characters_that_only_it_has(self, city: Path) -> None:
        texts = [b.decode("gb18030") for name, b in contents(city, "drop/grid").items() if name.endswith(".txt")]
        assert texts
        entities = "".join(
            content.decode("gb18030") for name, content in contents(city, "drop/credit").items() if "法人_" in name
        )
        assert set("㛃𠮷") & set(entities)

    def test_some_drops_come_late_twice_or_broken(self, city: Path) -> None:
        delivered = {
            Path(name).name: (Path(name).parts[2], Path(name).parts[3]) for name in contents(city, "outbox/grid")
        }
        assert [name for name, (on, of) in delivered.items() if on > of and "_v2" not in name]
        again = [name for name in delivered if "_v2" in name]
        pairs = {name: (city / "drop/grid" / delivered[name][1] / name).read_bytes() for name in again}
        firsts = {
            name: (city / "drop/grid" / delivered[name][1] / name.replace("_v2", "")).read_bytes() for name in again
        }
        assert [name for name in again if pairs[name] != firsts[name]], "a broken file is replaced"


@dataclass(frozen=True)
class Hotline:
    """The running interface."""

    url: str
    token: str

    def get(self, path: str, **query: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        return httpx.get(self.url + path, params={k: str(v) for k, v in query.items()}, headers=headers, timeout=30)

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
def hotline(city: Path) -> Iterator[Hotline]:
    """The interface of the city, always in a good mood."""
    with serving(city, "--throttle-every", "0", "--fail-every", "0") as found:
        yield found


class TestHotline:
    @pytest.mark.parametrize("path", ["/v1/tickets", "/v1/visits"])
    def test_pages_of_any_size_and_windows_of_any_length_give_every_change_once(
        self, hotline: Hotline, city: Path, path: str
    ) -> None:
        since = datetime(2026, 6, 23)
        whole = hotline.walk(path, since, since + timedelta(days=1), 500)
        log = f"{city}/hotline/{path[4:]}-*.parquet"
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

    def test_moods_follow_the_count_of_requests(self, city: Path) -> None:
        with serving(city, "--throttle-every", "3", "--fail-every", "5") as hotline:
            window = {"updated_since": "2026-06-23", "updated_before": "2026-06-24"}
            answers = [hotline.get("/v1/tickets", **window) for _ in range(6)]
        assert [answer.status_code for answer in answers] == [200, 200, 429, 200, 503, 429]
        assert answers[2].headers["Retry-After"] == "1"


def test_mercator_metres_come_back_into_their_grid_cell(city: Path) -> None:
    assert _baidu_degrees(12947453.59, 4846467.98) == pytest.approx((116.30768898099, 40.05696806730), abs=1e-9)
    assert _gcj(116.404, 39.915) == pytest.approx((116.41024449916938, 39.91640428150164), abs=1e-12)
    name = "drop/grid/2026-06-29/案件_20260629.csv"
    header, *lines = (line.split(",") for line in (city / name).read_bytes().decode("gb18030").split("\r\n"))
    query = f"select * from read_csv('{CITY}/vocabulary/grid_cell.csv', all_varchar = true)"
    cells = {row[0]: row[4:7] for row in duckdb.sql(query).fetchall()}
    inside = []
    for line in lines:
        record = dict(zip(header, line, strict=False))
        if record.get("单元网格") in cells and len(line) == len(header) and record["Y坐标"] != "不详":
            lon, lat = _degrees(float(record["X坐标"]), float(record["Y坐标"]))
            centre_lon, centre_lat, radius = map(float, cells[record["单元网格"]])
            inside.append(math.hypot((lon - centre_lon) * 92_000, (lat - centre_lat) * 111_320) < radius)
    assert len(inside) > 50
    assert sum(not is_inside for is_inside in inside) <= 2, "only points that were planted elsewhere"


def _degrees(x: float, y: float) -> tuple[float, float]:
    """CGCS2000 degrees of Baidu Mercator metres: the published inverse, then a search for what GCJ-02 shifted."""
    lon, lat = (value - offset for value, offset in zip(_baidu_degrees(x, y), (0.0065, 0.006), strict=True))
    radius = math.hypot(lon, lat) - 0.00002 * math.sin(lat * math.pi * 3000 / 180)
    angle = math.atan2(lat, lon) - 0.000003 * math.cos(lon * math.pi * 3000 / 180)
    wanted = found = (radius * math.cos(angle), radius * math.sin(angle))
    for _ in range(8):
        there = _gcj(*found)
        found = (found[0] + wanted[0] - there[0], found[1] + wanted[1] - there[1])
    return found


def _baidu_degrees(x: float, y: float) -> tuple[float, float]:
    lat = sum(term * (y / BAIDU_SCALE) ** power for power, term in enumerate(BAIDU_LAT))
    return BAIDU_LON[0] + BAIDU_LON[1] * x, lat


def _gcj(lon: float, lat: float) -> tuple[float, float]:
    x, y = lon - 105, lat - 35
    common = (20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x)) + common + _waves(x, 150, 300)
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x)) + common + _waves(y, 160, 320)
    curve = 1 - 0.00669342162296594323 * math.sin(math.radians(lat)) ** 2
    metres = 6378245.0 * math.pi / 180
    lon += east / (metres / math.sqrt(curve) * math.cos(math.radians(lat)))
    return lon, lat + north / (metres * (1 - 0.00669342162296594323) / curve**1.5)


def _waves(value: float, twelfth: float, thirtieth: float) -> float:
    short = 20 * math.sin(value * math.pi) + 40 * math.sin(value / 3 * math.pi)
    return (short + twelfth * math.sin(value / 12 * math.pi) + thirtieth * math.sin(value / 30 * math.pi)) * 2 / 3
