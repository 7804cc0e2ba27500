"""Late, broken and mended deliveries: what changes, what stays, and that nothing else moves."""

from __future__ import annotations

import csv
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from catalog.city import load_city
from catalog.release import read_current
from catalog.workspace import Workspace
from orchestration.lake.connect import open_lake
from orchestration.lake.lock import writer_lock
from orchestration.lake.schema import ensure_ops
from orchestration.lake.vocabulary import load_vocabulary
from orchestration.landing.pull import pull
from orchestration.reading.load import load_feed
from orchestration.release.diff import diff
from orchestration.release.store import ReleaseStore
from tests.city.systems import SPINE, SPINE_DEPARTMENTS, Civiclake, Systems
from tests.orchestration.postgres_server import fresh_database

pytestmark = pytest.mark.slow(seconds=15)

LATE = date(2026, 5, 31)
LAST = date(2026, 7, 1)
THEMES = ("theme_grid_performance", "theme_hotline_score")
CHANNEL = ("hotline_channel", "信件", "mail")


@dataclass
class Story:
    """One city through four runs: a file missing, a file broken, the missing one late, a vocabulary mended."""

    city: Path
    workspace: Workspace
    systems: Systems
    civiclake: Civiclake
    env: dict[str, str]

    def run(self, start: date, end: date) -> int:
        """Run the days and give the number of the release that is served then."""
        words = ("run", "--city", self.city, "--home", self.workspace.home, "--from", str(start), "--to", str(end))
        done = self.civiclake(*words, env=self.env)
        assert done.code == 0, done.output
        return read_current(self.workspace) or 0

    def grid_file(self, day: date) -> Path:
        """The dropped file of a day's grid cases."""
        [file] = (self.systems.home / "drop" / "grid" / str(day)).glob(f"案件_{day:%Y%m%d}.*")
        return file

    def rows(self, query: str, values: list[Any] | None = None) -> list[tuple[Any, ...]]:
        """Rows of one query of the lake."""
        with open_lake(self.workspace, read_only=True) as con:
            return con.execute(query, values or []).fetchall()

    def themes(self) -> dict[str, dict[date, set[tuple[Any, ...]]]]:
        """Rows of the monthly themes by table and month, with all bookkeeping."""
        found: dict[str, dict[date, set[tuple[Any, ...]]]] = {name: {} for name in THEMES}
        for name in THEMES:
            for month, *row in self.rows(f"SELECT month, * EXCLUDE (month) FROM lake.theme.{name}"):
                found[name].setdefault(month, set()).add(tuple(row))
        return found

    def changes(self, old: int, new: int) -> dict[str, tuple[int, int, int]]:
        """Rows added, removed and changed between two releases, of the datasets that differ."""
        found = diff(ReleaseStore(self.workspace), old, new).datasets
        return {d.id: (d.rows.added, d.rows.removed, d.rows.changed) for d in found if d.status != "same"}


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, civiclake: Civiclake) -> Iterator[Story]:
    root = tmp_path_factory.mktemp("late")
    systems = Systems(root / "departments")
    systems.generate("--scale", "small", "--days", "33", *SPINE_DEPARTMENTS, "--until", str(LAST))
    folder = shutil.copytree(SPINE, root / "yunzhou", ignore=shutil.ignore_patterns("departments"))
    forget(folder / "vocabulary" / "code_crosswalk.csv")
    with systems.serving() as env:
        yield Story(folder, Workspace(root / "home"), systems, civiclake, env)


