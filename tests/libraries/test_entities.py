"""Legal entities of two registers, their credit and their lives, and residents whom nobody can read."""

from __future__ import annotations

import math
import re
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.city.conftest import Built

pytestmark = pytest.mark.slow(seconds=60)
NUMBER = re.compile(r"(?<![0-9])(?:[0-9]{17}[0-9Xx]|[0-9]{15})(?![0-9Xx])")
WEIGHTS = {"serious": 60, "general": 25, "minor": 10, None: 0}
OUTSIDE = ("base", "topic", "theme", "open", "withdrawal")


def truth(libraries: Built, name: str, columns: str) -> list[tuple[Any, ...]]:
    file = libraries.systems.home / "truth" / f"{name}.parquet"
    return duckdb.sql(f"select {columns} from '{file}' order by all").fetchall()


class TestOneRegister:
    def test_the_register_is_believed_and_the_other_is_asked_to_check(self, libraries: Built) -> None:
        landed = {uscc for (uscc,) in libraries.rows("SELECT DISTINCT uscc FROM lake.landed.register_entity")}
        copied = {uscc for (uscc,) in libraries.rows("SELECT DISTINCT uscc FROM lake.landed.legal_entity")}
        planted = [row for row in truth(libraries, "corrections", "*") if row[0] in landed & copied]
        wrong = [row for row in planted if row[1] != "brackets"]
        assert {element for _, element, _ in wrong} == {
            "entity_name",
            "reg_address",
            "reg_capital_yuan",
            "status_code",
        }
        queue = {
            (uscc, element): (value, org)
            for uscc, element, value, org in libraries.rows(
                "SELECT subject_key, element, owner_value, checking_org FROM lake.base.base_correction WHERE is_open"
            )
        }
        assert [row for row in wrong if queue.get(row[:2]) != (row[2], "YZ-FGW")] == []
        written_otherwise = {uscc for uscc, element, _ in planted if element == "brackets"}
        assert {uscc for uscc, element in queue if element == "entity_name"}.isdisjoint(written_otherwise)
        believed = dict(libraries.rows("SELECT uscc, entity_name FROM lake.base.base_legal_entity"))
        assert [row for row in wrong if row[1] == "entity_name" and believed[row[0]] != row[2]] == []

    def test_the_queue_is_what_the_newest_rows_disagree_on(self, libraries: Built) -> None:
        name = "translate(replace(entity_name, ' ', ''), '()', '（）')"
        newest = "arg_max({}, updated_at) FROM lake.landed.{} WHERE uscc IS NOT NULL GROUP BY uscc"
        for column, value in (("entity_name", name), ("reg_address", "reg_address")):
            expected = libraries.rows(
                f"SELECT uscc FROM (SELECT uscc, {newest.format(value, 'register_entity')}) r(uscc, v) "
                f"JOIN (SELECT uscc, {newest.format(value, 'legal_entity')}) c(uscc, v) USING (uscc) "
                "WHERE r.v <> c.v ORDER BY uscc"
            )
            found = libraries.rows(
                "SELECT subject_key FROM lake.base.base_correction WHERE is_open AND element = ? ORDER BY 1", [column]
            )
            assert found == expected
            assert len(found) > 5

    def test_a_lost_delta_holds_the_next_and_is_made_up_for(self, libraries: Built) -> None:
        held = libraries.rows("SELECT reasons[1] FROM lake.ops.batch WHERE feed = 'register' AND status = 'held'")
        assert [reason[:2] for (reason,) in held] == ["E6"]
        numbers = {no for (no,) in libraries.rows("SELECT DISTINCT delta_no FROM lake.landed.register_entity")}
        covered = libraries.rows("SELECT DISTINCT delta_from, delta_no FROM lake.landed.register_entity")
        missing = set(range(1, max(numbers) + 1)) - numbers
        assert len(missing) == 2
        assert missing <= {n for first, last in covered for n in range(first, last + 1)}

    def test_departments_are_told_how_much_they_must_check(self, libraries: Built) -> None:
        told = libraries.rows("SELECT checking_org, sum(still_open) FROM lake.theme.theme_correction GROUP BY ALL")
        counted = libraries.rows(
            "SELECT checking_org, count(*) FROM lake.base.base_correction WHERE is_open GROUP BY 1"
        )
        assert {org: n for org, n in told if n} == dict(counted)


