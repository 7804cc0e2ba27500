"""What was kept out is shown to people without what nobody may see: values of level L4, above all resident numbers."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

from typer.testing import CliRunner

from catalog.city import load_city
from catalog.contract.model import Table
from orchestration.cli.exits import ExitCode
from orchestration.cli.main import app
from orchestration.reading.header import delivered_names, normalise
from orchestration.reading.shown import HIDDEN, shown
from tests.city.conftest import Built
from tests.city.systems import CITY

COMMON = re.compile(r"\d{4}-\d{2}-\d{2}.*|\d{12}")  # days and divisions, which other columns may have, too


def quarantine(libraries: Built, *words: str) -> str:
    env = {"CIVICLAKE_HOME": str(libraries.home), "CIVICLAKE_CITY": str(CITY), "COLUMNS": "200"}
    done = CliRunner(env=env).invoke(app, ["quarantine", *words])
    assert done.exit_code == ExitCode.OK, done.output
    return done.output


def test_no_value_of_level_l4_is_listed_shown_or_exported(libraries: Built, tmp_path: Path) -> None:
    secret = {(feed.id, table.name): headers(table) for feed, table in load_city(CITY).tables()}
    kept = libraries.rows("SELECT feed, table_name, raw FROM lake.ops.quarantine WHERE status = 'open'")
    hidden = {
        value
        for feed, table, raw in kept
        for key, value in json.loads(raw).items()
        if normalise(key) in secret[feed, table] and len(value or "") > 8 and not COMMON.fullmatch(value)
    }
    numbers = {number for (number,) in libraries.rows("SELECT id_no FROM lake.landed.population_person")}
    assert len(hidden) > 30, "numbers, texts and addresses are in quarantine"
    for file in (tmp_path / "all.csv", tmp_path / "all.json"):
        quarantine(libraries, "export", str(file))
        assert said(hidden | numbers, file.read_text(encoding="utf-8")) == []
    for words in (["list"], ["show", "--limit", "1000"], ["show", "--feed", "population", "--rule", "P1"]):
        assert said(hidden | numbers, quarantine(libraries, *words)) == []


def headers(table: Table) -> set[str]:
    """Under which the columns of level L4 may arrive."""
    secret = (column for column in table.properties if column.classification == "L4")
    return {normalise(name) for column in secret for name in delivered_names(column)}


def said(values: set[str], text: str) -> list[str]:
    return [value for value in sorted(values) if value in text]


def test_what_is_left_tells_where_a_row_is_and_what_is_wrong(libraries: Built, tmp_path: Path) -> None:
    file = tmp_path / "population.csv"
    quarantine(libraries, "export", str(file), "--feed", "population")
    with file.open(encoding="utf-8", newline="") as rows:
        found = list(csv.DictReader(rows))
    assert {row["rule"] for row in found} >= {"P1", "P3", "T1", "R2"}
    for row in found:
        assert row["file_name"].endswith(".parquet")
        assert int(row["line"]) > 0
        assert row["value"] in ("", HIDDEN)
        left = {name: value for name, value in json.loads(row["raw"]).items() if value not in (None, HIDDEN)}
        assert left.keys() == {"gxsj"}, "when the police last changed it"
    others = quarantine(libraries, "show", "--feed", "hotline", "--rule", "H5", "--limit", "1")
    assert "承办单位" in others
    assert HIDDEN in others


def test_of_a_table_that_the_city_has_no_more_nothing_is_shown(libraries: Built) -> None:
    """Its contract is gone, and with it what was known of its levels."""
    city = load_city(CITY)
    rest = city.model_copy(update={"feeds": {name: feed for name, feed in city.feeds.items() if name != "population"}})
    rows = libraries.rows(f"SELECT raw, violations FROM {shown(rest)} WHERE feed = 'population'")
    assert rows
    assert {raw for raw, _ in rows} == {HIDDEN}
    assert {found["value"] for _, violations in rows for found in violations} <= {"", HIDDEN}


def test_checks_name_rows_with_a_secret_key_by_file_and_line(libraries: Built) -> None:
    """As the steward's pages show them, and as results are kept."""
    samples = libraries.rows("SELECT subject, sample FROM lake.ops.check_result WHERE sample <> '[]'")
    named = {subject: set(json.loads(sample)[0]) for subject, sample in samples}
    assert named["population.person"] == named["patrol.track"] == {"_file_name", "_line"}
    assert named["hotline.ticket"] == {"ticket_no"}