@pytest.mark.nightly
def test_a_story_of_four_releases(story: Story, tmp_path: Path) -> None:
    first, *_, before, _ = story.systems.days()
    whole = story.grid_file(LAST).read_bytes()
    story.systems.advance(before)
    late = story.grid_file(LATE)
    late.rename(tmp_path / late.name)
    assert story.run(first, before) == 1

    story.systems.advance(LAST)
    broken = story.grid_file(LAST)
    broken.unlink()  # a link to the file that will be delivered: the original stays
    broken.write_bytes(whole[: len(whole) // 2] + b"\xff\xff")  # neither a workbook nor GB18030 text
    assert story.run(LAST, LAST) == 2
    the_broken_batch_is_held(story)

    known, themes = newest_load(story), story.themes()
    (tmp_path / late.name).rename(late)
    assert story.run(LAST, LAST) == 3
    only_the_touched_months_changed(story, known, themes)

    mend(story.city / "vocabulary" / "code_crosswalk.csv")
    retried = story.civiclake("quarantine", "retry", "--feed", "hotline", *where(story), env=story.env)
    assert retried.code == 0, retried.output
    assert story.run(LAST, LAST) == 4
    the_mended_rows_are_in(story)


def the_broken_batch_is_held(story: Story) -> None:
    [(batch, reason, rows_in)] = story.rows(
        "SELECT batch_id, reasons[1], rows_in FROM lake.ops.batch WHERE status = 'held' AND table_name = 'case' "
        "AND business_date = ?",
        [LAST],
    )
    assert story.grid_file(LAST).name in reason
    assert story.rows("SELECT count(*) FROM lake.landed.grid_case WHERE _batch_id = ?", [batch]) == [(0,)]
    assert "grid_cases" not in story.changes(1, 2), f"{rows_in} broken rows changed nothing that is served"
    assert "hotline_monthly" in story.changes(1, 2), "the other feeds went on"
    listed = story.civiclake("quarantine", "list", "--feed", "grid", *where(story))
    assert (listed.code, batch[:13] in listed.output) == (0, True)


def only_the_touched_months_changed(story: Story, known: int, before: dict[str, dict[date, set[Any]]]) -> None:
    [(late_days, reasons)] = story.rows(
        "SELECT late_days, reasons FROM lake.ops.batch WHERE load_id > ? AND table_name = 'case'", [known]
    )
    assert late_days == (LAST - LATE).days
    assert reasons[0].startswith("B6"), "later than the contract's window, and said so"
    changed = story.rows("SELECT case_no, _months FROM lake.topic.topic_grid_case WHERE _load_id > ?", [known])
    touched = {date.fromisoformat(part) for _, months in changed for part in months.split(";") if part}
    after = story.themes()
    assert after["theme_hotline_score"] == before["theme_hotline_score"]
    was, now = before["theme_grid_performance"], after["theme_grid_performance"]
    assert {month for month in was | now if was.get(month) != now.get(month)} == touched
    assert touched
    assert set(now) - touched, "there are months that were not touched"
    shared = story.rows(
        "SELECT count(*) FROM lake.topic.topic_grid_case WHERE _load_id > ? AND NOT is_deleted", [known]
    )
    changes = story.changes(2, 3)
    added, removed, modified = changes["grid_case_records"]
    assert (added + modified, removed) == (shared[0][0], 0)
    surely = {"grid_cases", "grid_case_records", "grid_case_stages", "grid_performance", "case_efficiency"}
    assert surely <= set(changes) <= surely | {"three_high", "integrity_flags"}


def the_mended_rows_are_in(story: Story) -> None:
    because = "SELECT object_id, line FROM lake.ops.quarantine WHERE list_filter(violations, lambda v: v.value = ?"
    released = story.rows(f"{because} AND v.rule = 'H4a') <> [] AND status = 'released' ORDER BY ALL", [CHANNEL[1]])
    let_in = story.rows(
        "SELECT _object_id, _line FROM lake.landed.hotline_ticket WHERE channel = ? ORDER BY ALL", [CHANNEL[1]]
    )
    assert released == let_in != []
    still = f"{because}) <> [] AND status = 'open' AND rule_ids = ['H4a']"
    assert story.rows(still, [CHANNEL[1]]) == []
    [(wrong,)] = story.rows(
        "SELECT count(*) FROM lake.ops.batch WHERE status = 'loaded' "
        "AND rows_in <> rows_accepted + rows_quarantined + rows_duplicate"
    )
    assert wrong == 0
    new = story.rows(
        "SELECT DISTINCT ticket_no FROM lake.topic.topic_hotline_ticket WHERE _load_id = (SELECT max(load_id) FROM "
        "(SELECT max(_load_id) AS load_id FROM lake.landed.hotline_ticket))"
    )
    assert new
    assert "hotline_monthly" in story.changes(3, 4)
    assert set(story.changes(3, 4)) <= {
        "hotline_monthly", "hotline_tickets", "hotline_score", "hotline_topics", "case_efficiency", "three_high",
    }  # fmt: skip


def forget(crosswalk: Path) -> None:
    """Take from the city a channel that its hotline uses."""
    lines = crosswalk.read_text(encoding="utf-8").splitlines(keepends=True)
    crosswalk.write_text("".join(line for line in lines if line.strip() != ",".join(CHANNEL)), encoding="utf-8")


def mend(crosswalk: Path) -> None:
    """Teach the city the channel."""
    with crosswalk.open("a", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(CHANNEL)


def newest_load(story: Story) -> int:
    [(number,)] = story.rows("SELECT max(load_id) FROM lake.ops.batch")
    return int(number)


def where(story: Story) -> tuple[str | Path, ...]:
    return ("--city", story.city, "--home", story.workspace.home)


class TestPermitsDatabase:
    """The same permits in SQLite and in a real PostgreSQL land as the same rows."""

    DAYS = 8

    def test_the_database_does_not_matter(self, tmp_path: Path, postgres_server: str) -> None:
        url = fresh_database(postgres_server, "late")
        landed = [self.land(tmp_path / "lite", None), self.land(tmp_path / "post", url)]
        assert landed[0] == landed[1]
        upserts = [row for row in landed[0] if row[0] == "upsert"]
        assert len(upserts) > 250
        assert len(landed[0]) > len(upserts), "rows were deleted from the database"

    def land(self, root: Path, url: str | None) -> list[tuple[Any, ...]]:
        """Two pulls and loads of the permits of a small city, and what is landed then."""
        systems, workspace, city = Systems(root / "departments"), Workspace(root / "home"), load_city(SPINE)
        options = ["--permits-url", url] if url else []
        systems.generate("--scale", "small", "--days", str(self.DAYS), "--departments", "permits", *options)
        days = systems.days()
        with environment(YUNZHOU_PERMITS_URL=systems.setup()["permits_url"]):
            for until in (self.DAYS - 4, self.DAYS):
                systems.advance(days[until - 1])
                for day in days[:until]:
                    pull(city, "permits", day, workspace)
                with writer_lock(workspace), open_lake(workspace) as con:
                    ensure_ops(con)
                    load_vocabulary(con, city.vocabulary_dir)
                    load_feed(con, city, "permits", workspace, days[until - 1])
        with open_lake(workspace, read_only=True) as con:
            return con.execute(
                "SELECT _op, _business_date, _row_hash, * EXCLUDE (_op, _business_date, _row_hash, _batch_id, "
                "_object_id, _file_name, _line, _landed_at) FROM lake.landed.permit ORDER BY ALL"
            ).fetchall()


@contextmanager
def environment(**values: str) -> Iterator[None]:
    """Variables set for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
