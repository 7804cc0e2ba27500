"""The demonstration city's contracts and vocabularies: whole, consistent, and made as its scripts say."""

from __future__ import annotations

import csv
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
from jsonschema.validators import validator_for
from open_data_contract_standard import model as odcs
from ruamel.yaml import YAML

from catalog.city import City, check_city, load_city
from expectations.rules import derive_rules

CITY = Path(__file__).resolve().parents[2] / "examples" / "yunzhou"
PLANTED_OTHERWISE = {
    "hotline_ticket": {"H14"},  # a rule over a whole batch
    "hotline_visit": {"H13"},  # planted in two ways, H13a and H13b
    "grid_case": {"G7b"},
    "component": {"M7"},  # a rule over a whole batch
    "credit_record": {"K2"},
    "credit_repair": {"K4a"},  # the city's own life brings it about
    "register_entity": {"E6"},  # a rule over a whole batch
    "patrol_track": {"T4", "T7"},  # a file that is held; tracks of shifts that are quarantined
}
FEEDS = sorted(path.name.removesuffix(".odcs.yaml") for path in (CITY / "feeds").iterdir())
ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"


@pytest.fixture(scope="module")
def city() -> City:
    """The city as the platform reads it."""
    return load_city(CITY)


def rows(table: str) -> list[dict[str, str]]:
    with (CITY / "vocabulary" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class TestContracts:
    def test_the_city_has_no_fault(self, city: City) -> None:
        assert check_city(city) == []
        assert set(city.feeds) == set(FEEDS)

    @pytest.mark.parametrize("feed", FEEDS)
    def test_the_official_schema_accepts_the_contract(self, feed: str) -> None:
        path = CITY / "feeds" / f"{feed}.odcs.yaml"
        schema = YAML(typ="safe", pure=True).load(Path(odcs.__file__).with_name("schema.json").read_text("utf-8"))
        document = YAML(typ="safe", pure=True).load(path.read_text("utf-8"))
        faults = [error.message for error in validator_for(schema)(schema).iter_errors(document)]
        assert faults == []
        assert odcs.OpenDataContractStandard.from_file(str(path)).id == feed

    def test_grid_cases_come_under_the_real_headings(self, city: City) -> None:
        headings = [
            "上报时间",
            "任务号",
            "大类名称",
            "小类名称",
            "问题来源",
            "问题描述",
            "当前阶段名称",
            "处置部门",
            "捆绑处置截止时间",
            "结案时间",
            "所属片区",
            "问题类型",
            "地址描述",
            "所属街道",
            "所属社区",
            "监督员",
            "处置截止时间",
            "X坐标",
            "Y坐标",
            "所属区域",
            "延期理由",
            "处置意见",
            "单元网格",
            "延期次数",
        ]
        delivered = {column.physical_name for column in city.feeds["grid"].table("case").properties}
        assert len(headings) == 24
        assert set(headings) <= delivered

    def test_every_personal_column_is_above_l1_and_every_rule_says_what_it_asks(self, city: City) -> None:
        for _, table in city.tables():
            for column in table.properties:
                assert not (column.options.personal and column.classification == "L1"), column.name
            for rule in derive_rules(table):
                assert rule.description, rule.id


def test_rules_and_planted_defects_agree(city: City) -> None:
    """Every rule of a contract is planted, and nothing is planted that no rule could find."""
    rates = YAML(typ="safe", pure=True).load((CITY / "departments" / "defects.yml").read_text("utf-8"))
    built_in = {"T1", "R1", "R2", "R3", "D1", "DUP"}
    for _, table in city.tables():
        declared = {rule.name for rule in table.quality}
        planted = {"H13" if rule in ("H13a", "H13b") else rule for rule in rates[table.physical_name]}
        assert planted - built_in <= declared, table.name
        known = planted | PLANTED_OTHERWISE.get(table.physical_name, set())
        assert declared - known <= ({"X1"} if table.name == "overtime" else set()), table.name


class TestVocabulary:
    def test_the_script_writes_the_committed_files(self, tmp_path: Path) -> None:
        command = [sys.executable, "-m", "departments", "vocabulary", "--to", str(tmp_path)]
        subprocess.run(command, cwd=CITY, check=True)
        for path in sorted((CITY / "vocabulary").glob("*.csv")):
            if path.stem != "calendar":  # needs a package the platform does not use
                assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name

    def test_it_is_small_and_has_the_city_of_the_scale_targets(self) -> None:
        assert sum(path.stat().st_size for path in (CITY / "vocabulary").glob("*.csv")) < 2_000_000
        current = [row for row in rows("division") if not row["valid_to"]]
        assert [sum(row["level"] == str(level) for row in current) for level in (2, 3, 4)] == [1, 16, 215]
        items = rows("enforcement_item")
        assert len({row["item_code"] for row in items}) == 371
        assert len({row["aspect"] for row in items}) == 12
        assert {row["item_code"] for row in items if row["version"] == "2"} < {row["item_code"] for row in items}
        assert len(rows("discretion_tier")) == 3 * len(items)
        ledgers = rows("ledger")
        assert (len(ledgers), len({row["key_ledger"] for row in ledgers})) == (48, 4)

    def test_codes_lead_somewhere(self) -> None:
        codes = {(row["scheme"], row["code"]) for row in rows("code")}
        assert {(row["scheme"], row["code"]) for row in rows("code_crosswalk")} <= codes
        assert {(row["scheme"], row["parent_code"]) for row in rows("code") if row["parent_code"]} <= codes
        organisations = {row["org_code"] for row in rows("organisation")}
        assert {row["org_code"] for row in rows("organisation_alias")} == organisations
        assert {row["duty_org_code"] for row in rows("grid_cell")} <= organisations
        places = {row["code"] for row in rows("division")}
        assert {row["parent_code"] for row in rows("division")} - places == {""}
        assert {row["community_code"] for row in rows("grid_cell")} <= places

    def test_delivered_names_are_unambiguous(self) -> None:
        names = [(row["scheme"], row["source_value"]) for row in rows("code_crosswalk")]
        assert len(names) == len(set(names))
        aliases = [row["alias"] for row in rows("organisation_alias")]
        assert len(aliases) == len(set(aliases))

    def test_every_credit_code_has_its_check_character_and_a_synthetic_area(self) -> None:
        for row in rows("organisation"):
            body, check = row["uscc"][:17], row["uscc"][17]
            total = sum(pow(3, place, 31) * ALPHABET.index(char) for place, char in enumerate(body))
            assert ALPHABET[-total % 31] == check
            assert body[2:4] == "99"

    def test_the_calendar_has_every_day_and_the_announced_holidays(self) -> None:
        days = {date.fromisoformat(row["day"]): row for row in rows("calendar")}
        assert len(days) == (date(2035, 12, 31) - date(2004, 1, 1)).days + 1
        assert days[date(2026, 2, 17)]["holiday"] == "春节"
        assert days[date(2026, 2, 14)] == {"day": "2026-02-14", "is_working": "true", "holiday": "调休上班"}
        [provisional] = [row for row in rows("parameter") if row["name"] == "calendar.provisional_from"]
        first = date.fromisoformat(provisional["value"])
        assert all((row["is_working"] == "true") == (day.weekday() < 5) for day, row in days.items() if day >= first)