class TestCredit:
    def test_the_grades_of_a_month_can_be_worked_out_by_hand(self, libraries: Built) -> None:
        month_end = date(2026, 5, 31)
        points: dict[str, float] = defaultdict(float)
        for uscc, severity, found_on, repaired in libraries.rows(
            "SELECT party_uscc, severity_code, decided_on, CAST(repaired_at AS DATE) FROM lake.topic.topic_penalty "
            "WHERE NOT is_deleted AND party_uscc IS NOT NULL AND decided_on <= ? UNION ALL "
            "SELECT subject_key, severity_code, determined_on, NULL FROM lake.topic.topic_credit_record "
            "WHERE NOT is_deleted AND length(subject_key) = 18 AND info_kind = 'dishonest' AND determined_on <= ? "
            "AND coalesce(source_table, '') <> 'penalty' AND coalesce(expires_on, ?) >= ? AND state_code = 'active'",
            [month_end] * 4,
        ):
            fades = math.exp(-(month_end - found_on).days / 365)
            points[uscc] += 0 if repaired and repaired <= month_end else WEIGHTS[severity] * fades
        known = {uscc for (uscc,) in libraries.rows("SELECT uscc FROM lake.base.base_legal_entity")}
        found = dict(
            libraries.rows("SELECT subject_key, score FROM lake.topic.topic_credit_grade WHERE month = '2026-05-01'")
        )
        assert set(found) == set(points) & known
        assert {u: float(s) for u, s in found.items()} == pytest.approx({u: points[u] for u in found}, abs=0.01)
        grades = libraries.rows("SELECT DISTINCT grade, model_version FROM lake.topic.topic_credit_grade ORDER BY ALL")
        assert {version for _, version in grades} == {"risk/1"}
        assert {"A", "B", "C"} <= {grade for grade, _ in grades}

    def test_the_last_month_and_the_risk_of_the_last_day_agree(self, libraries: Built) -> None:
        assert libraries.last == date(2026, 6, 30), "a day that ends a month"
        different = libraries.rows(
            "SELECT uscc FROM lake.theme.theme_credit_risk r JOIN lake.topic.topic_credit_grade g "
            "ON g.subject_key = r.uscc AND g.month = '2026-06-01' WHERE r.score <> g.score OR r.grade <> g.grade"
        )
        assert different == []


class TestLife:
    def test_the_life_of_one_company_is_what_its_rows_tell(self, libraries: Built) -> None:
        [(uscc,)] = libraries.rows(
            "SELECT uscc FROM lake.topic.topic_entity_lifecycle GROUP BY uscc "
            "ORDER BY count(DISTINCT event_code) DESC, count(*) DESC, uscc LIMIT 1"
        )
        told = libraries.rows(
            "SELECT event_code, occurred_on FROM lake.topic.topic_entity_lifecycle WHERE uscc = ? "
            "AND event_code NOT IN ('registered', 'changed', 'revoked', 'cancelled') ORDER BY ALL",
            [uscc],
        )
        rows = libraries.rows(
            "SELECT 'permitted', decided_on FROM lake.topic.topic_permit WHERE party_uscc = $1 AND NOT is_deleted "
            "UNION ALL SELECT 'penalised', decided_on FROM lake.topic.topic_penalty WHERE party_uscc = $1 "
            "AND NOT is_deleted UNION ALL SELECT 'repaired', CAST(repaired_at AS DATE) FROM lake.topic.topic_penalty "
            "WHERE party_uscc = $1 AND NOT is_deleted AND repaired_at IS NOT NULL UNION ALL SELECT 'inspected', "
            "inspected_on FROM lake.topic.topic_inspection_result WHERE object_code = $1 AND NOT is_deleted "
            "AND inspected_on IS NOT NULL ORDER BY ALL",
            [uscc],
        )
        assert told == rows
        assert len({event for event, _ in told}) >= 2
        born = libraries.rows(
            "SELECT occurred_on FROM lake.topic.topic_entity_lifecycle WHERE uscc = ? AND event_code = 'registered'",
            [uscc],
        )
        assert born == libraries.rows("SELECT established_on FROM lake.base.base_legal_entity WHERE uscc = ?", [uscc])

    def test_every_event_of_a_city_is_there(self, libraries: Built) -> None:
        events = {e for (e,) in libraries.rows("SELECT DISTINCT event_code FROM lake.topic.topic_entity_lifecycle")}
        assert events == {
            "registered", "changed", "permitted", "inspected", "penalised", "repaired", "revoked", "cancelled",
        }  # fmt: skip

    def test_a_repaired_penalty_is_not_shared(self, libraries: Built) -> None:
        shared = "SELECT source_id FROM lake.theme.theme_entity_life WHERE source_table = 'topic_penalty'"
        repaired = (
            "SELECT concat_ws('|', doc_no, authority_code) FROM lake.topic.topic_penalty WHERE repaired_at IS NOT NULL"
        )
        assert libraries.rows(f"{shared} INTERSECT {repaired}") == []
        counted = libraries.rows("SELECT sum(penalties) FROM lake.theme.theme_entity_360")
        [(left,)] = libraries.rows(
            "SELECT count(*) FROM lake.topic.topic_penalty p JOIN lake.base.base_legal_entity e "
            "ON p.party_uscc = e.uscc WHERE NOT p.is_deleted AND p.repaired_at IS NULL"
        )
        assert counted == [(Decimal(left),)]


