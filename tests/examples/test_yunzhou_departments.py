"""The simulated departments, met as the platform meets them: in folders and in a database."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import psycopg

from tests.examples.yunzhou_systems import FIRST, LAST, contents, departments, dump, generate, permits
from tests.orchestration.postgres_server import fresh_database


class TestGenerate:
    def test_the_same_seed_gives_the_same_bytes(self, simulated: Path, tmp_path: Path) -> None:
        again = generate(tmp_path / "again")
        here, there = (contents(home, "hotline", "outbox", "drop") for home in (again, simulated))
        # Encryption draws anew for every file: what is within is held against what was sent in tests of the libraries.
        sealed = {name for name in here if "/population/" in name}
        assert sealed
        assert sealed == {name for name in there if "/population/" in name}
        assert {n: here[n] for n in here.keys() - sealed} == {n: there[n] for n in there.keys() - sealed}
        assert (again / "answer_key.parquet").read_bytes() == (simulated / "answer_key.parquet").read_bytes()
        assert dump(again / "permits_log.sqlite") == dump(simulated / "permits_log.sqlite")

    def test_another_seed_gives_another_city(self, simulated: Path, tmp_path: Path) -> None:
        other = contents(generate(tmp_path / "other", "--seed", "8"), "outbox")
        here = contents(simulated, "outbox")
        assert not [name for name in here.keys() & other.keys() if here[name] == other[name]]

    def test_a_system_alone_is_what_it_is_among_others(self, simulated: Path, tmp_path: Path) -> None:
        alone = generate(tmp_path / "alone", "--departments", "grid")
        delivered = contents(alone, "outbox", "drop")
        assert delivered == {name: b for name, b in contents(simulated, "outbox", "drop").items() if "/grid/" in name}
        query = "select * from '{}/answer_key.parquet' where feed = 'grid' order by all"
        assert duckdb.sql(query.format(alone)).fetchall() == duckdb.sql(query.format(simulated)).fetchall()

    def test_without_rates_nothing_is_planted(self, tmp_path: Path) -> None:
        (tmp_path / "none.yml").write_text("{}")
        home = generate(tmp_path / "clean", "--defects", str(tmp_path / "none.yml"))
        rules = duckdb.sql(f"select distinct rule_id from '{home}/answer_key.parquet'").fetchall()
        assert rules == [("DUP",)], "weekly lists repeat themselves; nothing else is wrong"


class TestAnswerKey:
    def test_outcomes_and_dates(self, simulated: Path) -> None:
        key = duckdb.read_parquet(str(simulated / "answer_key.parquet"))
        assert key.filter("business_date not between date '2026-06-22' and date '2026-06-30'").fetchall() == []
        assert set(key.project("expected").distinct().fetchall()) == {
            ("quarantined",),
            ("flagged",),
            ("duplicate",),
            ("held",),
        }

    def test_a_planted_line_of_text_is_where_the_key_says(self, simulated: Path) -> None:
        found = duckdb.sql(
            f"""select file_name, line, row_key from '{simulated}/answer_key.parquet'
                where file_name like '%案件%.csv' and row_key <> '' and expected <> 'held'"""
        ).fetchall()
        assert found
        for name, line, row_key in found:
            text = (simulated / "drop" / "grid" / name).read_bytes().decode("gb18030")
            assert text.split("\r\n")[line].split(",")[1] == row_key

    def test_a_planted_change_of_a_ticket_is_in_the_log(self, simulated: Path) -> None:
        missing = duckdb.sql(
            f"""select * from '{simulated}/answer_key.parquet' k where "table" = 'hotline_ticket' and not exists (
                select 1 from '{simulated}/hotline/tickets-*.parquet' t
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
        dates = [re.search(r"(\d{4})-?(\d{2})-?(\d{2})", name) for name in names]
        assert [name for name, found in zip(names, dates, strict=True) if found is None] == []
        assert max("-".join(found.groups()) for found in dates if found) <= str(day)
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

    def test_postgresql_holds_what_sqlite_holds(self, movable: Path, postgres_server: str) -> None:
        url = fresh_database(postgres_server, "departments")
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
    def test_texts_are_gb18030_with_characters_that_only_it_has(self, simulated: Path) -> None:
        texts = [b.decode("gb18030") for name, b in contents(simulated, "drop/grid").items() if name.endswith(".txt")]
        assert texts
        entities = "".join(
            content.decode("gb18030") for name, content in contents(simulated, "drop/credit").items() if "法人_" in name
        )
        assert set("㛃𠮷") & set(entities)

    def test_some_drops_come_late_twice_or_broken(self, simulated: Path) -> None:
        delivered = {
            Path(name).name: (Path(name).parts[2], Path(name).parts[3]) for name in contents(simulated, "outbox/grid")
        }
        assert [name for name, (on, of) in delivered.items() if on > of and "_v2" not in name]
        again = [name for name in delivered if "_v2" in name]
        pairs = {name: (simulated / "drop/grid" / delivered[name][1] / name).read_bytes() for name in again}
        firsts = {
            name: (simulated / "drop/grid" / delivered[name][1] / name.replace("_v2", "")).read_bytes()
            for name in again
        }
        assert [name for name in again if pairs[name] != firsts[name]], "a broken file is replaced"
