"""A city is read from its folder, with the faults of all its files at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from catalog.city import check_city, load_city
from catalog.errors import CatalogError
from catalog.vocabulary import check_vocabulary, load_interface
from tests.catalog import contracts

CITY = """\
id: lakeside
title: {zh: 湖畔, en: Lakeside}
country: CN
timezone: Asia/Shanghai
area_code: "990100"
bbox: [113.0, 22.0, 114.0, 23.0]
default_crs: EPSG:4490
licence: CC-BY-4.0
publisher: {zh: 湖畔市, en: City of Lakeside}
"""


def make_city(folder: Path, text: str = CITY) -> Path:
    (folder / "feeds").mkdir()
    (folder / "city.yml").write_text(text, encoding="utf-8")
    return folder


def test_a_city_knows_its_feeds(tmp_path: Path) -> None:
    contracts.write(make_city(tmp_path) / "feeds")
    city = load_city(tmp_path / "city.yml")
    assert city == load_city(tmp_path)
    assert [(feed.id, table.name) for feed, table in city.tables()] == [("lamps", "repair")]
    assert city.contract_path("lamps").exists()
    assert (city.staging_dir, city.vocabulary_dir) == (city.root / "staging", city.root / "vocabulary")


def test_faults_of_all_contracts_are_told(tmp_path: Path) -> None:
    feeds = make_city(tmp_path) / "feeds"
    contracts.write(feeds, lambda d: d.pop("domain"))
    contracts.write(feeds, lambda d: d.pop("version"), name="posts")
    contracts.write(feeds, lambda d: d.update(id="bulbs"), name="bulbs")
    contracts.write(feeds, lambda d: d.update(id="bulb"), name="other")
    with pytest.raises(CatalogError) as caught:
        load_city(tmp_path)
    assert [(p.file.name, p.key) for p in caught.value.problems] == [
        ("lamps.odcs.yaml", "domain"),
        ("other.odcs.yaml", "id"),
        ("posts.odcs.yaml", "version"),
        ("bulb.odcs.yaml", "schema[repair].physicalName"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ("[113.0, 22.0, 114.0, 23.0]", "[22.0, 113.0, 23.0, 114.0]", "bbox"),
        ("Asia/Shanghai", "Asia/Shangai", "timezone"),
        ("licence", "license", "licence"),
    ],
)
def test_a_wrong_city_file_is_refused(tmp_path: Path, old: str, new: str, key: str) -> None:
    with pytest.raises(CatalogError) as caught:
        load_city(make_city(tmp_path, CITY.replace(old, new)))
    assert key in [problem.key for problem in caught.value.problems]


def test_vocabulary_files_are_held_against_the_interface(tmp_path: Path) -> None:
    (tmp_path / "vocabulary").mkdir()
    for name, table in load_interface().items():
        header = ",".join(column for column, _ in table.columns)
        (tmp_path / "vocabulary" / f"{name}.csv").write_text(f"\ufeff{header}\n", encoding="utf-8")
    assert check_vocabulary(tmp_path / "vocabulary") == []
    (tmp_path / "vocabulary" / "calendar.csv").write_text("day,is_workng,holiday\n", encoding="utf-8")
    (tmp_path / "vocabulary" / "cods.csv").write_text("x\n", encoding="utf-8")
    (tmp_path / "vocabulary" / "division.csv").unlink()
    (tmp_path / "vocabulary" / "parameter.csv").unlink()
    told = [(p.file.name, p.key) for p in check_vocabulary(tmp_path / "vocabulary")]
    assert told == [
        ("calendar.csv", "is_working"),
        ("calendar.csv", "is_workng"),
        ("cods.csv", ""),
        ("division.csv", ""),
    ]


def test_a_city_without_feeds_is_told(tmp_path: Path) -> None:
    problems = check_city(load_city(make_city(tmp_path)))
    assert "the city has no feed" in [problem.text for problem in problems]


def test_the_owner_of_a_feed_is_a_listed_department(tmp_path: Path) -> None:
    contracts.write(make_city(tmp_path) / "feeds")
    (tmp_path / "vocabulary").mkdir()
    for name, table in load_interface().items():
        header = ",".join(column for column, _ in table.columns)
        (tmp_path / "vocabulary" / f"{name}.csv").write_text(f"{header}\n", encoding="utf-8")
    city = load_city(tmp_path)
    (problem,) = check_city(city)
    owner = city.feeds["lamps"].options.owner_org
    assert (problem.file.name, problem.key) == ("lamps.odcs.yaml", "owner_org")
    organisations = tmp_path / "vocabulary" / "organisation.csv"
    organisations.write_text(f"{organisations.read_text(encoding='utf-8')}{owner}{',' * 8}\n", encoding="utf-8")
    assert check_city(city) == []


def test_a_rule_reads_only_what_the_city_lands(tmp_path: Path) -> None:
    def change(doc: contracts.Document) -> None:
        for name, table in (("L4", "lamps_repair"), ("L5", "lamps_repairs")):
            reads = f"repair_no IN (SELECT p.repair_no FROM landed.{table} p)"
            doc["schema"][0]["quality"].append(contracts.rule(name, reads))

    contracts.write(make_city(tmp_path) / "feeds", change)
    (problem,) = [p for p in check_city(load_city(tmp_path)) if p.file.name == "lamps.odcs.yaml"]
    assert problem.key == "schema[repair].quality[L5].implementation"
    assert "did you mean `lamps_repair`?" in problem.mend