class TestPersons:
    def test_everyone_let_in_is_known_once_and_the_dead_are_not_alive(self, libraries: Built) -> None:
        residents = truth(libraries, "residents", "id_no, died")
        accepted = {
            number for (number,) in libraries.rows("SELECT DISTINCT id_no FROM lake.staging.stg_population__person")
        }
        persons = libraries.rows("SELECT count(*), count(DISTINCT person_key) FROM lake.base.base_person")
        assert persons == [(len(accepted), len(accepted))]
        assert accepted <= {number for number, _ in residents}
        assert len(accepted) > 0.97 * len(residents)
        dead = [(number,) for number, died in residents if died is not None]
        alive = libraries.rows(
            "SELECT s.id_no FROM lake.staging.stg_population__person s JOIN lake.base.base_person p "
            "ON p._object_id = s._object_id AND p._line = s._line WHERE p.is_alive"
        )
        told = set(libraries.rows("SELECT id_no FROM lake.staging.stg_population__person WHERE NOT is_alive"))
        assert told <= set(dead)
        assert told.isdisjoint(alive)
        assert told

    def test_no_resident_number_leaves_its_zone(self, libraries: Built) -> None:
        """Rule P6: not into the library beyond staging, not into a release, not into what a run says or keeps."""
        secret = {number for (number,) in truth(libraries, "residents", "id_no")}
        secret |= {number[:6] + number[8:17] for number in secret}
        assert found_in(secret, "\n".join(f"x{number}y" for number in sorted(secret)[:9])) != set(), "it would be seen"
        columns = defaultdict(list)
        for schema, table, column, kind in libraries.rows(
            "SELECT schema_name, table_name, column_name, data_type FROM duckdb_columns() WHERE database_name = 'lake'"
        ):
            if schema in OUTSIDE and kind == "VARCHAR":
                columns[f"lake.{schema}.{table}"].append(f'"{column}"')
        assert "lake.base.base_person" in columns
        for table, names in columns.items():
            texts = libraries.rows(f"SELECT DISTINCT concat_ws(chr(10), {', '.join(names)}) FROM {table}")
            assert found_in(secret, "\n".join(text for (text,) in texts)) == set(), table
        workspace = libraries.workspace
        for folder in (workspace.releases, workspace.dbt, workspace.dagster):
            for file in (path for path in folder.rglob("*") if path.is_file()):
                assert found_in(secret, text_of(file)) == set(), file
        assert found_in(secret, libraries.told(1).read_text(encoding="utf-8")) == set()


def found_in(secret: set[str], text: str) -> set[str]:
    """The secret numbers that stand in a text, alone or within other characters."""
    return {number.upper() for number in NUMBER.findall(text)} & secret


def text_of(file: Path) -> str:
    """All that a file says: the rows of Parquet, the characters of anything else."""
    if file.suffix != ".parquet":
        return file.read_bytes().decode("utf-8", errors="replace")
    with duckdb.connect() as con:
        return "\n".join(str(row) for row in con.execute(f"SELECT * FROM '{file}'").fetchall())
